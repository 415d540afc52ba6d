//! A latch that lets everybody through who waits.

use super::Latch;

/// Lets everybody through, now and later.
fn open(latch: &Latch) {
    *latch.is_open.lock().unwrap() = true;
    // Your turn: several may wait.
    latch.changed.notify_one();
}

/// Waits until the latch is open.
fn wait(latch: &Latch) {
    let is_open = latch.is_open.lock().unwrap();
    // Your turn: a condition variable may wake a thread for no reason.
    if !*is_open {
        drop(latch.changed.wait(is_open).unwrap());
    }
}

pub(super) fn solve() -> [fn(&Latch); 2] {
    [open, wait]
}
