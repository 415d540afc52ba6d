//! Time that is counted by looks: a stopped program, or a frozen container, costs a job an eighth at most.
//!
//! ```text
//!   looks   │   │   │        Ctrl-Z … fg        │   │
//!   counted  ▒▒▒ ▒▒▒ ▒▒▒▒▒▒                      ▒▒▒      at most an eighth of the limit a look
//! ```

use std::time::{Duration, Instant};

/// Below a millisecond the waiting would be busy.
const SHORTEST: Duration = Duration::from_millis(1);

#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    limit: Duration,
    counted: Duration,
    looked: Instant,
}

impl Clock {
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            limit,
            counted: Duration::ZERO,
            looked: Instant::now(),
        }
    }

    fn tick(&self) -> Duration {
        let left = self.limit.saturating_sub(self.counted);
        (self.limit / 8).min(left).max(SHORTEST)
    }

    /// When to look again; `None` if that is further away than the system's clock can say.
    pub(super) fn next(&self) -> Option<Instant> {
        self.looked.checked_add(self.tick())
    }

    pub(super) fn look(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.looked);
        self.counted += passed.min((self.limit / 8).max(SHORTEST));
        self.looked = now;
    }

    pub(super) fn is_over(&self) -> bool {
        self.counted >= self.limit
    }
}
