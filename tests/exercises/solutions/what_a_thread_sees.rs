//! For each access the weakest ordering that is enough.

use std::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};

pub(super) fn solve() -> [Ordering; 4] {
    // The price travels with the flag.
    [Relaxed, Release, Acquire, Relaxed]
}
