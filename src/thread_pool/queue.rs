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
//! | `claim` | the lock, given up while it sleeps | the front, what the worker runs | who waits for a pool at rest |
//! | `requeue` | the lock | the front, if the batch has left the queue | all workers |
//! | `close` | the lock | `is_closed` | all workers, after the unlock |
//! | `cancel` | the lock, then each job's own | takes all entries out | who waits for them or for rest |
//! | `wait_for` | the lock of the job, then this one | who waits for what | nobody |
//!
//! **Lock order.** A job may take the queue's lock under its own, to say who sleeps until it ends, or that
//! it has ended. Under its own lock the queue takes only that of a batch's inputs, which is a leaf.

use std::collections::VecDeque;
use std::mem::offset_of;

use super::blocked::{Id, Wait, Workers, WouldNotEnd};
use super::entry::{Queued, Worker};
use super::error::{PoolShutDown, Refused};
use super::report::PoolReport;
use crate::sync::{Arc, Condvar, LOOKS, Mutex, MutexGuard, thread};
use crate::worker;

/// The lock and what a push touches fill one cache line, what only workers touch is on the next, and
/// the count of owners, which each job changes, on neither.
#[derive(Debug)]
#[repr(C, align(128))]
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    /// The pool may have come to rest.
    at_rest: Condvar,
    /// How the jobs ended that each worker ran. One lock per worker, which nobody else takes but to report.
    ended: Vec<Ended>,
}

#[derive(Debug, Default)]
#[repr(align(128))]
struct Ended(Mutex<PoolReport>);

#[derive(Debug, Default)]
#[repr(C)]
struct State {
    entries: VecDeque<Arc<dyn Queued>>,
    is_closed: bool,
    /// Workers that sleep until an entry comes.
    idle: usize,
    submitted: u64,
    workers: Workers,
    /// Jobs that ended without a worker.
    cancelled: u64,
    /// Jobs of workers that have come for the next one since.
    done: u64,
    /// How often nothing was queued and nothing ran.
    rests: u64,
    waiting_for_rest: usize,
}

/// On the lock's line, whose first eight bytes are its own.
const _: () = assert!(offset_of!(State, workers) <= 64 - 8);

impl State {
    /// Nothing to claim, and something may still come.
    fn has_nothing_yet(&self) -> bool {
        self.entries.is_empty() && !self.is_closed
    }

    /// Nothing is queued and nothing runs, since all that was submitted has ended.
    fn is_at_rest(&self) -> bool {
        self.submitted == self.cancelled + self.done
    }

    fn place_of(&self, id: Id) -> Option<usize> {
        self.entries.iter().position(|entry| entry.id() == id)
    }
}

impl Queue {
    pub(crate) fn new(workers: usize) -> Arc<Self> {
        let state = State {
            workers: Workers::new(workers),
            ..State::default()
        };
        Arc::new(Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            at_rest: Condvar::new(),
            ended: (0..workers).map(|_| Ended::default()).collect(),
        })
    }

    /// Queues a job. An entry that is refused is dropped, with all that the caller has put into it.
    pub(crate) fn push(&self, entry: Arc<dyn Queued>) -> Result<(), PoolShutDown> {
        let state = self.state.lock();
        if state.is_closed {
            // The entry, with what is the caller's in it, is dropped after the lock.
            return Err(PoolShutDown);
        }
        self.push_locked(state, entry);
        Ok(())
    }

    /// Queues a batch whose end the calling thread waits for. In one section: who is refused has queued
    /// nothing, and who is not counts as asleep before anybody works on it.
    pub(super) fn push_awaited(&self, entry: Arc<dyn Queued>) -> Result<(), Refused> {
        let mut state = self.state.lock();
        if state.is_closed {
            return Err(Refused::ShutDown);
        }
        if let Some(place) = self.this_worker() {
            let wait = Wait::on(entry.id());
            if let Err(WouldNotEnd) = state.workers.waits(place, wait) {
                let jobs = entry.jobs() as u64;
                state.submitted += jobs;
                state.cancelled += jobs;
                return Err(Refused::WouldNotEnd);
            }
        }
        self.push_locked(state, entry);
        Ok(())
    }

    fn push_locked(&self, mut state: MutexGuard<'_, State>, entry: Arc<dyn Queued>) {
        let is_batch = entry.is_batch();
        state.submitted += entry.jobs() as u64;
        state.entries.push_back(entry);
        let idle = state.idle;
        drop(state);
        // To wake nobody is a system call, too.
        match (idle, is_batch) {
            (0, _) => {}
            (_, true) => self.changed.notify_all(),
            (_, false) => self.changed.notify_one(),
        }
    }

    /// The calling thread is the worker in this place, up to the end of its `work`.
    pub(crate) fn begin(&self, place: usize) {
        let pool = self.address();
        worker::begin(place + 1, Some(worker::Worker { pool, place }));
    }

    /// A worker's whole life: claims and runs until the queue is closed and empty.
    // ANCHOR: work
    pub(crate) fn work(&self, place: usize, name: &str) {
        let worker = Worker::new(name, &self.ended[place].0);
        while let Some(entry) = self.claim(place, worker.since_last_claim()) {
            entry.run(&worker);
            if entry.is_batch() {
                self.retire(place, &entry);
            }
        }
        // Its thread-locals may outlive the queue, and find another one in its place.
        worker::end();
    }

    fn claim(&self, place: usize, done: u64) -> Option<Arc<dyn Queued>> {
        let mut state = self.state.lock();
        state.workers.runs(place, None);
        state.done += done;
        self.note_rest(&mut state);
        for _ in 0..LOOKS {
            if !state.has_nothing_yet() {
                break;
            }
            drop(state);
            thread::yield_now();
            state = self.state.lock();
        }
        // A loop: somebody else may have claimed what this worker was woken for.
        while state.has_nothing_yet() {
            state.idle += 1;
            state = self.changed.wait(state);
            state.idle -= 1;
        }
        let front = state.entries.front()?;
        let entry = match front.is_batch() {
            true => front.clone(),
            false => state.entries.pop_front()?,
        };
        state.workers.runs(place, Some(&entry));
        Some(entry)
    }
    // ANCHOR_END: work

    /// Takes a batch out in which a worker found no more inputs, if none was given back since.
    fn retire(&self, worker: usize, batch: &Arc<dyn Queued>) {
        let mut state = self.state.lock();
        state.workers.leaves(worker);
        let place = state.place_of(batch.id()).filter(|_| !batch.has_more());
        let _entry = place.and_then(|place| state.entries.remove(place));
        drop(state);
    }

    /// A worker has given inputs back: they come next.
    pub(crate) fn requeue(&self, batch: Arc<dyn Queued>) {
        let mut state = self.state.lock();
        if state.place_of(batch.id()).is_none() {
            state.entries.push_front(batch);
        }
        if state.idle > 0 {
            drop(state);
            self.changed.notify_all();
        }
    }

    /// Takes no more entries; workers run what is queued and end.
    pub(crate) fn close(&self) {
        self.state.lock().is_closed = true;
        self.changed.notify_all();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state.lock().is_closed
    }

    /// Cancels everything that no worker has claimed; says how many jobs this call cancelled.
    pub(crate) fn cancel(&self) -> u64 {
        let mut state = self.state.lock();
        let mut entries = std::mem::take(&mut state.entries);
        entries.extend(state.workers.batches());
        drop(state);
        entries.into_iter().map(|entry| entry.cancel()).sum()
    }

    /// A job that was refused, and that nobody else can wait for, leaves the queue.
    pub(crate) fn forget(&self, job: Id) {
        let mut state = self.state.lock();
        let place = state.place_of(job);
        let _entry = place.and_then(|place| state.entries.remove(place));
        drop(state);
    }

    pub(crate) fn count_cancelled(&self, jobs: u64) {
        let mut state = self.state.lock();
        state.cancelled += jobs;
        self.note_rest(&mut state);
    }

    pub(crate) fn report(&self) -> PoolReport {
        let mut report = PoolReport::default();
        // First: what ends meanwhile still counts as running then, and nothing counts twice.
        for ended in &self.ended {
            report += *ended.0.lock();
        }
        let state = self.state.lock();
        report.cancelled += state.cancelled;
        let left = state.submitted - report.ended();
        report.running = left.min(state.workers.busy() as u64);
        report.queued = left - report.running;
        report
    }

    pub(crate) fn wait_idle(&self) {
        let mut state = self.state.lock();
        // As for an event: who waited at that moment goes on, though more may have come.
        let seen = state.rests;
        while !state.is_at_rest() && state.rests == seen {
            state.waiting_for_rest += 1;
            state = self.at_rest.wait(state);
            state.waiting_for_rest -= 1;
        }
    }

    #[allow(dead_code, reason = "only the models ask")]
    pub(crate) fn waiting_for_rest(&self) -> usize {
        self.state.lock().waiting_for_rest
    }

    fn note_rest(&self, state: &mut State) {
        state.rests += u64::from(state.is_at_rest());
        if state.is_at_rest() && state.waiting_for_rest > 0 {
            self.at_rest.notify_all();
        }
    }

    /// The calling thread is about to sleep until this ends. `Ok(true)` if it is, or works on behalf
    /// of, a worker of this pool; it counts as asleep then until [`release`](Self::release).
    pub(crate) fn wait_for(&self, wait: Wait) -> Result<bool, WouldNotEnd> {
        let Some(place) = self.this_worker() else {
            return Ok(false);
        };
        self.state.lock().workers.waits(place, wait)?;
        Ok(true)
    }

    pub(crate) fn release(&self, id: Id) {
        self.state.lock().workers.release(id);
    }

    /// The place of the worker of this queue that the calling thread is, or works on behalf of.
    pub(crate) fn this_worker(&self) -> Option<usize> {
        let worker = worker::current()?;
        (worker.pool == self.address()).then_some(worker.place)
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}
