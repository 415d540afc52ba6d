//! What a thread leaves to its handle: its value or its panic.
//!
//! The system's own join could carry the value, but only to whoever waits until the thread's
//! thread-locals have been dropped, too; and it aborts the program if a value that nobody takes
//! panics when it is dropped.

use super::{Panicked, discard};
use crate::sync::{Arc, Mutex};

/// What a body gave. The thread and the handle own it, and the last of them drops what is in it.
pub(super) struct Outcome<T>(Mutex<Option<Result<T, Panicked>>>);

impl<T> Outcome<T> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// The thread's last word. If there is no handle any more, the value is dropped here.
    pub(super) fn store(self: Arc<Self>, outcome: Result<T, Panicked>) {
        *self.0.lock() = Some(outcome);
    }

    /// For the handle, once it knows that the body has ended.
    pub(super) fn take(&self) -> Result<T, Panicked> {
        let outcome = self.0.lock().take();
        outcome.expect("it was stored before the end was told, and there is one handle")
    }
}

impl<T> Drop for Outcome<T> {
    fn drop(&mut self) {
        discard(self.0.get_mut().take());
    }
}
