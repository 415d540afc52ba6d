//! Who may use the network: downloads begin in their order, so many at a time.
//!
//! ```text
//!   take(0), take(1), … ──▶ slot held: head, body ── dropped ──▶ fsync, rename, without a slot
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | `take` | the lock, given up while it sleeps | `next`, `free` | all: the next one may have been woken too early |
//! | drop of a slot | the lock | `free` | all who wait |

use std::num::NonZeroUsize;

use crate::sync::{Condvar, Mutex};

/// A counting semaphore that lets its callers in by number.
#[derive(Debug)]
pub(crate) struct Slots {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    /// Whose turn it is.
    next: usize,
    free: usize,
}

/// The right to use the network, until it is dropped.
#[derive(Debug)]
pub(crate) struct Slot<'a>(&'a Slots);

impl Slots {
    pub(crate) fn new(number: NonZeroUsize) -> Self {
        let (next, free) = (0, number.get());
        Self {
            state: Mutex::new(State { next, free }),
            changed: Condvar::new(),
        }
    }

    /// Waits until all with a lower number have been let in and a slot is free.
    ///
    /// Each number from 0 on must come once.
    pub(crate) fn take(&self, number: usize) -> Slot<'_> {
        let mut state = self.state.lock();
        while state.next != number || state.free == 0 {
            state = self.changed.wait(state);
        }
        state.next += 1;
        state.free -= 1;
        drop(state);
        self.changed.notify_all();
        Slot(self)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.state.lock().free += 1;
        self.0.changed.notify_all();
    }
}
