//! The worker's process, as its parent owns it: killed from any thread, reaped once.
//!
//! ```text
//!   runs ── ends, or is killed ──▶ ended ── reap ──▶ reaped, by us or by somebody else
//!   ▲  └── stop ──▶ stopped, for a last look ──┐
//!   └───────────────── go on ──────────────────┘
//! ```
//!
//! Once it is reaped, its number may be another process's, so nothing is sent to it any more. Its status
//! may have been taken by others (a program that ignores SIGCHLD, or waits for every child): then it is
//! not known, and that is all.

use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

/// Kills a worker from any thread; harmless once it has been reaped.
#[derive(Clone, Debug)]
pub(crate) struct Killer(Arc<Mutex<Watched>>);

impl Killer {
    pub(crate) fn kill(&self) {
        self.child().signal(Signal::KILL);
    }

    fn child(&self) -> MutexGuard<'_, Watched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The process, and what is known of its end.
#[derive(Debug)]
struct Watched {
    child: Child,
    /// Its status, if that is known, once it has ended.
    ended: Option<Option<ExitStatus>>,
}

impl Watched {
    /// Whether it has ended, as far as the system knows now. Then it is reaped.
    fn has_ended(&mut self) -> bool {
        if self.ended.is_none() {
            self.ended = match self.child.try_wait() {
                Ok(status) => status.map(Some),
                // ECHILD: somebody else has reaped it, or the system has.
                Err(_) => Some(None),
            };
        }
        self.ended.is_some()
    }

    fn signal(&mut self, signal: Signal) {
        if !self.has_ended() {
            // An error means that it has ended already.
            let _ = number(&self.child).map(|pid| kill_process(pid, signal));
        }
    }

    /// Waits for its end, however long that takes.
    fn reap(&mut self) -> Option<ExitStatus> {
        let child = &mut self.child;
        *self.ended.get_or_insert_with(|| child.wait().ok())
    }
}

fn number(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

/// The process, the worker's own or its wrapper's. Dropping it kills and reaps it.
#[derive(Debug)]
pub(super) struct OwnedChild {
    killer: Killer,
    pid: u32,
}

impl OwnedChild {
    pub(super) fn new(child: Child) -> Self {
        Self {
            pid: child.id(),
            killer: Killer(Arc::new(Mutex::new(Watched { child, ended: None }))),
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
    pub(super) fn has_ended(&self) -> bool {
        self.killer.child().has_ended()
    }

    /// Sends SIGTERM, unless the worker was reaped.
    pub(super) fn terminate(&self) {
        self.killer.child().signal(Signal::TERM);
    }

    /// Stops it by SIGSTOP, and waits until it stands still or has ended.
    pub(super) fn stop(&self) {
        let mut child = self.killer.child();
        child.signal(Signal::STOP);
        let Some(pid) = number(&child.child).filter(|_| child.ended.is_none()) else {
            return;
        };
        // Whoever kills it meanwhile must not wait for this.
        drop(child);
        let quiet = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let _ = waitid(WaitId::Pid(pid), quiet);
    }

    /// Lets it go on after a stop.
    pub(super) fn go_on(&self) {
        self.killer.child().signal(Signal::CONT);
    }

    /// Kills the worker unless it has ended, and takes its status from the system; `None` if somebody
    /// else was given that.
    pub(super) fn reap(&self) -> Option<ExitStatus> {
        // The end of the channel comes a moment before the end of the process: its own status
        // says more than our kill would.
        let start = Instant::now();
        while !self.has_ended() && start.elapsed() < Duration::from_millis(20) {
            std::thread::sleep(Duration::from_micros(100));
        }
        self.killer.kill();
        self.killer.child().reap()
    }
}

impl Drop for OwnedChild {
    fn drop(&mut self) {
        self.killer.kill();
        self.reap();
    }
}
