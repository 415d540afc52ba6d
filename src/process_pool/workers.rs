//! The workers, as whoever drives has them in hand: the wheel of `turns.rs`.
//!
//! ```text
//!   look: poll (channels, stderr, pidfds, the nudge; until the next time is up) ──▶ seen
//!   crew ── start, send, freeze, thaw, close, kill ──▶ done at once; what a socket does not take
//!                                                      now is written when it takes more
//! ```
//!
//! | part | file |
//! |---|---|
//! | one number: its process, its chunk, its clock | `workers/slot.rs` |
//! | what its process says | `workers/hear.rs` |
//! | what the crew is told of it | `workers/end.rs` |
//! | time that is counted by looks | `workers/clock.rs` |
//! | the look itself | `workers/poll.rs`; where nothing can be polled, `workers/portable.rs` |

mod clock;
mod end;
mod hear;
#[cfg(not(any(windows, portable)))]
mod poll;
#[cfg(any(windows, portable))]
#[path = "workers/portable.rs"]
mod poll;
mod slot;

use std::io;
use std::time::{Duration, Instant};

pub(super) use self::end::{End, Seen};
use self::slot::Slot;
use super::ProcessPoolBuilder;
use super::map::Block;
use super::protocol::{Jobs, WorkerId};
use super::turns::{Nudge, Wheel};
use crate::process::{Nudged, Nudger, nudge_pair};
use crate::sync::Deadline;

/// How often a process is asked whether it lives, where the system cannot tell by itself.
const SLICE: Duration = Duration::from_millis(50);

/// A look is a system call, a tenth of a round trip; who asks again at once knows what it would see. A death
/// that is missed so is one that could have come a moment later, when the job was on its way.
const FRESH: Duration = Duration::from_micros(50);

#[derive(Debug)]
pub(super) struct Workers {
    slots: Vec<Slot>,
    settings: ProcessPoolBuilder,
    nudged: Nudged,
    looked: Instant,
    seen: Vec<(WorkerId, Seen)>,
}

impl Nudge for Nudger {
    fn nudge(&self) {
        Nudger::nudge(self);
    }
}

impl Workers {
    pub(super) fn new(settings: ProcessPoolBuilder) -> io::Result<(Self, Nudger)> {
        let (nudger, nudged) = nudge_pair()?;
        let slots = (0..settings.workers.get()).map(|number| Slot::new(number, nudger.clone()));
        let slots = slots.collect();
        let workers = Self {
            slots,
            settings,
            nudged,
            looked: Instant::now(),
            seen: Vec::new(),
        };
        Ok((workers, nudger))
    }

    pub(super) fn take_seen(&mut self) -> Vec<(WorkerId, Seen)> {
        std::mem::take(&mut self.seen)
    }

    pub(super) fn has_seen(&self) -> bool {
        !self.seen.is_empty()
    }

    /// Whether a worker starts or ends, so that somebody should look.
    pub(super) fn are_unsettled(&self) -> bool {
        self.slots.iter().any(Slot::is_unsettled)
    }

    pub(super) fn terminate_all(&mut self) {
        self.slots.iter_mut().for_each(Slot::terminate);
    }

    fn of(&mut self, worker: WorkerId) -> &mut Slot {
        &mut self.slots[worker.number]
    }

    pub(super) fn start(&mut self, worker: WorkerId, attempt: u32) {
        let slot = &mut self.slots[worker.number];
        slot.start(worker, attempt, &self.settings, &mut self.seen);
    }

    pub(super) fn send(&mut self, worker: WorkerId, chunk: u64, jobs: Jobs, block: &Block) {
        let timeout = self.settings.job_timeout;
        self.of(worker).send(chunk, jobs, block, timeout);
    }

    /// It stands still, and what it had said before is heard before that is told.
    pub(super) fn freeze(&mut self, worker: WorkerId) {
        let slot = &mut self.slots[worker.number];
        slot.freeze(&mut self.seen);
    }

    pub(super) fn thaw(&mut self, worker: WorkerId) {
        self.of(worker).thaw();
    }

    pub(super) fn close(&mut self, worker: WorkerId) {
        let slot = &mut self.slots[worker.number];
        slot.close(&mut self.seen);
    }

    pub(super) fn kill(&mut self, worker: WorkerId) {
        let slot = &mut self.slots[worker.number];
        slot.kill(&mut self.seen);
    }
}

impl Wheel for Workers {
    type Nudge = Nudger;

    fn look(&mut self, until: &Deadline) {
        let now = Instant::now();
        let slices = self.slots.iter().any(Slot::needs_slices).then_some(SLICE);
        let times = self.slots.iter().filter_map(|slot| slot.next_time());
        let next = times.map(|time| time.saturating_duration_since(now)).min();
        let until = [until.time_left(), slices, next]
            .into_iter()
            .flatten()
            .min();
        self.poll(until);
    }

    fn glance(&mut self) {
        self.poll(Some(Duration::ZERO));
    }

    fn glance_if_stale(&mut self) {
        if self.looked.elapsed() > FRESH {
            self.glance();
        }
    }
}
