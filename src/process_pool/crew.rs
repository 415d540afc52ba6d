//! The protocol and what it decides about: the jobs' inputs and outcomes, and what the workers are told.
//!
//! ```text
//!   callers ── inbox ──┐                     ┌── deliver ──▶ outcomes, by map
//!                      ├─▶ protocol: decide ─┤
//!   workers ── seen ───┘                     └── start, send, freeze, kill, … ──▶ workers
//! ```
//!
//! Who may touch it is the business of `turns.rs`.

mod obey;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::WorkerState;
use super::map::{Block, Map, Outcome};
use super::protocol::{Action, Event, Jobs, Protocol, Report, Settings};
use super::turns::Crew;
use super::workers::Workers;
use crate::process::ProcessError;
use crate::thread_pool::PoolReport;

#[derive(Debug)]
pub(super) struct Pool {
    protocol: Protocol,
    /// What the protocol said when it was made.
    first: Vec<Action>,
    inbox: Vec<Event>,
    maps: BTreeMap<u64, Map>,
    last_map: u64,
    woken: Vec<u64>,
    job_timeout: Option<Duration>,
    workers: u64,
    /// Jobs that have not ended.
    unended: u64,
    /// Inputs that could not be encoded.
    refused: Report,
    is_closed: bool,
    has_ended: bool,
    /// Numbers whose workers have said hello once.
    up: BTreeSet<usize>,
    /// Why a worker could not be started, and how the last one ended.
    cannot_start: Option<ProcessError>,
    last_end: String,
    /// A worker starts or ends.
    is_unsettled: bool,
    places: Vec<Place>,
    /// Every worker is to be asked to end, by SIGTERM.
    terminates: bool,
}

/// What is known of a number's worker.
#[derive(Clone, Debug, Default)]
struct Place {
    pid: Option<u32>,
    jobs: u64,
    in_hand: u64,
    since: Option<Instant>,
    before: Option<String>,
}

/// Whoever waits for the pool as a whole; no map has this number.
pub(super) const ALL: u64 = 0;

impl Pool {
    pub(super) fn new(settings: Settings, job_timeout: Option<Duration>) -> Self {
        let workers = settings.workers as u64;
        let (protocol, first) = Protocol::new(settings);
        Self {
            protocol,
            first,
            inbox: Vec::new(),
            maps: BTreeMap::new(),
            last_map: ALL,
            woken: Vec::new(),
            job_timeout,
            workers,
            unended: 0,
            refused: Report::default(),
            is_closed: false,
            has_ended: false,
            up: BTreeSet::new(),
            cannot_start: None,
            last_end: "its last worker has ended".to_owned(),
            is_unsettled: true,
            places: vec![Place::default(); workers as usize],
            terminates: false,
        }
    }

    /// A map that somebody waits for.
    pub(super) fn open_map(&mut self) -> u64 {
        self.last_map += 1;
        let map = Map {
            blocks: BTreeMap::new(),
            outcomes: Vec::new(),
            is_wanted: true,
        };
        self.maps.insert(self.last_map, map);
        self.last_map
    }

    pub(super) fn submit(&mut self, map: u64, mut block: Block) {
        block.close();
        let (range, least) = (block.jobs(), block.shortest_chunk(self.workers));
        if range.is_empty() {
            return;
        }
        self.unended += block.unended;
        let entry = self.maps.get_mut(&map).expect("it was opened");
        entry.blocks.insert(block.first, block);
        let jobs = Jobs { map, range };
        self.inbox.push(Event::Submitted { jobs, least });
    }

    /// An input that cannot be encoded: its job has ended before it was one.
    pub(super) fn refuse(&mut self, map: u64, index: u64, error: ProcessError) {
        match error {
            ProcessError::Panicked { .. } => self.refused.panicked += 1,
            _ => self.refused.completed += 1,
        }
        let entry = self.maps.get_mut(&map).expect("it was opened");
        entry.outcomes.push((index, Outcome::Failed(error, 1)));
    }

    pub(super) fn take_outcomes(&mut self, map: u64) -> Vec<(u64, Outcome)> {
        let entry = self.maps.get_mut(&map);
        entry.map_or_else(Vec::new, |map| std::mem::take(&mut map.outcomes))
    }

    pub(super) fn has_outcomes(&self, map: u64) -> bool {
        self.maps
            .get(&map)
            .is_some_and(|map| !map.outcomes.is_empty())
    }

    /// Nobody waits for it any more; its jobs run all the same.
    pub(super) fn leave_map(&mut self, map: u64) {
        let Some(entry) = self.maps.get_mut(&map) else {
            return;
        };
        entry.is_wanted = false;
        if entry.blocks.is_empty() {
            self.maps.remove(&map);
        }
    }

    pub(super) fn say(&mut self, event: Event) {
        self.is_closed |= matches!(event, Event::Close | Event::Kill);
        self.inbox.push(event);
    }

    pub(super) fn cancel(&mut self, map: u64, range: std::ops::Range<u64>) {
        self.say(Event::Cancel(Jobs { map, range }));
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed
    }

    pub(super) fn is_idle(&self) -> bool {
        self.unended == 0
    }

    /// Whether all workers have come up, or why one has not.
    pub(super) fn is_up(&mut self) -> Option<Result<(), ProcessError>> {
        if let Some(error) = self.cannot_start.take() {
            return Some(Err(error));
        }
        (self.up.len() as u64 == self.workers).then_some(Ok(()))
    }

    pub(super) fn pids(&self) -> Vec<u32> {
        let mut pids: Vec<u32> = self.places.iter().filter_map(|place| place.pid).collect();
        pids.sort_unstable();
        pids
    }

    pub(super) fn workers(&self) -> Vec<WorkerState> {
        let places = (1..).zip(&self.places);
        let states = places.map(|(number, place)| WorkerState {
            number,
            pid: place.pid,
            jobs: place.jobs,
            busy_for: place.since.map(|since| since.elapsed()),
            before: place.before.clone(),
        });
        states.collect()
    }

    pub(super) fn terminate(&mut self) {
        self.terminates = true;
    }

    /// How the jobs have ended so far.
    pub(super) fn report(&self) -> PoolReport {
        let counted = self.protocol.report();
        let busy = self.places.iter().filter(|place| place.in_hand > 0);
        let running = (busy.count() as u64).min(self.unended);
        PoolReport {
            completed: counted.completed + self.refused.completed,
            cancelled: counted.cancelled,
            panicked: counted.panicked + self.refused.panicked,
            crashed: counted.crashed,
            timed_out: counted.timed_out,
            running,
            queued: self.unended - running,
        }
    }
}

impl Crew for Pool {
    type Wheel = Workers;

    // ANCHOR: feed
    /// What the workers have done comes before what callers have said meanwhile.
    fn feed(&mut self, workers: &mut Workers) {
        let first = std::mem::take(&mut self.first);
        self.obey_all(workers, first);
        loop {
            for (id, seen) in workers.take_seen() {
                self.hear(workers, id, seen);
            }
            let next = self.protocol.decide();
            self.obey_all(workers, next);
            let inbox = std::mem::take(&mut self.inbox);
            if inbox.is_empty() && !workers.has_seen() {
                break;
            }
            for event in inbox {
                let actions = self.protocol.handle(event);
                self.obey_all(workers, actions);
            }
        }
        if std::mem::take(&mut self.terminates) {
            workers.terminate_all();
        }
        self.is_unsettled = workers.are_unsettled();
    }
    // ANCHOR_END: feed

    fn take_woken(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.woken)
    }

    fn is_busy(&self) -> bool {
        self.unended > 0 || self.is_unsettled || !self.inbox.is_empty()
    }

    fn has_ended(&self) -> bool {
        self.has_ended
    }

    fn is_busy_beyond(&self, keys: &[u64]) -> bool {
        let maps = keys.iter().filter_map(|key| self.maps.get(key));
        let own = maps.flat_map(|map| map.blocks.values().map(|block| block.unended));
        self.unended > own.sum()
    }
}
