//! What waits for its next attempt, without a thread and without a permit of its own.
//!
//! ```text
//!   put ──▶ not yet ── its time has come, or a stop ──▶ due ── take ──▶
//! ```

use std::time::{Duration, Instant};

use super::Stop;
use crate::sync::Mutex;

/// Things to be done later, each at its time.
#[derive(Debug)]
pub(super) struct Later<T> {
    waiting: Mutex<Vec<(Instant, T)>>,
}

impl<T> Later<T> {
    pub(super) fn new() -> Self {
        let waiting = Mutex::new(Vec::new());
        Self { waiting }
    }

    pub(super) fn put(&self, wait: Duration, thing: T) {
        let due = Instant::now() + wait;
        self.waiting.lock().push((due, thing));
    }

    /// The one that has been due for the longest time; any of them after a stop, to be told of it.
    pub(super) fn take(&self, stop: Stop<'_>) -> Option<T> {
        let is_stopped = stop.is_set();
        let mut waiting = self.waiting.lock();
        let (index, (due, _)) = waiting
            .iter()
            .enumerate()
            .min_by_key(|(_, (due, _))| *due)?;
        let is_due = is_stopped || *due <= Instant::now();
        is_due.then(|| waiting.swap_remove(index).1)
    }

    /// Waits until something is due; at once, if nothing waits.
    pub(super) fn wait(&self, stop: Stop<'_>) {
        let first = self.waiting.lock().iter().map(|(due, _)| *due).min();
        if let Some(first) = first {
            let _ = stop.wait_timeout(first.saturating_duration_since(Instant::now()));
        }
    }
}
