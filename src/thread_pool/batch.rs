//! The inputs of one eager `map`: queued once, worked on by every worker that is free.
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | a worker enters | the batch's lock | `inside` | nobody |
//! | it claims and finishes chunks | the inputs' lock | inputs | workers, for what it gives back |
//! | it leaves | the batch's lock; in it, if a worker waits, the queue's | its outcomes, `left`, `inside` | the caller, when all is done |
//! | `cancel` | first the inputs' lock, then the batch's | as above | the caller |
//!
//! The caller goes on when no input is left *and* no worker is inside: by then every input has been
//! dropped, and nobody else has the function, which the caller drops. So what they owned through an
//! `Arc` is the caller's again.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::vec::IntoIter;

use super::JobError;
use super::blocked::Id;
use super::entry::{Queued, Worker};
use super::error::Refused;
use super::queue::Queue;
use crate::chunk_size::ChunkSize;
use crate::chunks::{Chunk, Chunks};
use crate::lifecycle::{Theirs, discard};
use crate::outcomes::{Outcomes, in_order, run_chunk};
use crate::sync::{Arc, Condvar, Mutex, MutexGuard, Weak};

pub(crate) struct Batch<T, R, F> {
    inputs: Arc<Chunks<IntoIter<T>>>,
    jobs: usize,
    size: ChunkSize,
    state: Mutex<State<R, F>>,
    changed: Condvar,
    queue: Arc<Queue>,
    /// A worker of the same pool waits for it, or a thread that works on behalf of one.
    is_for_worker: bool,
    own: Weak<Self>,
}

struct State<R, F> {
    /// Gone once the caller has its outputs; a worker that comes later finds nothing to do.
    function: Option<Arc<F>>,
    outcomes: Vec<Outcomes<R, JobError>>,
    left: usize,
    inside: usize,
}

impl<T, R, F> Batch<T, R, F>
where
    T: Send + 'static,
    R: Send + 'static,
    F: Fn(T) -> R + Send + Sync + 'static,
{
    pub(crate) fn new(
        inputs: Arc<Chunks<IntoIter<T>>>,
        jobs: usize,
        size: ChunkSize,
        function: F,
        queue: &Arc<Queue>,
    ) -> Arc<Self> {
        let state = State {
            function: Some(Arc::new(function)),
            outcomes: Vec::new(),
            left: jobs,
            inside: 0,
        };
        Arc::new_cyclic(|own| Self {
            inputs,
            jobs,
            size,
            state: Mutex::new(state),
            changed: Condvar::new(),
            queue: queue.clone(),
            is_for_worker: queue.this_worker().is_some(),
            own: own.clone(),
        })
    }

    /// Queues the batch and waits until every input has its outcome; gives them in the inputs' order.
    ///
    /// If the wait would never end, or the pool takes no more jobs, no input begins.
    pub(crate) fn map(self: &Arc<Self>) -> Vec<Result<R, JobError>> {
        match self.queue.push_awaited(self.clone()) {
            Ok(()) => {}
            Err(Refused::WouldNotEnd) => self.give_up(&JobError::WouldDeadlock),
            Err(Refused::ShutDown) => self.give_up(&JobError::Cancelled),
        }
        self.join()
    }

    pub(crate) fn join(&self) -> Vec<Result<R, JobError>> {
        let mut state = self.state.lock();
        // A loop: a wake-up may be spurious.
        while !state.is_done() {
            state = self.changed.wait(state);
        }
        let function = state.function.take();
        let outcomes = std::mem::take(&mut state.outcomes);
        drop(state);
        discard(function);
        in_order(outcomes)
    }

    /// Ends every input that is not claimed with this error.
    fn give_up(&self, why: &JobError) {
        self.refuse(self.inputs.cancel(), why);
    }

    fn refuse(&self, chunks: Vec<Chunk<IntoIter<T>>>, why: &JobError) {
        let refused = chunks.into_iter().map(Chunk::discard);
        let refused: Vec<_> = refused
            .map(|indices| Outcomes::refused(indices, why))
            .collect();
        let mut state = self.state.lock();
        state.deliver(refused);
        self.end_if_done(state);
    }

    fn end_if_done(&self, state: MutexGuard<'_, State<R, F>>) {
        if state.is_done() {
            if self.is_for_worker {
                self.queue.release(self.id());
            }
            drop(state);
            // Only the caller of the map waits.
            self.changed.notify_one();
        }
    }
}

/// All inputs of a map, and its function. A panic of the iterator's passes on, and nothing is left
/// behind; one in its `Drop` does not.
pub(super) fn collect<I: IntoIterator, F>(inputs: I, function: F) -> (Vec<I::Item>, F) {
    let function = Theirs::new(function);
    let (mut inputs, mut all) = (Theirs::new(inputs.into_iter()), Vec::new());
    let extend = || all.extend(inputs.by_ref());
    if let Err(payload) = catch_unwind(AssertUnwindSafe(extend)) {
        all.into_iter().for_each(discard);
        drop((inputs, function));
        resume_unwind(payload);
    }
    (all, function.into_inner())
}

impl<R, F> State<R, F> {
    fn is_done(&self) -> bool {
        self.left == 0 && self.inside == 0
    }

    fn deliver(&mut self, outcomes: Vec<Outcomes<R, JobError>>) {
        self.left -= outcomes.iter().map(Outcomes::length).sum::<usize>();
        self.outcomes.extend(outcomes);
    }
}

impl<T, R, F> Queued for Batch<T, R, F>
where
    T: Send + 'static,
    R: Send + 'static,
    F: Fn(T) -> R + Send + Sync + 'static,
{
    fn id(&self) -> Id {
        std::ptr::from_ref(self).addr()
    }

    fn jobs(&self) -> usize {
        self.jobs
    }

    fn is_batch(&self) -> bool {
        true
    }

    fn has_more(&self) -> bool {
        self.inputs.has_more()
    }

    fn run(&self, worker: &Worker<'_>) {
        let mut state = self.state.lock();
        let Some(function) = state.function.clone() else {
            return;
        };
        state.inside += 1;
        drop(state);

        let (mut all, mut size) = (Vec::new(), self.size.clone());
        while let Some(chunk) = self.inputs.claim(size.length()) {
            let (outcomes, finished) =
                run_chunk(worker.name, &self.inputs, chunk, &mut size, &*function);
            worker.count(outcomes.length(), outcomes.errors());
            all.push(outcomes);
            if finished.gave_back
                && let Some(own) = self.own.upgrade()
            {
                self.queue.requeue(own);
            }
            for chunk in finished.beyond {
                let indices = chunk.discard();
                self.queue.count_cancelled(indices.len() as u64);
                all.push(Outcomes::refused(indices, &JobError::Cancelled));
            }
        }
        discard(function);

        let mut state = self.state.lock();
        state.inside -= 1;
        state.deliver(all);
        self.end_if_done(state);
    }

    fn cancel(&self) -> u64 {
        let chunks = self.inputs.cancel();
        let jobs = chunks
            .iter()
            .map(|chunk| chunk.indices().len() as u64)
            .sum();
        self.queue.count_cancelled(jobs);
        self.refuse(chunks, &JobError::Cancelled);
        jobs
    }
}

impl<T, R, F> fmt::Debug for Batch<T, R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").finish_non_exhaustive()
    }
}
