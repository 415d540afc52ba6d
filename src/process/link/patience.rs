//! How long the parent waits for a worker, and what it does about one that takes too long.
//!
//! ```text
//!   wait a slice ──▶ ready: read or write
//!    ▲        └────▶ not ready ──▶ it has ended: reap it
//!    │                        ├──▶ the caller's time is up: say so, the worker goes on
//!    └────────────────────────┴──▶ the job's time is up: stop it, look once more, kill it
//! ```

use std::time::{Duration, Instant};

use super::{Link, LinkError, Over};
use crate::process::channel::Ready;

/// How long a read or a write waits before it asks whether the child is alive: a grandchild that
/// holds the channel open would hide the death.
const SLICE: Duration = Duration::from_millis(50);

/// How long to wait for a worker.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Patience {
    /// Until it dies.
    Endless,
    /// Until then; the worker goes on.
    Until(Instant),
    /// Until one job takes longer than this; then the worker is killed.
    JobTimeout(Duration),
}

impl Patience {
    pub(crate) fn of(timeout: Duration) -> Self {
        let deadline = Instant::now().checked_add(timeout);
        deadline.map_or(Self::Endless, Self::Until)
    }
}

impl Link {
    /// Waits a moment for the channel; false if it is not ready, and then looks after the worker.
    pub(super) fn wait(&mut self, ready: Ready, patience: Patience) -> Result<bool, LinkError> {
        let slice = match patience {
            Patience::Endless => SLICE,
            Patience::Until(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                left.min(SLICE)
            }
            Patience::JobTimeout(timeout) => {
                let left = timeout.saturating_sub(self.since.elapsed());
                left.min(SLICE).min(timeout / 8)
            }
        };
        // Below a millisecond the waiting would be busy.
        match self
            .channel
            .wait(ready, slice.max(Duration::from_millis(1)))
        {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(_) => self.ends(Over::Gone),
        }
        if self.child.has_ended() {
            // What it had sent stays readable.
            let has_more = matches!(ready, Ready::ToRead) && self.is_readable();
            if !has_more {
                self.ends(Over::Gone);
            }
            return Ok(has_more);
        }
        match patience {
            Patience::Until(deadline) if Instant::now() >= deadline => Err(LinkError::NotYet),
            Patience::JobTimeout(timeout) => {
                self.watch_the_clock(timeout);
                Ok(false)
            }
            _ => Ok(false),
        }
    }

    /// Kills the worker if its job has taken too long.
    ///
    /// It is stopped for the last look: a job that ends in this very moment has ended, and the one
    /// behind it must not die for it.
    fn watch_the_clock(&mut self, timeout: Duration) {
        if self.has_progressed() || self.since.elapsed() < timeout {
            return;
        }
        self.child.stop();
        if self.has_progressed() {
            self.child.go_on();
        } else {
            self.child.kill();
            self.ends(Over::TimedOut(timeout));
        }
    }

    /// Whether the worker has done anything since the last look.
    fn has_progressed(&mut self) -> bool {
        let head = self.journal.as_ref().and_then(|j| j.head().ok());
        let head = head.unwrap_or_default();
        let progressed = head != self.looked || self.is_readable();
        if progressed {
            self.looked = head;
            self.since = Instant::now();
        }
        progressed
    }

    fn is_readable(&mut self) -> bool {
        let at_once = Duration::ZERO;
        self.channel.wait(Ready::ToRead, at_once).unwrap_or(false)
    }
}
