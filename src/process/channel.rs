//! The parent's end of the channel: a socket, and behind a wrapper perhaps a pipe for the answers.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::os::unix::net::UnixStream;
use std::process::ChildStdout;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Neither reads nor writes wait: [`wait`](Self::wait) does.
#[derive(Debug)]
pub(super) struct Channel {
    /// The worker's stdin, or its wrapper's.
    socket: UnixStream,
    source: Source,
}

/// Where the worker answers.
#[derive(Debug)]
enum Source {
    /// It holds the other end of the socket.
    Socket,
    /// A wrapper hands its stdout on.
    Stdout(ChildStdout),
    /// It has said nothing yet: its first word will show.
    Either(ChildStdout),
}

/// What the caller waits for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ready {
    ToRead,
    ToWrite,
}

impl Channel {
    pub(super) fn new(socket: UnixStream, stdout: Option<ChildStdout>) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let source = match stdout {
            Some(stdout) => {
                rustix::io::ioctl_fionbio(&stdout, true)?;
                Source::Either(stdout)
            }
            None => Source::Socket,
        };
        Ok(Self { socket, source })
    }

    /// Waits for at most `timeout`; false if the time is over.
    pub(super) fn wait(&mut self, ready: Ready, timeout: Duration) -> io::Result<bool> {
        let timeout = Timespec::try_from(timeout).map_err(io::Error::other)?;
        let looked = match (ready, &self.source) {
            (Ready::ToRead, Source::Either(stdout)) => {
                let mut ends = [
                    PollFd::new(&self.socket, PollFlags::IN),
                    PollFd::new(stdout, PollFlags::IN),
                ];
                let looked = poll(&mut ends, Some(&timeout));
                let [socket, stdout] = ends.map(|end| end.revents());
                self.settle(socket, stdout);
                looked
            }
            (Ready::ToRead, Source::Stdout(stdout)) => {
                poll(&mut [PollFd::new(stdout, PollFlags::IN)], Some(&timeout))
            }
            (Ready::ToRead, Source::Socket) => poll(
                &mut [PollFd::new(&self.socket, PollFlags::IN)],
                Some(&timeout),
            ),
            (Ready::ToWrite, _) => poll(
                &mut [PollFd::new(&self.socket, PollFlags::OUT)],
                Some(&timeout),
            ),
        };
        match looked {
            // The caller looks at its own clock and waits on.
            Err(rustix::io::Errno::INTR) => Ok(false),
            other => Ok(other? > 0),
        }
    }

    /// Settles where the worker answers, once it shows.
    fn settle(&mut self, socket: PollFlags, stdout: PollFlags) {
        // A stdout that was closed without a word: what comes now comes through the socket.
        let in_socket =
            !socket.is_empty() || (!stdout.is_empty() && !stdout.contains(PollFlags::IN));
        self.source = match std::mem::replace(&mut self.source, Source::Socket) {
            Source::Either(_) if in_socket => Source::Socket,
            Source::Either(pipe) if stdout.contains(PollFlags::IN) => Source::Stdout(pipe),
            same => same,
        };
    }

    /// Tells the worker that nothing more will come.
    pub(super) fn close_write(&self) {
        // An error means that the worker has ended already.
        let _ = self.socket.shutdown(std::net::Shutdown::Write);
    }
}

impl Read for Channel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.source {
            Source::Socket => self.socket.read(buffer),
            Source::Stdout(stdout) => stdout.read(buffer),
            Source::Either(_) => Err(ErrorKind::WouldBlock.into()),
        }
    }
}

impl Write for Channel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.write(bytes)
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.socket.write_vectored(parts)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
