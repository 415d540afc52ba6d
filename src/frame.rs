//! Frames: messages with their length in front, for a channel between two processes.
//!
//! ```text
//!   ┌────────────┬──────────────────┐
//!   │ length u32 │ length bytes     │   little endian; no message is longer than the limit
//!   └────────────┴──────────────────┘
//! ```
//!
//! The reader keeps what it has of a frame: a read that times out in the middle loses nothing.

use std::io::{self, ErrorKind, Read, Write};
use std::ops::Range;

/// A frame's length does not fit: nothing of it was written, or its body was not read.
#[derive(Debug, thiserror::Error)]
#[error("a message of {length} bytes is longer than the limit of {limit}")]
pub struct TooLong {
    /// The message's length in bytes.
    pub length: u64,
    /// The most bytes that one message may have.
    pub limit: usize,
}

/// Writes one message with a single call to `write_all`, length and body together.
///
/// # Errors
/// Those of the writer; `InvalidInput` with [`TooLong`] inside, before anything was written.
///
/// # Examples
/// ```
/// let mut channel = Vec::new();
/// threadproof::frame::write_frame(&mut channel, b"hi", 1024)?;
/// assert_eq!(channel, [2, 0, 0, 0, b'h', b'i']);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn write_frame(to: &mut impl Write, message: &[u8], limit: usize) -> io::Result<()> {
    let length = checked_length(message.len() as u64, limit, ErrorKind::InvalidInput)?;
    let mut frame = Vec::with_capacity(4 + message.len());
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(message);
    to.write_all(&frame)
}

/// Takes messages out of a stream of bytes; see the module.
#[derive(Debug)]
pub struct FrameReader {
    buffer: Vec<u8>,
    /// Where in the buffer the bytes stand that were read and not handed out.
    unread: Range<usize>,
    limit: usize,
}

impl FrameReader {
    /// Makes a reader that refuses messages of more than `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            buffer: Vec::new(),
            unread: 0..0,
            limit,
        }
    }

    /// The next whole message, or `None` at a clean end of the stream.
    ///
    /// # Errors
    /// Those of `from`: after a time-out (`WouldBlock`, `TimedOut`) call again, nothing is lost.
    /// `UnexpectedEof` if the stream ends inside a frame, `InvalidData` with [`TooLong`] inside.
    ///
    /// # Examples
    /// ```
    /// let mut reader = threadproof::frame::FrameReader::new(1024);
    /// let mut channel: &[u8] = &[2, 0, 0, 0, b'h', b'i'];
    /// assert_eq!(reader.read_frame(&mut channel)?, Some(b"hi".to_vec()));
    /// assert_eq!(reader.read_frame(&mut channel)?, None);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn read_frame(&mut self, from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(message) = self.take_buffered()? {
                return Ok(Some(message));
            }
            if self.fill(from)? == 0 {
                if self.unread.is_empty() {
                    return Ok(None);
                }
                let why = "the stream ended inside a message";
                return Err(io::Error::new(ErrorKind::UnexpectedEof, why));
            }
        }
    }

    /// The next message if it is in the buffer already; reads nothing.
    fn take_buffered(&mut self) -> io::Result<Option<Vec<u8>>> {
        let unread = &self.buffer[self.unread.clone()];
        let Some((head, rest)) = unread.split_first_chunk::<4>() else {
            return Ok(None);
        };
        let length = u64::from(u32::from_le_bytes(*head));
        let length = checked_length(length, self.limit, ErrorKind::InvalidData)? as usize;
        let message = rest.get(..length).map(<[u8]>::to_vec);
        if message.is_some() {
            self.unread.start += 4 + length;
        }
        Ok(message)
    }

    fn fill(&mut self, from: &mut impl Read) -> io::Result<usize> {
        const CHUNK: usize = 64 * 1024;
        self.buffer.copy_within(self.unread.clone(), 0);
        self.unread = 0..self.unread.len();
        let end = self.unread.end;
        if self.buffer.len() < end + CHUNK {
            self.buffer.resize(end + CHUNK, 0);
        }
        loop {
            match from.read(&mut self.buffer[end..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(read) => {
                    self.unread.end += read;
                    return Ok(read);
                }
            }
        }
    }
}

fn checked_length(length: u64, limit: usize, kind: ErrorKind) -> io::Result<u32> {
    match u32::try_from(length) {
        Ok(short) if length <= limit as u64 => Ok(short),
        _ => Err(io::Error::new(kind, TooLong { length, limit })),
    }
}
