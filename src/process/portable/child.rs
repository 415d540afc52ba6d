//! The worker's process, as its parent owns it on Windows: killed, and reaped once.
//!
//! ```text
//!   runs ── ends, or is killed ──▶ ended ── reap ──▶ reaped
//! ```
//!
//! Its handle is never another process, so a number may be taken again meanwhile. There are no signals: to
//! terminate a process is to kill it, as in Python there. None stands still for a last look.

use std::process::{Child, ExitStatus};

pub(super) const HAS_PIDFDS: bool = false;

/// The process, the worker's own or its wrapper's. Dropping it kills and reaps it.
#[derive(Debug)]
pub(super) struct OwnedChild {
    child: Child,
    /// Its status, if that is known, once it has ended.
    ended: Option<Option<ExitStatus>>,
}

impl OwnedChild {
    pub(super) fn new(child: Child) -> Self {
        Self { child, ended: None }
    }

    /// Its streams.
    pub(super) fn std(&mut self) -> &mut Child {
        &mut self.child
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn has_pidfd(&self) -> bool {
        false
    }

    /// Whether the process has ended, as far as the system knows now. Then it is reaped.
    pub(super) fn has_ended(&mut self) -> bool {
        if self.ended.is_none() {
            self.ended = match self.child.try_wait() {
                Ok(status) => status.map(Some),
                Err(_) => Some(None),
            };
        }
        self.ended.is_some()
    }

    /// How it ended; `None` while it runs, and if nobody knows.
    pub(super) fn status(&self) -> Option<ExitStatus> {
        self.ended.flatten()
    }

    /// An error means that it has ended already.
    pub(super) fn kill(&mut self) {
        let _ = self.child.kill();
    }

    pub(super) fn terminate(&mut self) {
        self.kill();
    }

    pub(super) fn freeze(&mut self) {}

    pub(super) fn thaw(&mut self) {}
}

impl Drop for OwnedChild {
    fn drop(&mut self) {
        self.kill();
        let _ = self.child.wait();
    }
}
