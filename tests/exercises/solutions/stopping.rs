//! An event where a sleep was.

use std::time::Duration;
use threadproof::{Event, Wait};

pub(super) fn solve(stop: &Event, interval: Duration, look: &dyn Fn()) {
    loop {
        look();
        if stop.wait_timeout(interval) == Wait::Set {
            return;
        }
    }
}
