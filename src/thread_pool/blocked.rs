//! Which worker of a pool waits for which of its jobs: would one more wait last for ever?
//!
//! ```text
//!   worker-1 ── waits for ──▶ job a ── run by ──▶ worker-2 ── waits for ──▶ job b ── queued
//!                                                                            needs a free worker
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | a worker claims a job | the queue's lock | what it runs | nobody |
//! | it is about to sleep until a job ends | the job's lock, then the queue's | what it waits for | nobody |
//! | that job ends | the job's lock, then the queue's | takes the wait away | nobody |
//!
//! **Why nobody hangs.** A worker *can go on* if it waits for nothing, or if all its waits will end. A
//! wait will end if some worker can go on at all, lest the job is never begun, and if everybody who runs
//! it already can go on. The invariant: every worker can go on. It holds at first, when nobody waits. A new
//! wait is allowed only if it will end on the strength of the *other* workers alone; then the worker that
//! asks can still go on, and so can those that rely on it. A worker that claims a job waits for nothing.
//! So no set of workers ever waits only for one another.

use super::entry::Queued;
use crate::sync::Arc;

/// A job, a batch or a set of jobs, by the address of what its owner sleeps on.
pub(crate) type Id = usize;

/// A worker sleeps until one of these has ended.
#[derive(Clone, Debug)]
pub(crate) struct Wait {
    pub(crate) on: Id,
    pub(crate) any_of: Vec<Id>,
}

impl Wait {
    pub(crate) fn on(job: Id) -> Self {
        Self {
            on: job,
            any_of: vec![job],
        }
    }
}

/// What the workers of one pool do.
#[derive(Debug, Default)]
pub(crate) struct Workers(Vec<Worker>);

#[derive(Clone, Debug, Default)]
struct Worker {
    runs: Option<Id>,
    /// If that is a batch.
    batch: Option<Arc<dyn Queued>>,
    /// Several, if other threads wait on its behalf: it goes on when all of them have ended.
    waits: Vec<Wait>,
}

impl Workers {
    pub(crate) fn new(number: usize) -> Self {
        Self(vec![Worker::default(); number])
    }

    pub(crate) fn runs(&mut self, place: usize, entry: Option<&Arc<dyn Queued>>) {
        let worker = &mut self.0[place];
        worker.runs = entry.map(|entry| entry.id());
        worker.batch = entry.filter(|entry| entry.is_batch()).cloned();
    }

    /// It finds no more to do in its batch. It owns it, too, so that nothing is dropped here.
    pub(super) fn leaves(&mut self, place: usize) {
        self.0[place].batch = None;
    }

    /// Those that workers are inside, some more than once. They may have left the queue while a worker
    /// has inputs that it has not begun.
    pub(super) fn batches(&self) -> impl Iterator<Item = Arc<dyn Queued>> {
        self.0.iter().filter_map(|worker| worker.batch.clone())
    }

    pub(crate) fn busy(&self) -> usize {
        self.0.iter().filter(|worker| worker.runs.is_some()).count()
    }

    /// Notes the wait, unless it would never end.
    pub(crate) fn waits(&mut self, place: usize, wait: Wait) -> Result<(), WouldNotEnd> {
        if !self.will_end_without(place, &wait) {
            return Err(WouldNotEnd);
        }
        self.0[place].waits.push(wait);
        Ok(())
    }

    /// Nobody waits for it any more.
    pub(crate) fn release(&mut self, on: Id) {
        for worker in &mut self.0 {
            worker.waits.retain(|wait| wait.on != on);
        }
    }

    // ANCHOR: will_end
    fn will_end_without(&self, asks: usize, wait: &Wait) -> bool {
        let mut go_on = vec![false; self.0.len()];
        // At first those that are awake, then who waits for these, and so on.
        loop {
            let is_new = |place: &usize| {
                let waits = &self.0[*place].waits;
                *place != asks
                    && !go_on[*place]
                    && waits.iter().all(|wait| self.will_end(wait, &go_on))
            };
            match (0..self.0.len()).find(is_new) {
                Some(place) => go_on[place] = true,
                None => return self.will_end(wait, &go_on),
            }
        }
    }

    fn will_end(&self, wait: &Wait, go_on: &[bool]) -> bool {
        let will_end = |job: &Id| {
            let mut runners = (0..self.0.len()).filter(|place| self.0[*place].runs == Some(*job));
            go_on.contains(&true) && runners.all(|place| go_on[place])
        };
        wait.any_of.iter().any(will_end)
    }
    // ANCHOR_END: will_end
}

/// The wait would last for ever.
#[derive(Debug)]
pub(crate) struct WouldNotEnd;
