//! The last words of a worker, which also go to our own stderr as they come.
//!
//! ```text
//!   worker's stderr ── whoever drives reads ──▶ our stderr
//!                                       └─────▶ the last 8 KiB, for the error
//! ```

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::ChildStderr;

/// How much is kept for the error.
const KEPT: usize = 8 * 1024;

/// Whoever drives has other workers to look after.
const AT_ONCE: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct LastWords {
    kept: VecDeque<u8>,
    /// `None` once nothing more can come.
    stderr: Option<ChildStderr>,
}

impl LastWords {
    pub(super) fn follow(stderr: ChildStderr) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&stderr, true)?;
        Ok(Self {
            kept: VecDeque::new(),
            stderr: Some(stderr),
        })
    }

    pub(super) fn source(&self) -> Option<BorrowedFd<'_>> {
        self.stderr.as_ref().map(AsFd::as_fd)
    }

    /// Copies what has come, up to some amount; says whether there may be more.
    pub(super) fn copy(&mut self) -> bool {
        let mut buffer = [0; 8 * 1024];
        for _ in 0..AT_ONCE / buffer.len() {
            let Some(stderr) = &mut self.stderr else {
                return false;
            };
            match stderr.read(&mut buffer) {
                Ok(read @ 1..) => {
                    // Output that cannot be written does not end the work.
                    let _ = io::stderr().write_all(&buffer[..read]);
                    self.kept.extend(&buffer[..read]);
                    let extra = self.kept.len().saturating_sub(KEPT);
                    self.kept.drain(..extra);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                Ok(0) | Err(_) => self.stderr = None,
            }
        }
        true
    }

    /// What was kept, once the worker is dead. A grandchild may still hold the other end, and is not
    /// waited for.
    pub(super) fn text(&mut self) -> String {
        while self.copy() {}
        String::from_utf8_lossy(self.kept.make_contiguous()).into_owned()
    }
}
