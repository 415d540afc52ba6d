//! Which is next: downloads begin in the order given, so many at a time.
//!
//! ```text
//!   begin ── in line ──▶ permit ─┬─ one that has waited for its next attempt, and is due ─▶ Again
//!                                └─ the next number ──▶ New ── permit dropped ──▶ the next begins
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | `begin` | a permit, which it gives to its caller | `next`, and what `due` does | nobody |

use std::num::NonZeroUsize;

use crate::semaphore::{Permit, Semaphore};
use crate::sync::atomic::{AtomicUsize, Ordering};

/// Hands out the numbers of the downloads, each with the right to use the network.
#[derive(Debug)]
pub(super) struct Order {
    permits: Semaphore,
    next: AtomicUsize,
}

/// What is next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn<T> {
    New(usize),
    Again(T),
}

impl Order {
    pub(super) fn new(at_once: NonZeroUsize) -> Self {
        let permits = Semaphore::new(at_once);
        let next = AtomicUsize::new(0);
        Self { permits, next }
    }

    /// Waits for a permit, and then takes what is due, or else the next number, from 0 on.
    ///
    /// The other way round a thread could take a number and be late for its permit.
    pub(super) fn begin<T>(&self, due: impl FnOnce() -> Option<T>) -> (Turn<T>, Permit<'_>) {
        let permit = self.permits.acquire();
        let turn = due().map_or_else(
            // ORDERING: Relaxed. That no number comes twice and none is left out needs only this
            // counter's own modification order. Two holders of one permit are ordered by its semaphore.
            || Turn::New(self.next.fetch_add(1, Ordering::Relaxed)),
            Turn::Again,
        );
        (turn, permit)
    }
}
