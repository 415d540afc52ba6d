//! One submitted job, and the owned permission to join it: Python's `AsyncResult`.
//!
//! ```text
//!   submit ──▶ queued ──▶ in hand of a worker ──▶ ended: its outcome waits here until it is joined
//!                 └ cancel ──▶ Cancelled   └ kill: the worker is killed, and replaced ──▶ Cancelled
//! ```

use std::marker::PhantomData;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::crew::Pool;
use super::protocol::{Event, Job};
use super::turns::{Then, Turns};
use crate::process::ProcessError;
use crate::sync::{Arc, Deadline};

/// A job of a [`ProcessPool`](super::ProcessPool), which runs whether or not anybody waits for it.
///
/// Needs the feature `processes`. Dropping the handle lets the job go on; its output is lost.
///
/// # Differences from Python
/// [`AsyncResult`](https://docs.python.org/3/library/multiprocessing.html#multiprocessing.pool.AsyncResult)
/// and `Future` can end no job that runs; [`kill`](Self::kill) does, and costs nobody else.
///
/// # Examples
/// ```no_run
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Clone, Serialize, Deserialize)]
/// # struct Square(i64);
/// # impl threadproof::Work for Square {
/// #     type Output = i64;
/// #     const NAME: &'static str = "square";
/// #     fn run(self) -> i64 { self.0 * self.0 }
/// # }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # threadproof::run_if_worker(&threadproof::WorkTable::new().with::<Square>());
/// # let pool = threadproof::ProcessPool::builder(threadproof::WorkerProgram::current()?).build()?;
/// use std::time::Duration;
/// let job = pool.submit(Square(5))?;
/// match job.join_timeout(Duration::from_secs(10)) {
///     Ok(outcome) => assert_eq!(outcome?, 25),
///     Err(job) => job.kill(),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "dropping the handle loses the output; the job runs all the same"]
pub struct ProcessJob<O> {
    pub(super) turns: Arc<Turns<Pool>>,
    pub(super) map: u64,
    pub(super) output: PhantomData<fn() -> O>,
}

impl<O: DeserializeOwned> ProcessJob<O> {
    /// Waits for the job's end.
    ///
    /// # Errors
    /// See [`ProcessError`].
    #[doc(alias = "result")]
    #[doc(alias = "get")]
    pub fn join(self) -> Result<O, ProcessError> {
        let outcome = self.wait(&Deadline::never());
        outcome.unwrap_or(Err(ProcessError::Cancelled))
    }

    /// Waits for at most `timeout`: the outcome, or the handle back.
    ///
    /// # Errors
    /// The handle itself, if the job has not ended.
    pub fn join_timeout(self, timeout: Duration) -> Result<Result<O, ProcessError>, Self> {
        match self.wait(&Deadline::after(timeout)) {
            Some(outcome) => Ok(outcome),
            None => Err(self),
        }
    }

    fn wait(&self, deadline: &Deadline) -> Option<Result<O, ProcessError>> {
        let taken = self.turns.wait(self.map, deadline, Then::Leaves, |pool| {
            pool.take_outcomes(self.map).pop()
        });
        let mut outputs = Vec::with_capacity(1);
        taken?.1.decode_onto(&mut outputs);
        outputs.pop()
    }
}

impl<O> ProcessJob<O> {
    /// Whether the job has ended, so that [`join`](Self::join) would not wait. Does not wait for it.
    #[doc(alias = "done")]
    #[doc(alias = "ready")]
    pub fn is_finished(&self) -> bool {
        self.turns.tell(|pool| pool.has_outcomes(self.map))
    }

    /// The job never runs, if no worker has it yet: its outcome is then [`ProcessError::Cancelled`].
    /// Else nothing happens. Does not wait for the job.
    pub fn cancel(&self) {
        self.turns.tell(|pool| pool.cancel(self.map, 0..1));
    }

    /// Ends the job, also while it runs: its worker is killed and replaced, and no other job is lost.
    /// The outcome is [`ProcessError::Cancelled`], unless the job was faster. Does not wait for its end.
    #[doc(alias = "terminate")]
    pub fn kill(&self) {
        let (map, index) = (self.map, 0);
        self.turns
            .tell(|pool| pool.say(Event::KillJob(Job { map, index })));
    }
}

impl<O> Drop for ProcessJob<O> {
    fn drop(&mut self) {
        self.turns.leave(|pool| pool.leave_map(self.map));
    }
}
