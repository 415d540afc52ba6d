//! The channel where no pipe can be polled: the worker's stdin and stdout, and a thread at each.
//!
//! ```text
//!   send ──▶ bytes ── a thread ──▶ stdin │ worker │ stdout ── a thread ──▶ bytes ──▶ read
//! ```
//!
//! Nothing is shared but the pipes. What a dead process has written stays readable in its pipe; but of what was
//! sent to it nobody knows what it had read. So jobs travel one by one, as behind a wrapper elsewhere.
//!
//! Nothing here waits: the threads nudge whoever drives.

use std::convert::Infallible;
use std::io::{self, ErrorKind, IoSlice, Read};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use super::Nudger;
use super::answers::{Answers, take_chunk};
use super::bytes::{Bytes, read_to_the_end, write_to_the_end};
use crate::frame::FrameReader;
use crate::lifecycle::start_daemon;

/// A worker that answers faster than the parent reads does not keep it from the others.
const READS: usize = 64;

#[derive(Debug)]
pub(super) struct Channel {
    down: Arc<Bytes>,
    up: Arc<Bytes>,
    frames: FrameReader,
    /// Nobody holds the other end of stdout any more, or it has said what no worker says.
    is_closed: bool,
    /// The chunk whose answer comes next.
    of: u64,
}

impl Channel {
    pub(super) fn new(max_frame: usize, _: bool, command: &mut Command) -> io::Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let down = Arc::new(Bytes::default());
        // The worker says hello once this has come, so a wrapper that keeps bytes back is found at the start.
        down.put(b"r");
        Ok(Self {
            down,
            up: Arc::default(),
            frames: FrameReader::new(max_frame),
            is_closed: false,
            of: 0,
        })
    }

    /// The command was started.
    pub(super) fn listen_to(&mut self, child: &mut Child, nudger: &Nudger) -> io::Result<()> {
        let piped = || io::Error::from(ErrorKind::BrokenPipe);
        let stdin = child.stdin.take().ok_or_else(piped)?;
        let stdout = child.stdout.take().ok_or_else(piped)?;
        let (down, up) = (self.down.clone(), self.up.clone());
        let (sent, heard) = (nudger.clone(), nudger.clone());
        start_daemon("channel down", move || {
            write_to_the_end(stdin, &down, || sent.nudge());
        })?;
        start_daemon("channel up", move || {
            read_to_the_end(stdout, |bytes| {
                let goes_on = up.put_all(bytes);
                heard.nudge();
                goes_on
            });
            up.end();
            heard.nudge();
        })?;
        Ok(())
    }

    /// Hands over as much as there is room for; gives how much that is.
    pub(super) fn send(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut sent = 0;
        for part in parts {
            let put = self.down.put(part);
            sent += put;
            if put < part.len() {
                break;
            }
        }
        match sent {
            0 => Err(ErrorKind::WouldBlock.into()),
            sent => Ok(sent),
        }
    }

    /// Whether the worker may have all that was handed over.
    pub(super) fn is_sent(&self) -> bool {
        self.down.is_empty()
    }

    /// Tells the worker that nothing more will come.
    pub(super) fn close_write(&self) {
        self.down.end();
    }

    /// Whether nobody holds the other end any more.
    pub(super) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Reads what is there. `Err` if that is nothing that a worker says.
    pub(super) fn read(&mut self, _: bool) -> io::Result<()> {
        for _ in 0..READS {
            match self.frames.fill(&mut Taken(&self.up)) {
                Ok(1..) => {}
                Ok(0) => {
                    self.is_closed = true;
                    break;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The next message, if it has come.
    pub(super) fn message(&mut self) -> io::Result<Option<&[u8]>> {
        self.frames.take_buffered()
    }

    /// Answers that have come, of at most so many jobs. `Err` if it is something else that has come.
    pub(super) fn answers(&mut self, most: usize) -> io::Result<Option<Answers>> {
        take_chunk(&mut self.frames, &mut self.of)?;
        Answers::take(&mut self.frames, self.of, most)
    }

    /// Whether all that the worker has said has been taken, as far as it is here.
    pub(super) fn is_drained(&self) -> bool {
        self.up.is_empty()
    }

    // What only a ring could tell.

    pub(super) fn expect(&mut self, _: u64) {}

    pub(super) fn use_ring(&mut self) {}

    pub(super) fn speaker(&self) -> Option<u32> {
        None
    }

    pub(super) fn begun(&self) -> Option<u64> {
        None
    }

    pub(super) fn took(&self) -> Option<Duration> {
        None
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.down.leave();
        self.up.leave();
    }
}

/// Bytes, as `fill` reads them.
struct Taken<'a>(&'a Bytes);

impl Read for Taken<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.take(buffer)
    }
}

/// There is no ring.
#[derive(Debug)]
pub(super) struct RingWriter(Infallible);

impl RingWriter {
    pub(super) fn begin_chunk(&mut self, _: u64) {
        match self.0 {}
    }

    pub(super) fn begin_job(&mut self) {
        match self.0 {}
    }

    pub(super) fn is_mixed(&self) -> bool {
        match self.0 {}
    }

    pub(super) fn say_mixed(&self) {
        match self.0 {}
    }

    pub(super) fn write(&mut self, _: &[u8]) -> io::Result<()> {
        match self.0 {}
    }

    pub(super) fn end_chunk(&mut self, _: Duration) -> io::Result<()> {
        match self.0 {}
    }
}
