//! The parent's end of the channel: a socket, or the two pipes of a worker behind a wrapper.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::process::{ChildStdin, ChildStdout};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Neither reads nor writes wait: [`wait`](Self::wait) does.
#[derive(Debug)]
pub(super) enum Channel {
    Socket(UnixStream),
    Pipes {
        from: ChildStdout,
        to: Option<ChildStdin>,
    },
}

/// What the caller waits for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ready {
    ToRead,
    ToWrite,
}

impl Channel {
    pub(super) fn socket(socket: UnixStream) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self::Socket(socket))
    }

    pub(super) fn pipes(from: ChildStdout, to: ChildStdin) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&from, true)?;
        rustix::io::ioctl_fionbio(&to, true)?;
        Ok(Self::Pipes { from, to: Some(to) })
    }

    /// Waits for at most `timeout`; false if the time is over.
    pub(super) fn wait(&self, ready: Ready, timeout: Duration) -> io::Result<bool> {
        let (fd, flags) = match ready {
            Ready::ToRead => (self.read_end(), PollFlags::IN),
            Ready::ToWrite => match self.write_end() {
                Some(fd) => (fd, PollFlags::OUT),
                None => return Err(ErrorKind::BrokenPipe.into()),
            },
        };
        let timeout = Timespec::try_from(timeout).map_err(io::Error::other)?;
        match poll(&mut [PollFd::from_borrowed_fd(fd, flags)], Some(&timeout)) {
            // The caller looks at its own clock and waits on.
            Err(rustix::io::Errno::INTR) => Ok(false),
            other => Ok(other? > 0),
        }
    }

    /// Tells the worker that nothing more will come.
    pub(super) fn close_write(&mut self) {
        match self {
            // An error means that the worker has ended already.
            Self::Socket(socket) => drop(socket.shutdown(std::net::Shutdown::Write)),
            Self::Pipes { to, .. } => *to = None,
        }
    }

    fn read_end(&self) -> BorrowedFd<'_> {
        match self {
            Self::Socket(socket) => socket.as_fd(),
            Self::Pipes { from, .. } => from.as_fd(),
        }
    }

    fn write_end(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Socket(socket) => Some(socket.as_fd()),
            Self::Pipes { to, .. } => to.as_ref().map(AsFd::as_fd),
        }
    }
}

impl Read for Channel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Socket(socket) => socket.read(buffer),
            Self::Pipes { from, .. } => from.read(buffer),
        }
    }
}

impl Write for Channel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Socket(socket) => socket.write(bytes),
            Self::Pipes { to: Some(to), .. } => to.write(bytes),
            Self::Pipes { to: None, .. } => Err(ErrorKind::BrokenPipe.into()),
        }
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Socket(socket) => socket.write_vectored(parts),
            Self::Pipes { to: Some(to), .. } => to.write_vectored(parts),
            Self::Pipes { to: None, .. } => Err(ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
