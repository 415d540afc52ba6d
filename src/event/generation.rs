//! For a thread that works between its waits: to miss no pulse, it notes the generation itself.
//!
//! ```text
//!   watcher   generation ── look ── wait_since ── look ───────────── wait_since: Set
//!   stopper                                          set · clear
//! ```

use std::time::Duration;

use super::{Event, Wait};
use crate::sync::Deadline;

impl Event {
    /// How often the event has been set; a second `set` without a `clear` between does not count.
    ///
    /// Taken before other work, it tells [`is_set_since`](Self::is_set_since) and
    /// [`wait_since`](Self::wait_since) what is news. Never blocks.
    pub fn generation(&self) -> u64 {
        self.state.lock().generation
    }

    /// Whether the event is set, or has been since its [`generation`](Self::generation) was `seen`:
    /// [`wait_since`](Self::wait_since) for a thread that only looks now and then. Never blocks.
    ///
    /// # Memory ordering
    /// If `true`, everything before the `set` that was seen happens before the return.
    ///
    /// # Examples
    /// ```
    /// let event = threadproof::Event::new();
    /// let seen = event.generation();
    /// assert!(!event.is_set_since(seen));
    /// event.set();
    /// event.clear();
    /// assert!(!event.is_set() && event.is_set_since(seen));
    /// ```
    pub fn is_set_since(&self, seen: u64) -> bool {
        self.state.lock().released_since(seen)
    }

    /// As [`wait_timeout`](Self::wait_timeout), for a `set` since the event's
    /// [`generation`](Self::generation) was `seen`: also one that came before this call, and that a
    /// `clear` has followed.
    ///
    /// For a loop that works between its waits. It notes the generation once, before it begins; from
    /// then on every `set` ends it, whatever it does at that moment.
    ///
    /// # Memory ordering
    /// Everything before the `set` that was seen happens before the return.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use threadproof::{Event, Wait};
    ///
    /// let stop = Event::new();
    /// let seen = stop.generation();
    /// let mut rounds = 0;
    /// while stop.wait_since(seen, Duration::from_millis(1)) == Wait::TimedOut {
    ///     rounds += 1;
    ///     if rounds == 3 {
    ///         // Somebody else does this, and nobody waits at that moment.
    ///         stop.set();
    ///         stop.clear();
    ///     }
    /// }
    /// assert_eq!(rounds, 3);
    /// ```
    // ANCHOR: wait_since
    pub fn wait_since(&self, seen: u64, timeout: Duration) -> Wait {
        let deadline = Deadline::after(timeout);
        self.wait_for_set(self.state.lock(), seen, &deadline)
    }
    // ANCHOR_END: wait_since
}
