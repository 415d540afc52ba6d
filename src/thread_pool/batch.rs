//! The inputs of one eager `map`: queued once, worked on by every worker that is free.
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | a worker enters | the batch's lock | `inside` | nobody |
//! | it claims runs | the inputs' lock | inputs | nobody |
//! | it leaves | the batch's lock | its runs of outputs, `left`, `inside` | the caller, when all is done |
//! | `cancel` | first the inputs' lock, then the batch's | as above | the caller |
//!
//! The caller goes on when no input is left *and* no worker is inside: by then every input and the
//! function itself have been dropped, so what they borrowed by `Arc` is the caller's again.

use std::fmt;
use std::time::Instant;

use super::JobError;
use super::queue::{Cancelled, Queue, Queued, Sleepers, Tally};
use crate::claims::{Inputs, Pace, Run, in_order};
use crate::sync::{Arc, Condvar, Mutex, MutexGuard};

pub(crate) struct Batch<T, R, F> {
    inputs: Inputs<T>,
    state: Mutex<State<R, F>>,
    changed: Condvar,
    queue: Arc<Queue>,
}

struct State<R, F> {
    /// Gone once the caller has its outputs; a worker that comes later finds nothing to do.
    function: Option<Arc<F>>,
    runs: Vec<Run<R, JobError>>,
    left: usize,
    inside: usize,
    sleepers: Sleepers,
}

impl<T, R, F> Batch<T, R, F>
where
    T: Send + 'static,
    R: Send + 'static,
    F: Fn(T) -> R + Send + Sync + 'static,
{
    pub(crate) fn new(
        inputs: Vec<T>,
        workers: usize,
        function: F,
        queue: &Arc<Queue>,
    ) -> Arc<Self> {
        let state = State {
            function: Some(Arc::new(function)),
            runs: Vec::new(),
            left: inputs.len(),
            inside: 0,
            sleepers: Sleepers::default(),
        };
        Arc::new(Self {
            inputs: Inputs::new(inputs, workers),
            state: Mutex::new(state),
            changed: Condvar::new(),
            queue: queue.clone(),
        })
    }

    /// Waits until every input has its outcome; gives them in the inputs' order.
    ///
    /// If the caller is the pool's last free worker, what has not begun becomes `WouldDeadlock`.
    pub(crate) fn join(&self) -> Vec<Result<R, JobError>> {
        let mut state = self.state.lock();
        if !state.is_done() && state.sleepers.add_this_thread(&self.queue).is_err() {
            drop(state);
            let refused = self.give_up(&JobError::WouldDeadlock);
            self.queue.add_cancelled(refused as u64);
            state = self.state.lock();
        }
        while !state.is_done() {
            state = self.changed.wait(state);
        }
        let function = state.function.take();
        let runs = std::mem::take(&mut state.runs);
        drop(state);
        drop(function);
        in_order(runs)
    }

    /// Ends every input that is not claimed with this error; says how many.
    fn give_up(&self, why: &JobError) -> usize {
        let indices = self.inputs.cancel();
        let (refused, run) = (indices.len(), Run::refused(indices, why));
        let mut state = self.state.lock();
        state.deliver(vec![run]);
        self.end_if_done(state);
        refused
    }

    fn end_if_done(&self, mut state: MutexGuard<'_, State<R, F>>) {
        if state.is_done() {
            state.sleepers.release(&self.queue);
            drop(state);
            // Only the caller of the map waits.
            self.changed.notify_one();
        }
    }
}

impl<R, F> State<R, F> {
    fn is_done(&self) -> bool {
        self.left == 0 && self.inside == 0
    }

    fn deliver(&mut self, runs: Vec<Run<R, JobError>>) {
        self.left -= runs.iter().map(Run::length).sum::<usize>();
        self.runs.extend(runs);
    }
}

impl<T, R, F> Queued for Batch<T, R, F>
where
    T: Send + 'static,
    R: Send + 'static,
    F: Fn(T) -> R + Send + Sync + 'static,
{
    fn is_batch(&self) -> bool {
        true
    }

    fn run(&self, worker: &str) -> Tally {
        let mut state = self.state.lock();
        let Some(function) = state.function.clone() else {
            return Tally::default();
        };
        state.inside += 1;
        drop(state);

        let (mut runs, mut tally, mut pace) = (Vec::new(), Tally::default(), Pace::of_threads());
        while let Some((first, inputs)) = self.inputs.claim(pace.length()) {
            let start = Instant::now();
            let run = Run::of(worker, first, inputs.into_iter(), &*function);
            tally += Tally::of_run(run.length(), run.errors());
            runs.push(run);
            pace.learn(start);
        }
        drop(function);

        let mut state = self.state.lock();
        state.inside -= 1;
        state.deliver(runs);
        self.end_if_done(state);
        tally
    }

    fn cancel(&self) -> Cancelled {
        let now = self.give_up(&JobError::Cancelled) as u64;
        Cancelled { now, before: 0 }
    }
}

impl<T, R, F> fmt::Debug for Batch<T, R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").finish_non_exhaustive()
    }
}
