//! The worker's process, as its parent owns it: killed, stopped, and reaped once.
//!
//! ```text
//!   runs ── ends, or is killed ──▶ ended ── reap ──▶ reaped, by us or by somebody else
//!   ▲  └── freeze, for a last look ──┐
//!   └──────────── thaw ──────────────┘
//! ```
//!
//! It is named by a pidfd where there is one: that is never another process, and `poll` says when it
//! has ended. Its status may have been taken by others (a program that ignores SIGCHLD, or waits for
//! every child): then it is not known, and that is all.

use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, waitid};

/// A process that does not stand still by then is stuck inside the system, and begins no job.
const STILL: Duration = Duration::from_millis(100);

/// The process, the worker's own or its wrapper's. Dropping it kills and reaps it.
#[derive(Debug)]
pub(super) struct OwnedChild {
    child: Child,
    pidfd: Option<OwnedFd>,
    /// Its status, if that is known, once it has ended.
    ended: Option<Option<ExitStatus>>,
}

impl OwnedChild {
    pub(super) fn new(child: Child) -> Self {
        Self {
            pidfd: pidfd_of(child.id()),
            child,
            ended: None,
        }
    }

    /// Its streams.
    pub(super) fn std(&mut self) -> &mut Child {
        &mut self.child
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Readable once the process has ended; none where the system has no pidfds.
    #[cfg(not(portable))]
    pub(super) fn end(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.pidfd.as_ref().map(std::os::fd::AsFd::as_fd)
    }

    pub(super) fn has_pidfd(&self) -> bool {
        self.pidfd.is_some()
    }

    /// Whether the process has ended, as far as the system knows now. Then it is reaped.
    pub(super) fn has_ended(&mut self) -> bool {
        if self.ended.is_none() {
            self.ended = match self.child.try_wait() {
                Ok(Some(status)) => Some(Some(status)),
                Ok(None) => None,
                // Somebody else has reaped it, or the system has: the pidfd still knows of its end.
                Err(_) => self.looks_ended().then_some(None),
            };
        }
        self.ended.is_some()
    }

    fn looks_ended(&self) -> bool {
        let Some(pidfd) = &self.pidfd else {
            return true;
        };
        let mut end = [PollFd::new(pidfd, PollFlags::IN)];
        matches!(poll(&mut end, Some(&Timespec::default())), Ok(1..))
    }

    /// How it ended; `None` while it runs, and if nobody knows.
    pub(super) fn status(&self) -> Option<ExitStatus> {
        self.ended.flatten()
    }

    pub(super) fn kill(&mut self) {
        self.signal(Signal::KILL);
    }

    pub(super) fn terminate(&mut self) {
        self.signal(Signal::TERM);
    }

    /// An error means that it has ended already.
    fn signal(&mut self, signal: Signal) {
        if self.has_ended() {
            return;
        }
        match &self.pidfd {
            Some(pidfd) => send(pidfd, signal),
            // It was not reaped a moment ago, so the number is its own.
            None => {
                let _ = self
                    .number()
                    .map(|pid| rustix::process::kill_process(pid, signal));
            }
        }
    }

    /// Stops it by SIGSTOP, and waits until it stands still or has ended.
    pub(super) fn freeze(&mut self) {
        self.signal(Signal::STOP);
        let start = Instant::now();
        let quiet = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let Some(pid) = self.number() else { return };
        while self.ended.is_none()
            && matches!(
                waitid(WaitId::Pid(pid), quiet | WaitIdOptions::NOHANG),
                Ok(None)
            )
            && start.elapsed() < STILL
        {
            std::thread::sleep(Duration::from_micros(50));
        }
    }

    pub(super) fn thaw(&mut self) {
        self.signal(Signal::CONT);
    }

    fn number(&self) -> Option<Pid> {
        i32::try_from(self.pid()).ok().and_then(Pid::from_raw)
    }
}

/// Whether the system has pidfds; `--cfg no_pidfd` says no, as macOS would.
pub(super) const HAS_PIDFDS: bool = cfg!(all(
    any(target_os = "linux", target_os = "android"),
    not(no_pidfd)
));

#[cfg(all(any(target_os = "linux", target_os = "android"), not(no_pidfd)))]
pub(super) fn pidfd_of(pid: u32) -> Option<OwnedFd> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw)?;
    rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok()
}

#[cfg(all(any(target_os = "linux", target_os = "android"), not(no_pidfd)))]
fn send(pidfd: &OwnedFd, signal: Signal) {
    let _ = rustix::process::pidfd_send_signal(pidfd, signal);
}

#[cfg(not(all(any(target_os = "linux", target_os = "android"), not(no_pidfd))))]
pub(super) fn pidfd_of(_: u32) -> Option<OwnedFd> {
    None
}

#[cfg(not(all(any(target_os = "linux", target_os = "android"), not(no_pidfd))))]
fn send(_: &OwnedFd, _: Signal) {}

impl Drop for OwnedChild {
    fn drop(&mut self) {
        self.kill();
        // An error means that somebody else has reaped it.
        let _ = self.child.wait();
    }
}
