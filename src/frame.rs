//! Frames: messages with their length in front, for a channel between two processes.
//!
//! ```text
//!   ┌────────────┬──────────────────┐
//!   │ length u32 │ length bytes     │   little endian; no message is longer than the limit
//!   └────────────┴──────────────────┘
//! ```
//!
//! The reader keeps what it has of a frame: a read that times out in the middle loses nothing.
//!
//! Needs the feature `processes`.

use std::io::{self, ErrorKind, Read, Write};
use std::ops::Range;

/// A frame's length does not fit: nothing of it was written, or handed out.
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
    let mut frame = Vec::with_capacity(HEAD + message.len());
    append_frame(&mut frame, limit, |frame| frame.extend_from_slice(message))?;
    to.write_all(&frame)
}

/// Appends one frame to `frames`; `write` appends the message to what it is given.
///
/// Several frames in one buffer cost one write, and a message is encoded where it will stand.
///
/// # Errors
/// `InvalidInput` with [`TooLong`] inside; `frames` is then what it was.
///
/// # Examples
/// ```
/// let mut frames = Vec::new();
/// for message in ["a", "bc"] {
///     threadproof::frame::append_frame(&mut frames, 1024, |to| to.extend(message.bytes()))?;
/// }
/// assert_eq!(frames, [1, 0, 0, 0, b'a', 2, 0, 0, 0, b'b', b'c']);
/// # Ok::<(), std::io::Error>(())
/// ```
#[inline]
pub fn append_frame<T>(
    frames: &mut Vec<u8>,
    limit: usize,
    write: impl FnOnce(&mut Vec<u8>) -> T,
) -> io::Result<T> {
    let start = frames.len();
    frames.extend_from_slice(&[0; HEAD]);
    let written = write(frames);
    let length = (frames.len() - start - HEAD) as u64;
    match head(length, limit) {
        Ok(head) => {
            frames[start..start + HEAD].copy_from_slice(&head);
            Ok(written)
        }
        Err(error) => {
            frames.truncate(start);
            Err(error)
        }
    }
}

/// The length that stands in front of a message, a `u32`.
pub(crate) const HEAD: usize = 4;

/// What stands in front of a message of `length` bytes.
///
/// # Errors
/// `InvalidInput` with [`TooLong`] inside.
#[inline]
pub(crate) fn head(length: u64, limit: usize) -> io::Result<[u8; HEAD]> {
    checked_length(length, limit, ErrorKind::InvalidInput).map(u32::to_le_bytes)
}

/// Takes the first message off frames that stand back to back; `None` if there is no whole one.
#[inline]
pub(crate) fn split_message<'a>(frames: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (head, rest) = frames.split_first_chunk::<HEAD>()?;
    let (message, rest) = rest.split_at_checked(u32::from_le_bytes(*head) as usize)?;
    *frames = rest;
    Some(message)
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
    /// Those of `from`: after a timeout (`WouldBlock`, `TimedOut`) call again, nothing is lost.
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
        while !self.has_frame()? {
            if self.fill(from)? == 0 {
                if self.unread.is_empty() {
                    return Ok(None);
                }
                let why = "the stream ended inside a message";
                return Err(io::Error::new(ErrorKind::UnexpectedEof, why));
            }
        }
        Ok(self.take_buffered()?.map(<[u8]>::to_vec))
    }

    /// Whether the next message is whole in the buffer.
    ///
    /// # Errors
    /// `InvalidData` with [`TooLong`] inside.
    #[inline]
    pub(crate) fn has_frame(&self) -> io::Result<bool> {
        let end = self.end_of_next()?;
        Ok(end.is_some_and(|end| end <= self.unread.end))
    }

    /// The next message if it is whole in the buffer; reads nothing and copies nothing.
    ///
    /// # Errors
    /// `InvalidData` with [`TooLong`] inside.
    #[inline]
    pub(crate) fn take_buffered(&mut self) -> io::Result<Option<&[u8]>> {
        match self.end_of_next()? {
            Some(end) if end <= self.unread.end => {
                let start = self.unread.start + HEAD;
                self.unread.start = end;
                Ok(Some(&self.buffer[start..end]))
            }
            _ => Ok(None),
        }
    }

    /// The whole messages at the front of the buffer, as frames back to back, up to the first that
    /// is not `wanted`; reads nothing and copies nothing.
    pub(crate) fn take_frames(&mut self, mut wanted: impl FnMut(&[u8]) -> bool) -> &[u8] {
        let start = self.unread.start;
        // A length that is too long is the error of the next call, behind the messages before it.
        while let Ok(Some(end)) = self.end_of_next()
            && end <= self.unread.end
            && wanted(&self.buffer[self.unread.start + HEAD..end])
        {
            self.unread.start = end;
        }
        &self.buffer[start..self.unread.start]
    }

    /// Where in the buffer the next message ends, or will end; `None` while its length is not known.
    #[inline]
    fn end_of_next(&self) -> io::Result<Option<usize>> {
        let Some((head, _)) = self.buffer[self.unread.clone()].split_first_chunk::<HEAD>() else {
            return Ok(None);
        };
        let length = u64::from(u32::from_le_bytes(*head));
        let length = checked_length(length, self.limit, ErrorKind::InvalidData)? as usize;
        Ok(Some(self.unread.start + HEAD + length))
    }

    /// Reads once from the stream, as much as it has; gives the number of bytes, 0 at its end.
    ///
    /// # Errors
    /// Those of `from`; nothing is lost.
    pub(crate) fn fill(&mut self, from: &mut impl Read) -> io::Result<usize> {
        const CHUNK: usize = 64 * 1024;
        const MOST: usize = 1024 * 1024;
        // Else each part of a long message would move all the parts before it.
        if self.unread.start > 0 {
            self.buffer.copy_within(self.unread.clone(), 0);
            self.unread = 0..self.unread.len();
        }
        let end = self.unread.end;
        // The rest of a long message comes in as few reads as can be.
        let missing = self
            .end_of_next()?
            .map_or(0, |next| next.saturating_sub(end));
        let room = missing.clamp(CHUNK, MOST);
        if self.buffer.len() < end + room {
            self.buffer.resize(end + room, 0);
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

#[inline]
fn checked_length(length: u64, limit: usize, kind: ErrorKind) -> io::Result<u32> {
    match u32::try_from(length) {
        Ok(short) if length <= limit as u64 => Ok(short),
        _ => Err(io::Error::new(kind, TooLong { length, limit })),
    }
}
