//! Windows: by the streams of `std`, which alone know how a console takes text. What ends with a line's end they
//! keep no part of.

use std::io;

pub(super) use anstream::stream::RawStream as Stream;

pub(super) fn write_all(mut stream: impl Stream, text: &[u8]) -> io::Result<()> {
    stream.write_all(text)?;
    stream.flush()
}
