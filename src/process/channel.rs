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
    answers: Answers,
}

/// Where the worker answers.
#[derive(Debug)]
enum Answers {
    /// It holds the other end of the socket.
    InSocket,
    /// A wrapper hands its stdout on.
    InStdout(ChildStdout),
    /// It has said nothing yet: its first word will show.
    InEither(ChildStdout),
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
        let answers = match stdout {
            Some(stdout) => {
                rustix::io::ioctl_fionbio(&stdout, true)?;
                Answers::InEither(stdout)
            }
            None => Answers::InSocket,
        };
        Ok(Self { socket, answers })
    }

    /// Waits for at most `timeout`; false if the time is over.
    pub(super) fn wait(&mut self, ready: Ready, timeout: Duration) -> io::Result<bool> {
        let timeout = Timespec::try_from(timeout).map_err(io::Error::other)?;
        let looked = match (ready, &self.answers) {
            (Ready::ToRead, Answers::InEither(stdout)) => {
                let mut ends = [
                    PollFd::new(&self.socket, PollFlags::IN),
                    PollFd::new(stdout, PollFlags::IN),
                ];
                let looked = poll(&mut ends, Some(&timeout));
                let [socket, stdout] = ends.map(|end| end.revents());
                self.answers_come(socket, stdout);
                looked
            }
            (Ready::ToRead, Answers::InStdout(stdout)) => {
                poll(&mut [PollFd::new(stdout, PollFlags::IN)], Some(&timeout))
            }
            (Ready::ToRead, Answers::InSocket) => poll(
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
    fn answers_come(&mut self, socket: PollFlags, stdout: PollFlags) {
        // A stdout that was closed without a word: what comes now comes through the socket.
        let in_socket =
            !socket.is_empty() || (!stdout.is_empty() && !stdout.contains(PollFlags::IN));
        self.answers = match std::mem::replace(&mut self.answers, Answers::InSocket) {
            Answers::InEither(_) if in_socket => Answers::InSocket,
            Answers::InEither(pipe) if stdout.contains(PollFlags::IN) => Answers::InStdout(pipe),
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
        match &mut self.answers {
            Answers::InSocket => self.socket.read(buffer),
            Answers::InStdout(stdout) => stdout.read(buffer),
            Answers::InEither(_) => Err(ErrorKind::WouldBlock.into()),
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
