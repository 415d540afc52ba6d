//! An event where a sleep was.

use std::thread;
use std::time::Duration;
use threadproof::Event;

/// Looks, and looks again after each interval, until it is stopped. Then it
/// ends at once.
pub(super) fn solve(stop: &Event, interval: Duration, look: &dyn Fn()) {
    while !stop.is_set() {
        look();
        // Your turn: nobody can wake a sleeper.
        thread::sleep(interval);
    }
}
