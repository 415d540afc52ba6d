//! The queue that a pool's workers share: first in, first out, closable, cancellable.
//!
//! ```text
//!   push ──▶ [ job │ batch │ job ]  ──▶ claim      open ── close ──▶ closed
//!                    ▲ stays at the front until all its inputs are claimed
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | `push` | the lock | the back | if any is idle, one worker, for a batch all; after the unlock |
//! | `claim` | the lock, given up while it sleeps | the front, `idle` | nobody |
//! | `close` | the lock | `is_closed` | all workers, after the unlock |
//! | `cancel` | the lock, then each job's own | takes all entries out | who waits for them |
//!
//! **Lock order.** A job may take the queue's lock while it holds its own (to say that a worker
//! sleeps until it ends, see [`Sleepers`]). The queue never takes a job's lock while it holds its
//! own. So no cycle can form.

use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt::Debug;

use super::PoolShutDown;
use crate::lifecycle::discard;
use crate::sync::{Arc, Condvar, LOOKS, Mutex, thread};

/// Something that waits in the queue.
pub(crate) trait Queued: Send + Sync + Debug {
    /// Whether several workers may work on it at once; it leaves the queue when one finds it empty.
    fn is_batch(&self) -> bool;
    /// Runs the job, or the batch's inputs until none is left. No panic comes out.
    fn run(&self, worker: &str) -> Tally;
    /// Takes back what has not begun.
    fn cancel(&self) -> Cancelled;
}

/// How many jobs ended in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) completed: u64,
    pub(crate) cancelled: u64,
    pub(crate) panicked: u64,
}

impl Tally {
    /// Of so many jobs, some of which panicked.
    pub(super) fn of_run(jobs: usize, panicked: usize) -> Self {
        Self {
            completed: (jobs - panicked) as u64,
            panicked: panicked as u64,
            ..Self::default()
        }
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.completed += other.completed;
        self.cancelled += other.cancelled;
        self.panicked += other.panicked;
    }
}

/// What a cancel found: jobs that it cancelled, and jobs that their handles had cancelled before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cancelled {
    pub(crate) now: u64,
    pub(crate) before: u64,
}

/// Aligned, so that the lock shares no cache line with the count of its owners, which each job
/// changes.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    workers: usize,
}

#[derive(Debug, Default)]
struct State {
    entries: VecDeque<Arc<dyn Queued>>,
    is_closed: bool,
    /// Workers that sleep until an entry comes.
    idle: usize,
    /// Workers that sleep until a job of this pool ends.
    asleep: usize,
    cancelled: u64,
}

impl State {
    fn is_idle(&self) -> bool {
        self.entries.is_empty() && !self.is_closed
    }
}

crate::sync::thread_local! {
    /// The queue that this thread works for, by address; 0 for a thread that is no worker.
    static WORKS_FOR: Cell<usize> = const { Cell::new(0) };
}

impl Queue {
    pub(crate) fn new(workers: usize) -> Arc<Self> {
        let (state, changed) = (Mutex::default(), Condvar::new());
        Arc::new(Self {
            state,
            changed,
            workers,
        })
    }

    pub(crate) fn push(&self, entry: Arc<dyn Queued>) -> Result<(), PoolShutDown> {
        let is_batch = entry.is_batch();
        let mut state = self.state.lock();
        if state.is_closed {
            return Err(PoolShutDown);
        }
        state.entries.push_back(entry);
        let idle = state.idle;
        drop(state);
        // To wake nobody is a system call, too.
        if idle == 0 {
            return Ok(());
        }
        if is_batch {
            self.changed.notify_all();
        } else {
            self.changed.notify_one();
        }
        Ok(())
    }

    /// A worker's whole life: claims and runs until the queue is closed and empty.
    // ANCHOR: work
    pub(crate) fn work(&self, worker: &str) -> Tally {
        WORKS_FOR.with(|queue| queue.set(self.address()));
        let mut tally = Tally::default();
        while let Some(entry) = self.claim() {
            tally += entry.run(worker);
            if entry.is_batch() {
                self.retire(&entry);
            }
            // Perhaps the last owner of an output that nobody wants.
            discard(entry);
        }
        tally
    }

    fn claim(&self) -> Option<Arc<dyn Queued>> {
        let mut state = self.state.lock();
        for _ in 0..LOOKS {
            if !state.is_idle() {
                break;
            }
            drop(state);
            thread::yield_now();
            state = self.state.lock();
        }
        // A loop: somebody else may have claimed what this worker was woken for.
        while state.is_idle() {
            state.idle += 1;
            state = self.changed.wait(state);
            state.idle -= 1;
        }
        let front = state.entries.front()?;
        if front.is_batch() {
            return Some(front.clone());
        }
        state.entries.pop_front()
    }
    // ANCHOR_END: work

    /// Takes a batch out in which a worker found no more inputs.
    fn retire(&self, batch: &Arc<dyn Queued>) {
        let mut state = self.state.lock();
        let place = state
            .entries
            .iter()
            .position(|entry| Arc::ptr_eq(entry, batch));
        let entry = place.and_then(|place| state.entries.remove(place));
        drop(state);
        drop(entry);
    }

    /// Takes no more entries; the workers run what is queued and end.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        state.is_closed = true;
        drop(state);
        self.changed.notify_all();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state.lock().is_closed
    }

    /// Cancels everything that no worker has claimed; says how many jobs this call cancelled.
    pub(crate) fn cancel(&self) -> u64 {
        let entries = std::mem::take(&mut self.state.lock().entries);
        let (mut now, mut all) = (0, 0);
        for entry in entries {
            let cancelled = entry.cancel();
            now += cancelled.now;
            all += cancelled.now + cancelled.before;
        }
        self.add_cancelled(all);
        now
    }

    /// Counts jobs that ended without a worker.
    pub(crate) fn add_cancelled(&self, jobs: u64) {
        self.state.lock().cancelled += jobs;
    }

    /// How many jobs left the queue by [`cancel`](Self::cancel), or were refused a wait.
    pub(crate) fn cancelled(&self) -> u64 {
        self.state.lock().cancelled
    }

    /// Whether the calling thread is a worker of this queue.
    fn has_this_worker(&self) -> bool {
        WORKS_FOR.with(|queue| queue.get() == self.address())
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

/// The workers of a pool that sleep until one of its own jobs ends; guarded by that job's lock.
///
/// When the last worker that is awake is about to join them, nobody is left who could end any of
/// these jobs: it must not sleep.
#[derive(Debug, Default)]
pub(crate) struct Sleepers {
    workers: usize,
}

impl Sleepers {
    /// To be asked once before a wait without a deadline; `Err` if it would never end.
    pub(crate) fn add_this_thread(&mut self, queue: &Queue) -> Result<(), super::JobError> {
        if queue.has_this_worker() {
            let mut state = queue.state.lock();
            if state.asleep + 1 == queue.workers {
                return Err(super::JobError::WouldDeadlock);
            }
            state.asleep += 1;
            self.workers += 1;
        }
        Ok(())
    }

    /// The job ended, so they can all go on.
    pub(crate) fn release(&mut self, queue: &Queue) {
        if self.workers > 0 {
            queue.state.lock().asleep -= std::mem::take(&mut self.workers);
        }
    }
}
