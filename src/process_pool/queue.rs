//! The queue that a pool's supervisors share, and what else they must agree on.
//!
//! ```text
//!   push ──▶ [ run │ run │ run ] ── claim ──▶ a supervisor      open ── close ──▶ closed
//!             ▲─────────────── put back ──────────┘                └───── kill ─────┴──▶ killed
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | `push` | the lock | the back | one supervisor for one job, else all; after the unlock |
//! | `claim` | the lock, given up while it sleeps | the front | nobody |
//! | `put_back` | the lock | the front | all supervisors |
//! | `close`, `kill` | the lock | `phase`, all runs; `kill` the workers, too | all supervisors |
//! | the last supervisor ends | the lock | `broken`, all runs | nobody |
//!
//! Runs that will never be worked on are taken out under the lock; their jobs fail after the unlock,
//! which wakes the callers of their maps.
//!
//! **Lock order.** `kill` takes the lock of each worker's [`Killer`] while it holds the queue's. Who
//! holds a killer's lock takes no other. So no cycle can form.

use std::collections::{BTreeMap, VecDeque};

use super::ProcessPoolBuilder;
use super::map::{Block, Outcome, Run};
use crate::chunks::chunk_length;
use crate::process::{Killer, ProcessError};
use crate::sync::{Arc, Condvar, Mutex};
use crate::thread_pool::Shutdown;

/// The last chunks of a map are shorter than a full one, by this factor at most.
const SHORTEST: usize = 16;

/// What the pool's handle and its supervisors share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: ProcessPoolBuilder,
    pub(super) state: Mutex<State>,
    /// There is a job to claim, or there will never be one again.
    changed: Condvar,
}

#[derive(Debug, Default)]
pub(super) struct State {
    queue: VecDeque<Run>,
    pub(super) phase: Phase,
    /// Workers that live, by process number.
    pub(super) live: BTreeMap<u32, Killer>,
    supervisors: usize,
    respawns_left: u32,
    /// How the last worker ended, once no supervisor is left.
    broken: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    #[default]
    Open,
    /// Takes no more jobs; the supervisors run what is queued and end.
    Closed,
    /// The workers are dead or dying; nothing runs any more.
    Killed,
}

impl Shared {
    pub(super) fn new(settings: ProcessPoolBuilder) -> Self {
        let state = State {
            supervisors: settings.workers,
            respawns_left: settings.respawns,
            ..State::default()
        };
        Self {
            settings,
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    pub(super) fn push(&self, block: Block) {
        if block.ends.is_empty() {
            return;
        }
        let run = Run {
            jobs: 0..block.ends.len(),
            block: Arc::new(block),
            deaths: 0,
        };
        let is_one_job = run.jobs.len() == 1;
        let mut state = self.state.lock();
        if state.phase == Phase::Open && state.broken.is_none() {
            state.queue.push_back(run);
            drop(state);
            if is_one_job {
                // Others would wake for nothing; whoever wakes claims it.
                self.changed.notify_one();
            } else {
                self.changed.notify_all();
            }
            return;
        }
        let broken = state.broken.clone().filter(|_| state.phase == Phase::Open);
        drop(state);
        fail_all([run], || match &broken {
            Some(cause) => ProcessError::PoolBroken {
                cause: cause.clone(),
            },
            None => ProcessError::Cancelled,
        });
    }

    /// Takes no more jobs; says how many it cancelled.
    pub(super) fn close(&self, how: Shutdown) -> u64 {
        let mut state = self.state.lock();
        state.phase = Phase::Closed;
        let cancelled = match how {
            Shutdown::Drain => VecDeque::new(),
            Shutdown::CancelQueued => std::mem::take(&mut state.queue),
        };
        drop(state);
        self.changed.notify_all();
        fail_all(cancelled, || ProcessError::Cancelled)
    }

    pub(super) fn kill(&self) {
        let mut state = self.state.lock();
        state.phase = Phase::Killed;
        let cancelled = std::mem::take(&mut state.queue);
        for killer in state.live.values() {
            killer.kill();
        }
        drop(state);
        self.changed.notify_all();
        fail_all(cancelled, || ProcessError::Cancelled);
    }

    /// The next jobs, all of one map; `None` when there will be none again.
    pub(super) fn claim(&self, wanted: usize) -> Option<Run> {
        let mut state = self.state.lock();
        while state.queue.is_empty() && state.phase == Phase::Open {
            state = self.changed.wait(state);
        }
        let queued = state.queue.iter().map(|run| run.jobs.len()).sum();
        let workers = self.settings.workers;
        let first = state.queue.front_mut()?;
        // The last chunks are short, so that the workers end together, but not so short that sending
        // them costs more than that gains. A short map has no such floor: what is known of the jobs
        // before it may not be true of its own.
        let least = wanted.min(first.block.ends.len() / workers) / SHORTEST;
        let wanted = chunk_length(wanted, queued, workers).max(least);
        let chunk = first.split_off(wanted, self.settings.max_frame);
        if first.jobs.is_empty() {
            state.queue.pop_front();
        }
        Some(chunk)
    }

    /// Gives back jobs that no worker has begun, in front of all others.
    pub(super) fn put_back(&self, run: Run) {
        if run.jobs.is_empty() {
            return;
        }
        let mut state = self.state.lock();
        if state.phase == Phase::Killed {
            drop(state);
            fail_all([run], || ProcessError::Cancelled);
            return;
        }
        state.queue.push_front(run);
        drop(state);
        self.changed.notify_all();
    }

    /// Whether a new worker could still find something to do.
    pub(super) fn has_future(&self) -> bool {
        let state = self.state.lock();
        state.phase == Phase::Open || !state.queue.is_empty()
    }

    pub(super) fn may_respawn(&self) -> bool {
        let mut state = self.state.lock();
        let may = state.respawns_left > 0;
        state.respawns_left = state.respawns_left.saturating_sub(1);
        may
    }

    /// The last supervisor to end fails what is still queued; says how many jobs that were.
    pub(super) fn supervisor_ends(&self, broken: Option<String>) -> u64 {
        let mut state = self.state.lock();
        state.supervisors -= 1;
        if state.supervisors > 0 {
            return 0;
        }
        let queue = std::mem::take(&mut state.queue);
        let cause = broken.unwrap_or_else(|| "its last worker has ended".to_owned());
        state.broken = Some(cause.clone());
        drop(state);
        fail_all(queue, || ProcessError::PoolBroken {
            cause: cause.clone(),
        })
    }
}

/// Ends jobs that no worker had; says how many.
fn fail_all(runs: impl IntoIterator<Item = Run>, error: impl Fn() -> ProcessError) -> u64 {
    let mut count = 0;
    for run in runs {
        count += run.jobs.len() as u64;
        for job in run.jobs {
            run.block.deliver(job, Outcome::Failed(error()));
        }
    }
    count
}
