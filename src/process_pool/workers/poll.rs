//! A look: `poll` says which workers are worth one.

use std::time::{Duration, Instant};

use rustix::event::PollFd;

use super::Workers;
use super::slot::Slot;
use crate::process::Ready;

impl Workers {
    pub(super) fn poll(&mut self, until: Option<Duration>) {
        // As many as a worker can have, and the nudge.
        let mut sources = Vec::with_capacity(4 * self.slots.len() + 1);
        let mut ends = Vec::with_capacity(self.slots.len());
        for slot in &self.slots {
            slot.sources(&mut sources);
            ends.push(sources.len());
        }
        let is_known = self.nudged.poll(&mut sources, until);
        let mut start = 0;
        let ready = ends.iter().zip(&self.slots).map(|(end, slot)| {
            let own = &sources[start..*end];
            start = *end;
            match is_known {
                true => slot.readiness(own),
                // Everything is looked at then.
                false => Some(Ready::ALL),
            }
        });
        let ready: Vec<Option<Ready>> = ready.collect();
        drop(sources);
        let now = Instant::now();
        self.looked = now;
        for (slot, ready) in self.slots.iter_mut().zip(ready) {
            let due = slot.is_due(now).then_some(Ready::ALL);
            if let Some(ready) = due.or(ready) {
                slot.look(now, ready, &self.settings, &mut self.seen);
            }
        }
    }
}

impl Slot {
    fn sources<'a>(&'a self, into: &mut Vec<PollFd<'a>>) {
        self.link.iter().for_each(|link| link.sources(into));
    }

    fn is_due(&self, now: Instant) -> bool {
        self.needs_slices() || self.next_time().is_some_and(|time| time <= now)
    }

    /// What `poll` has said of its sources.
    fn readiness(&self, sources: &[PollFd<'_>]) -> Option<Ready> {
        let ready = self.link.as_ref()?.readiness(sources);
        ready.is_any().then_some(ready)
    }
}
