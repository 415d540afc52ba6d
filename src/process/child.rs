//! The worker's process, as its parent owns it: killed from any thread, reaped once.
//!
//! ```text
//!   runs ── ends, or is killed ──▶ ended ── reap ──▶ reaped: its number may be another process's
//!   ▲  └── stop ──▶ stopped, for a last look ──┐
//!   └───────────────── go on ──────────────────┘
//! ```

use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

/// Kills a worker from any thread; harmless once it has been reaped.
#[derive(Clone, Debug)]
pub(crate) struct Killer(Arc<Mutex<Child>>);

impl Killer {
    pub(crate) fn kill(&self) {
        // An error means that it has ended already.
        let _ = self.child().kill();
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The process, the worker's own or its wrapper's. Dropping it kills and reaps it.
#[derive(Debug)]
pub(super) struct OwnedChild {
    killer: Killer,
    pid: u32,
    status: Option<ExitStatus>,
}

impl OwnedChild {
    pub(super) fn new(child: Child) -> Self {
        Self {
            pid: child.id(),
            killer: Killer(Arc::new(Mutex::new(child))),
            status: None,
        }
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    pub(super) fn killer(&self) -> Killer {
        self.killer.clone()
    }

    pub(super) fn kill(&self) {
        self.killer.kill();
    }

    /// Whether the worker has ended, as far as the system knows now.
    pub(super) fn has_ended(&mut self) -> bool {
        if self.status.is_none() {
            self.status = self.killer.child().try_wait().unwrap_or_default();
        }
        self.status.is_some()
    }

    /// Sends SIGTERM, unless the worker was reaped: its number may be another process's by then.
    pub(super) fn terminate(&self) {
        let pid = self.number().filter(|_| self.status.is_none());
        let _ = pid.map(|pid| kill_process(pid, Signal::TERM));
    }

    /// Stops it by SIGSTOP, and waits until it stands still or has ended.
    pub(super) fn stop(&self) {
        let Some(pid) = self.number() else {
            return;
        };
        // An error means that it has ended already.
        let _ = kill_process(pid, Signal::STOP);
        let quiet = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let _ = waitid(WaitId::Pid(pid), quiet);
    }

    /// Lets it go on after a stop.
    pub(super) fn go_on(&self) {
        let _ = self.number().map(|pid| kill_process(pid, Signal::CONT));
    }

    fn number(&self) -> Option<Pid> {
        i32::try_from(self.pid).ok().and_then(Pid::from_raw)
    }

    /// Kills the worker unless it has ended, and takes its status from the system.
    pub(super) fn reap(&mut self) -> ExitStatus {
        if let Some(status) = self.status {
            return status;
        }
        // The end of the channel comes a moment before the end of the process: its own status
        // says more than our kill would.
        let start = Instant::now();
        while !self.has_ended() && start.elapsed() < Duration::from_millis(20) {
            std::thread::sleep(Duration::from_micros(100));
        }
        self.killer.kill();
        let status = self
            .killer
            .child()
            .wait()
            .expect("a child of ours that nobody else waits for");
        *self.status.insert(status)
    }
}

impl Drop for OwnedChild {
    fn drop(&mut self) {
        self.killer.kill();
        self.reap();
    }
}
