//! A look where nothing can be polled: whichever thread has nudged, every worker is looked at.

use std::time::{Duration, Instant};

use super::Workers;
use crate::process::Ready;

impl Workers {
    pub(super) fn poll(&mut self, until: Option<Duration>) {
        self.nudged.wait(until);
        let now = Instant::now();
        self.looked = now;
        for slot in &mut self.slots {
            slot.look(now, Ready::ALL, &self.settings, &mut self.seen);
        }
    }
}
