//! The last words of a worker, which also go to our own stderr as they come.
//!
//! ```text
//!   worker's stderr ── whoever drives reads ──▶ pending ── as our stderr takes it ──▶ our stderr
//!                                       └─────▶ the last 8 KiB, for the error
//! ```
//!
//! Nobody may read our stderr. Then what is pending waits, and the worker does, once its pipe is full; whoever
//! drives does not. Nor does it take the lock of std's `stderr`, whose holder may be waiting for the pool.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::process::ChildStderr;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::stdio::stderr;

use super::Nudger;

/// How much is kept for the error.
const KEPT: usize = 8 * 1024;

/// A pipe that takes anything takes as much as this without waiting (`PIPE_BUF` of Linux; POSIX has 512).
const AT_ONCE: usize = if cfg!(any(target_os = "linux", target_os = "android")) {
    4096
} else {
    512
};

/// Whoever drives has other workers to look after.
const ROUNDS: usize = 64 * 1024 / AT_ONCE;

/// A pipe holds a megabyte at most, unless an administrator says otherwise. Who writes more has outlived the worker.
const LAST_ROUNDS: usize = 1024 * 1024 / AT_ONCE;

#[derive(Debug)]
pub(super) struct LastWords {
    kept: VecDeque<u8>,
    /// What our own stderr has not taken yet.
    pending: Vec<u8>,
    /// `None` once nothing more can come.
    from: Option<ChildStderr>,
}

impl LastWords {
    pub(super) fn follow(from: ChildStderr, _: &Nudger) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&from, true)?;
        Ok(Self {
            kept: VecDeque::new(),
            pending: Vec::new(),
            from: Some(from),
        })
    }

    /// What to poll: our own stderr while something is pending.
    pub(super) fn source(&self) -> Option<PollFd<'_>> {
        if !self.pending.is_empty() {
            return Some(PollFd::from_borrowed_fd(stderr(), PollFlags::OUT));
        }
        let from = self.from.as_ref()?;
        Some(PollFd::new(from, PollFlags::IN))
    }

    /// Whoever drives reads all of them.
    pub(super) fn are_coming(&self) -> bool {
        false
    }

    /// Copies what has come, up to some amount.
    pub(super) fn copy(&mut self) {
        for _ in 0..ROUNDS {
            self.pass_on();
            if !self.pending.is_empty() || !self.read() {
                return;
            }
        }
        self.pass_on();
    }

    /// Reads once; false if there is nothing now.
    fn read(&mut self) -> bool {
        let mut buffer = [0; AT_ONCE];
        let Some(from) = &mut self.from else {
            return false;
        };
        match from.read(&mut buffer) {
            Ok(read @ 1..) => {
                self.pending.extend(&buffer[..read]);
                self.kept.extend(&buffer[..read]);
                let extra = self.kept.len().saturating_sub(KEPT);
                self.kept.drain(..extra);
                true
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => true,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
            Ok(0) | Err(_) => {
                self.from = None;
                false
            }
        }
    }

    /// Writes what is pending, as far as it is taken at once.
    fn pass_on(&mut self) {
        while !self.pending.is_empty() {
            let mut ours = [PollFd::from_borrowed_fd(stderr(), PollFlags::OUT)];
            if !matches!(poll(&mut ours, Some(&Timespec::default())), Ok(1..)) {
                return;
            }
            let most = self.pending.len().min(AT_ONCE);
            let takes = ours[0].revents().contains(PollFlags::OUT);
            let written = match takes.then(|| rustix::io::write(stderr(), &self.pending[..most])) {
                Some(Ok(written)) => written,
                Some(Err(rustix::io::Errno::INTR)) => 0,
                Some(Err(rustix::io::Errno::AGAIN)) => return,
                // Output that cannot be written does not end the work.
                Some(Err(_)) | None => self.pending.len(),
            };
            self.pending.drain(..written);
        }
    }

    /// What was kept, once the worker is dead. A grandchild may still hold the other end, and is not
    /// waited for; nor is whoever reads our own stderr, so the last of what is pending may be lost there.
    pub(super) fn text(&mut self) -> String {
        for _ in 0..LAST_ROUNDS {
            if !self.read() {
                break;
            }
            self.pass_on();
        }
        self.pass_on();
        String::from_utf8_lossy(self.kept.make_contiguous()).into_owned()
    }
}
