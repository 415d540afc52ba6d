//! How long to wait before the next attempt: doubling, capped, and no shorter than the server asks.
//!
//! ```text
//!   attempt   1      2      3      4      5
//!   wait        200    400    800    1600   … never more than the cap
//! ```
//!
//! Pure arithmetic: who waits, and on what, is the caller's business.
//!
//! Needs the feature `download`.

use std::time::Duration;

/// The waits between attempts. No jitter: one program's few workers are no stampede.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use threadproof::back_off::BackOff;
///
/// let back_off = BackOff::new(Duration::from_millis(200), Duration::from_secs(1));
/// let waits: Vec<u64> = (1..=4).map(|n| back_off.wait(n, None).as_millis() as u64).collect();
/// assert_eq!(waits, [200, 400, 800, 1000]);
/// assert_eq!(back_off.wait(1, Some(Duration::from_secs(3))), Duration::from_secs(3));
/// assert_eq!(back_off.wait(1, Some(Duration::ZERO)), Duration::from_millis(200));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct BackOff {
    first: Duration,
    cap: Duration,
}

impl BackOff {
    /// Waits that begin at `first`, double, and never exceed `cap`.
    pub fn new(first: Duration, cap: Duration) -> Self {
        Self { first, cap }
    }

    /// How long to wait after `attempts` attempts have failed (1 or more).
    ///
    /// `retry_after` is what the server asked for: a longer wait, whatever the cap says, and never a
    /// shorter one. A server that is asked again at once by everybody does not get well.
    pub fn wait(&self, attempts: u32, retry_after: Option<Duration>) -> Duration {
        let mut wait = self.first.min(self.cap);
        for _ in 1..attempts {
            let doubled = wait.saturating_mul(2).min(self.cap);
            // At the cap or at nothing, which takes some ninety doublings at most.
            if doubled == wait {
                break;
            }
            wait = doubled;
        }
        wait.max(retry_after.unwrap_or_default())
    }
}

impl Default for BackOff {
    /// From 200 ms up to 10 s.
    fn default() -> Self {
        Self::new(Duration::from_millis(200), Duration::from_secs(10))
    }
}
