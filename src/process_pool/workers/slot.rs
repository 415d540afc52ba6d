//! One number of a pool: the process that has it now, the chunk in its hands, and its time.
//!
//! ```text
//!   empty ── start ──▶ waits ──▶ silent ── hello ──▶ prepares ──▶ ready ◀──▶ has a chunk
//!     ▲                  │          │                   │           │
//!     └───── ended ──────┴──────────┴───────────────────┴───────────┘
//! ```

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use super::super::ProcessPoolBuilder;
use super::super::map::Block;
use super::super::protocol::{Jobs, WorkerId};
use super::clock::Clock;
use super::end::{End, Seen, words_of};
use crate::chunk_size::{ChunkSize, Started};
use crate::process::{Death, Link, Nudger, ProcessError, Ready};

/// A chunk that takes this long makes the cost of sending it vanish.
const FULL_CHUNK: Duration = Duration::from_millis(1);

/// How long a worker has to end by itself once its channel is closed, by whom it may be.
pub(super) const GRACE: Duration = Duration::from_millis(500);

/// Pauses before the second attempt, and the longest one.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub(super) struct Slot {
    pub(super) id: WorkerId,
    nudger: Nudger,
    pub(super) link: Option<Link>,
    /// It is to be started then.
    not_before: Option<Instant>,
    pub(super) stage: Stage,
    /// It has been a worker.
    pub(super) was_ready: bool,
    /// How long what it does now may take.
    pub(super) clock: Option<Clock>,
    pub(super) hand: Option<Hand>,
    pub(super) size: ChunkSize,
    pub(super) paced: u64,
    pub(super) failure: Option<ProcessError>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Empty,
    Silent,
    Prepares,
    Ready,
    /// Its channel is closed, by us or by itself, or it was killed.
    Ends,
}

/// The chunk that it has.
#[derive(Debug)]
pub(super) struct Hand {
    map: u64,
    /// Jobs without an answer.
    pub(super) left: Range<u64>,
    pub(super) jobs: usize,
    limits: BTreeMap<u64, Duration>,
    timeout: Option<Duration>,
    pub(super) started: Started,
}

impl Hand {
    pub(super) fn clock(&self) -> Option<Clock> {
        let own = self.limits.get(&self.left.start).copied();
        own.or(self.timeout).map(Clock::new)
    }
}

impl Slot {
    pub(super) fn new(number: usize, nudger: Nudger) -> Self {
        Self {
            id: WorkerId { number, life: 0 },
            nudger,
            link: None,
            not_before: None,
            stage: Stage::Empty,
            was_ready: false,
            clock: None,
            hand: None,
            size: ChunkSize::timed(FULL_CHUNK),
            paced: 0,
            failure: None,
        }
    }

    pub(super) fn is_unsettled(&self) -> bool {
        !matches!(self.stage, Stage::Empty | Stage::Ready) || self.not_before.is_some()
    }

    fn pid(&self) -> Option<u32> {
        self.link.as_ref().map(Link::pid)
    }

    pub(super) fn terminate(&mut self) {
        self.link.iter_mut().for_each(Link::terminate);
    }

    /// The system cannot say when it ends, or when it is known what it had begun.
    pub(super) fn needs_slices(&self) -> bool {
        let is_so = |link: &Link| !link.has_pidfd() || link.lingers();
        self.link.as_ref().is_some_and(is_so)
    }

    pub(super) fn next_time(&self) -> Option<Instant> {
        let clock = self.clock.as_ref().and_then(Clock::next);
        [self.not_before, clock].into_iter().flatten().min()
    }

    pub(super) fn start(
        &mut self,
        id: WorkerId,
        attempt: u32,
        settings: &ProcessPoolBuilder,
        seen: &mut Vec<(WorkerId, Seen)>,
    ) {
        self.id = id;
        (self.failure, self.hand, self.was_ready) = (None, None, false);
        if attempt == 0 {
            return self.spawn(settings, seen);
        }
        let doubled = FIRST_PAUSE.saturating_mul(1 << (attempt - 1).min(10));
        self.not_before = Some(Instant::now() + doubled.min(LONGEST_PAUSE));
    }

    fn spawn(&mut self, settings: &ProcessPoolBuilder, seen: &mut Vec<(WorkerId, Seen)>) {
        self.not_before = None;
        let number = self.id.number + 1;
        match Link::start(&settings.program, settings.max_frame, number, &self.nudger) {
            Ok(link) => {
                seen.push((self.id, Seen::Started(Some(link.pid()))));
                self.link = Some(link);
                self.stage = Stage::Silent;
                self.clock = Some(Clock::new(settings.start_timeout));
            }
            Err(error) => {
                self.failure = Some(error);
                seen.push((self.id, Seen::Started(None)));
                self.ends(None, seen);
            }
        }
    }

    /// Nothing is left of the process.
    pub(super) fn ends(&mut self, death: Option<Death>, seen: &mut Vec<(WorkerId, Seen)>) {
        if let (Some(link), Some(death), false) = (&self.link, &death, self.was_ready) {
            let status = words_of(death.status);
            let why = || link.no_worker(format!("it ended with {status}"));
            self.failure.get_or_insert_with(why);
        }
        let end = End {
            pid: self.pid().unwrap_or(0),
            in_doubt: death.as_ref().map_or(Some(0), |death| death.in_doubt),
            death,
            failure: self.failure.take(),
        };
        (self.link, self.stage, self.clock, self.hand) = (None, Stage::Empty, None, None);
        seen.push((self.id, Seen::Ended(end)));
    }

    pub(super) fn send(
        &mut self,
        chunk: u64,
        jobs: Jobs,
        block: &Block,
        timeout: Option<Duration>,
    ) {
        let Some(link) = &mut self.link else { return };
        let count = jobs.range.end - jobs.range.start;
        link.send(chunk, block.work, count, block.inputs(&jobs.range));
        let hand = Hand {
            map: jobs.map,
            limits: block.limits(&jobs.range),
            left: jobs.range,
            jobs: count as usize,
            timeout,
            started: self.size.start(),
        };
        if self.stage == Stage::Ready {
            self.clock = hand.clock();
        }
        self.hand = Some(hand);
    }

    pub(super) fn freeze(&mut self, seen: &mut Vec<(WorkerId, Seen)>) {
        if let Some(link) = &mut self.link {
            link.freeze();
            link.look(Ready::ALL);
        }
        self.hear(seen);
        self.clock = None;
        seen.push((self.id, Seen::Frozen));
    }

    pub(super) fn thaw(&mut self) {
        self.link.iter_mut().for_each(Link::thaw);
        self.clock = self.hand.as_ref().and_then(Hand::clock);
    }

    pub(super) fn close(&mut self, seen: &mut Vec<(WorkerId, Seen)>) {
        if self.is_not_started(seen) {
            return;
        }
        let Some(link) = &mut self.link else { return };
        link.close();
        (self.stage, self.clock) = (Stage::Ends, Some(Clock::new(GRACE)));
    }

    pub(super) fn kill(&mut self, seen: &mut Vec<(WorkerId, Seen)>) {
        if self.is_not_started(seen) {
            return;
        }
        let Some(link) = &mut self.link else { return };
        link.kill();
        (self.stage, self.clock) = (Stage::Ends, None);
    }

    /// It waits for its start, which does not come.
    fn is_not_started(&mut self, seen: &mut Vec<(WorkerId, Seen)>) -> bool {
        let is_not_started = self.not_before.take().is_some();
        if is_not_started {
            let end = End {
                pid: 0,
                in_doubt: Some(0),
                death: None,
                failure: None,
            };
            seen.push((self.id, Seen::Ended(end)));
        }
        is_not_started
    }

    pub(super) fn look(
        &mut self,
        now: Instant,
        ready: Ready,
        settings: &ProcessPoolBuilder,
        seen: &mut Vec<(WorkerId, Seen)>,
    ) {
        if self.not_before.is_some_and(|time| time <= now) {
            return self.spawn(settings, seen);
        }
        let Some(link) = &mut self.link else { return };
        if link.look(ready) && self.hand.is_some() && self.stage == Stage::Ready {
            // While its input is on its way the job has not begun.
            self.clock = self.hand.as_ref().and_then(Hand::clock);
        }
        self.hear_with(settings, seen);
        self.watch_the_clock(now, settings, seen);
    }

    fn watch_the_clock(
        &mut self,
        now: Instant,
        settings: &ProcessPoolBuilder,
        seen: &mut Vec<(WorkerId, Seen)>,
    ) {
        let (Some(clock), Some(link)) = (&mut self.clock, &mut self.link) else {
            return;
        };
        clock.look(now);
        if !clock.is_over() {
            return;
        }
        self.clock = None;
        match self.stage {
            Stage::Silent | Stage::Prepares => {
                let timeout = settings.start_timeout;
                let wrapper = settings.program.wrapper().map(|path| path.display());
                let why = wrapper.map_or_else(
                    || format!("it said nothing for {timeout:?}"),
                    |path| {
                        format!(
                            "nothing came through {path} for {timeout:?}: does it keep bytes back?"
                        )
                    },
                );
                self.failure = Some(link.no_worker(why));
                // What comes now comes too late.
                self.stage = Stage::Ends;
                seen.push((self.id, Seen::TimedOut));
            }
            Stage::Ends if link.is_deaf() => link.give_up(),
            Stage::Ends => seen.push((self.id, Seen::TimedOut)),
            Stage::Ready | Stage::Empty => {
                if let Some(hand) = &self.hand {
                    seen.push((self.id, Seen::JobTimedOut(hand.map, hand.left.start)));
                }
            }
        }
    }
}
