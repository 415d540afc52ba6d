//! Which is next: downloads begin in the order given, so many at a time.
//!
//! ```text
//!   begin ── in line ──▶ permit, and then the next number ── permit dropped ──▶ the next begins
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | `begin` | a permit, which it gives to its caller | `next` | nobody |

use std::num::NonZeroUsize;

use crate::semaphore::{Permit, Semaphore};
use crate::sync::atomic::{AtomicUsize, Ordering};

/// Hands out the numbers of the downloads, each with the right to use the network.
#[derive(Debug)]
pub(super) struct Order {
    permits: Semaphore,
    next: AtomicUsize,
}

impl Order {
    pub(super) fn new(at_once: NonZeroUsize) -> Self {
        let permits = Semaphore::new(at_once);
        let next = AtomicUsize::new(0);
        Self { permits, next }
    }

    /// Waits for a permit, and then takes the next number, from 0 on.
    ///
    /// The other way round a thread could take a number and be late for its permit.
    pub(super) fn begin(&self) -> (usize, Permit<'_>) {
        let permit = self.permits.acquire();
        // ORDERING: Relaxed. That no number comes twice and none is left out needs only this
        // counter's own modification order. Two holders of one permit are ordered by its semaphore.
        (self.next.fetch_add(1, Ordering::Relaxed), permit)
    }
}
