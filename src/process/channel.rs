//! The parent's end of the channel: chunks go down a socket; answers come up one of three ways.
//!
//! ```text
//!                 ┌── the socket: frames, one job at a time
//!   unknown ── hello comes through ──┤
//!     │           └── stdout, behind a relay: the same
//!     └── hello says that the worker has the ring ──▶ the ring: frames; the socket says nothing
//! ```
//!
//! Nothing here waits: whoever drives polls.

mod hand_over;
mod ring;

use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use rustix::net::{
    RecvAncillaryBuffer, RecvFlags, SendAncillaryBuffer, SendFlags, recvmsg, sendmsg,
};

use self::hand_over::hand_over;
pub(super) use self::hand_over::receive_ring;
use self::ring::Ring;
pub(super) use self::ring::RingWriter;
use super::Nudger;
use super::answers::{Answers, take_chunk};
use crate::frame::FrameReader;

/// A worker that answers faster than the parent reads does not keep it from the others.
const READS: usize = 64;

/// A dead process does not break the pipe for its parent. Where no call can be made so, the socket is.
#[cfg(not(target_vendor = "apple"))]
const QUIETLY: SendFlags = SendFlags::NOSIGNAL;
#[cfg(target_vendor = "apple")]
const QUIETLY: SendFlags = SendFlags::empty();

#[derive(Debug)]
pub(super) struct Channel {
    /// The worker's stdin, or its wrapper's.
    socket: UnixStream,
    /// A wrapper's, until it is known whether answers come through it.
    stdout: Option<ChildStdout>,
    ring: Option<Ring>,
    source: Source,
    frames: FrameReader,
    /// The process that said hello, as the system says.
    speaker: Option<u32>,
    /// Nobody holds the other end any more, or it has said what no worker says.
    is_closed: bool,
    /// The chunk whose answer comes next, where there is no ring.
    of: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Unknown,
    Socket,
    Stdout,
    Ring,
}

impl Channel {
    /// The parent's end. The worker's, through which one byte and perhaps the ring have come, is what the
    /// command gets for its stdin.
    pub(super) fn new(
        max_frame: usize,
        is_wrapped: bool,
        command: &mut Command,
    ) -> io::Result<Self> {
        let (socket, theirs) = UnixStream::pair()?;
        socket.set_nonblocking(true)?;
        #[cfg(target_vendor = "apple")]
        rustix::net::sockopt::set_socket_nosigpipe(&socket, true)?;
        let (ring, files) = match Ring::new() {
            Ok((ring, files)) => (Some(ring), Some(files)),
            Err(error) if error.kind() == ErrorKind::Unsupported => (None, None),
            Err(error) => return Err(error),
        };
        #[cfg(any(target_os = "linux", target_os = "android"))]
        rustix::net::sockopt::set_socket_passcred(&socket, true)?;
        let channel = Self {
            socket,
            stdout: None,
            ring,
            source: Source::Unknown,
            frames: FrameReader::new(max_frame),
            speaker: None,
            is_closed: false,
            of: 0,
        };
        hand_over(&channel.socket, files.as_ref())?;
        command.stdin(Stdio::from(OwnedFd::from(theirs)));
        if is_wrapped {
            command.stdout(Stdio::piped());
        }
        Ok(channel)
    }

    /// The command was started.
    pub(super) fn listen_to(&mut self, child: &mut Child, _: &Nudger) -> io::Result<()> {
        self.stdout = child.stdout.take();
        match &self.stdout {
            Some(stdout) => rustix::io::ioctl_fionbio(stdout, true)?,
            None => self.source = Source::Socket,
        }
        Ok(())
    }

    /// What to poll.
    pub(super) fn sources<'a>(&'a self, wants_to_write: bool, into: &mut Vec<PollFd<'a>>) {
        // Behind a relay nothing comes through the socket, not even its end.
        let wanted = match (self.source, wants_to_write) {
            (Source::Stdout, false) => None,
            (Source::Stdout, true) => Some(PollFlags::OUT),
            (_, false) => Some(PollFlags::IN),
            (_, true) => Some(PollFlags::IN | PollFlags::OUT),
        };
        if let Some(wanted) = wanted.filter(|_| !self.is_closed) {
            into.push(PollFd::new(&self.socket, wanted));
        }
        if let Some(stdout) = &self.stdout {
            into.push(PollFd::new(stdout, PollFlags::IN));
        }
        let bell = self.ring().map(Ring::bell);
        into.extend(bell.map(|bell| PollFd::from_borrowed_fd(bell, PollFlags::IN)));
    }

    /// If answers come through it. Its bell is the last of [what to poll](Self::sources) then.
    fn ring(&self) -> Option<&Ring> {
        self.ring.as_ref().filter(|_| self.source == Source::Ring)
    }

    pub(super) fn has_bell(&self) -> bool {
        self.ring().is_some()
    }

    /// Tells the ring which chunk will be sent.
    pub(super) fn expect(&mut self, chunk: u64) {
        self.ring.iter_mut().for_each(|ring| ring.expect(chunk));
    }

    /// Sends as much as the socket takes; gives how much that is.
    pub(super) fn send(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut nothing = SendAncillaryBuffer::default();
        let sent = sendmsg(&self.socket, parts, &mut nothing, QUIETLY);
        sent.map_err(io::Error::from)
    }

    /// Whether the worker may have all that was handed over.
    pub(super) fn is_sent(&self) -> bool {
        true
    }

    /// Tells the worker that nothing more will come.
    pub(super) fn close_write(&self) {
        // An error means that the worker has ended already.
        let _ = self.socket.shutdown(std::net::Shutdown::Write);
    }

    /// Whether nobody holds the other end any more.
    pub(super) fn is_closed(&self) -> bool {
        self.is_closed
    }

    pub(super) fn speaker(&self) -> Option<u32> {
        self.speaker
    }

    /// The ring that the worker has, if it has one: how many jobs it has begun.
    pub(super) fn begun(&self) -> Option<u64> {
        self.ring().map(Ring::begun)
    }

    /// How long the last chunk took, if the worker says so.
    pub(super) fn took(&self) -> Option<Duration> {
        self.ring().and_then(Ring::took)
    }

    /// From now on answers come through the ring.
    pub(super) fn use_ring(&mut self) {
        self.source = Source::Ring;
        self.stdout = None;
    }

    /// Reads what is there: where there is a ring, the socket too, if that may have something. `Err` if what
    /// was read is nothing that a worker says.
    pub(super) fn read(&mut self, socket_may: bool) -> io::Result<()> {
        if !matches!(self.source, Source::Ring) {
            self.read_frames_from_outside()?;
        }
        if let (Source::Ring, Some(ring)) = (self.source, &mut self.ring) {
            // Both first, so that all is read that had been written before.
            ring.silence();
            let closed = match socket_may && !self.is_closed {
                true => is_closed(&self.socket),
                false => Ok(self.is_closed),
            };
            for _ in 0..READS {
                match self.frames.fill(ring) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    other => other?,
                };
            }
            self.is_closed = closed?;
        }
        Ok(())
    }

    fn read_frames_from_outside(&mut self) -> io::Result<()> {
        if self.source != Source::Stdout && !self.is_closed {
            for _ in 0..READS {
                let mut socket = Listened {
                    socket: &self.socket,
                    speaker: &mut self.speaker,
                };
                match self.frames.fill(&mut socket) {
                    Ok(1..) => {
                        self.source = Source::Socket;
                        self.stdout = None;
                        // What comes behind the hello may not be frames.
                        if self.frames.has_frame()? && self.ring.is_some() {
                            break;
                        }
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Ok(0) | Err(_) => {
                        self.is_closed = true;
                        break;
                    }
                }
            }
        }
        for _ in 0..READS {
            let Some(stdout) = &mut self.stdout else {
                break;
            };
            match self.frames.fill(stdout) {
                Ok(1..) => self.source = Source::Stdout,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Ok(0) | Err(_) => {
                    self.stdout = None;
                    self.is_closed |= self.source == Source::Stdout;
                }
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
        match &self.ring {
            Some(ring) if self.source == Source::Ring => self.of = ring.chunk(),
            _ => take_chunk(&mut self.frames, &mut self.of)?,
        }
        Answers::take(&mut self.frames, self.of, most)
    }

    /// Whether all that the worker has said has been taken.
    pub(super) fn is_drained(&self) -> bool {
        self.ring().is_none_or(Ring::is_empty)
    }
}

/// Whether nobody holds the other end of a socket through which nothing comes.
fn is_closed(mut socket: &UnixStream) -> io::Result<bool> {
    match socket.read(&mut [0]) {
        Ok(0) => Ok(true),
        Ok(_) => {
            let why = "somebody has written into its channel";
            Err(io::Error::new(ErrorKind::InvalidData, why))
        }
        Err(error) => Ok(!matches!(
            error.kind(),
            ErrorKind::WouldBlock | ErrorKind::Interrupted
        )),
    }
}

/// The socket, where the system says beside the bytes who has sent them.
struct Listened<'a> {
    socket: &'a UnixStream,
    speaker: &'a mut Option<u32>,
}

impl Read for Listened<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut space = [MaybeUninit::uninit(); 64];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(buffer)];
        let read = recvmsg(self.socket, &mut parts, &mut control, RecvFlags::empty())?;
        *self.speaker = sender(&mut control).or(*self.speaker);
        Ok(read.bytes)
    }
}

/// Who has sent what was received last.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn sender(control: &mut RecvAncillaryBuffer<'_>) -> Option<u32> {
    let sender = control.drain().find_map(|message| match message {
        rustix::net::RecvAncillaryMessage::ScmCredentials(sender) => Some(sender),
        _ => None,
    })?;
    u32::try_from(sender.pid.as_raw_pid()).ok()
}

/// Nobody asks where there is no ring.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn sender(_: &mut RecvAncillaryBuffer<'_>) -> Option<u32> {
    None
}
