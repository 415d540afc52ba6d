//! The streams with which a worker starts, where they are pipes: both become the channel.
//!
//! ```text
//!   stdin ── a thread ──▶ bytes ──▶ jobs; then the null device        stdout ──▶ answers; then our stderr
//! ```
//!
//! The thread reads on while a job runs. So it sees the parent's end of the pipe go, as nothing else would.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use filedescriptor::{FileDescriptor, StdioDescriptor};

use super::super::bytes::Bytes;
use super::super::channel::RingWriter;
use super::Argument;

const NULL: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };

/// What the worker reads, and where it writes.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) from: Incoming,
    pub(super) to: File,
    pub(super) ring: Option<RingWriter>,
}

/// What its thread has read.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) pipe: File,
    pub(super) bytes: Arc<Bytes>,
}

impl Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.bytes.wait_and_take(buffer)
    }
}

/// Moves the channel off stdin and stdout, so that a job that reads finds nothing, and one that prints cannot
/// write into it.
pub(super) fn take_channel(_: &Argument) -> io::Result<Taken> {
    let nothing = File::open(NULL)?;
    let mut pipe = moved(&nothing, StdioDescriptor::Stdin)?;
    pipe.read_exact(&mut [0])?;
    Ok(Taken {
        from: Incoming {
            pipe,
            bytes: Arc::default(),
        },
        to: moved(&io::stderr(), StdioDescriptor::Stdout)?,
        ring: None,
    })
}

/// Puts another in the place of a stream; gives what it was, which no child inherits.
fn moved(
    other: &impl filedescriptor::AsRawFileDescriptor,
    stream: StdioDescriptor,
) -> io::Result<File> {
    let old = FileDescriptor::redirect_stdio(other, stream).map_err(io::Error::other)?;
    old.as_file().map_err(io::Error::other)
}
