//! The maps that take all of their inputs first: Python's `Pool.map`.
//!
//! ```text
//!   inputs ── encode ──▶ block, block, … ── submitted as soon as each is full ──▶ workers
//!   outputs, in order ◀── decode ◀── outcomes, as they come ◀────────────────────────┘
//! ```

use std::collections::BTreeMap;

use serde::{Serialize, de::DeserializeOwned};

use super::turns::Then;
use super::{Block, Outcome, Pool, ProcessPool, Turns};
use crate::process::{ProcessError, Work};
use crate::sync::Deadline;

/// Why [`ProcessPool::try_map`] has no outputs.
///
/// Needs the feature `processes`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TryProcessMapError<E> {
    /// The work gave this error.
    #[error("input {index}: {error}")]
    Failed {
        /// Which input; every one before it gave an output.
        index: usize,
        /// What the work said.
        error: E,
    },
    /// The job has no output.
    #[error("input {index}: {error}")]
    Job {
        /// Which input; every one before it gave an output.
        index: usize,
        /// Why it has none.
        error: ProcessError,
    },
}

/// A map whose outcomes have not all been taken. Dropping it, be it that the caller's iterator has
/// panicked, cancels what no worker has.
struct Open<'a> {
    turns: &'a Turns<Pool>,
    map: u64,
    jobs: u64,
    ended: u64,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if self.ended < self.jobs {
            let jobs = 0..self.jobs;
            self.turns.tell(|pool| pool.cancel(self.map, jobs));
        }
        self.turns.leave(|pool| pool.leave_map(self.map));
    }
}

impl ProcessPool {
    /// Runs every input in some worker; gives one outcome per input, in the inputs' order.
    ///
    /// Inputs are encoded and outputs decoded on the calling thread, so neither need be `Send`.
    /// Jobs travel in chunks while they are tiny; each job's outcome is its own all the same. Maps of
    /// several threads take turns, chunk by chunk. If the iterator of the inputs panics, what no worker
    /// has is cancelled.
    ///
    /// # Blocking
    /// Until every input has its outcome.
    ///
    /// # Errors
    /// Each on its own: see [`ProcessError`]. After [`kill`](Self::kill) the rest are
    /// [`ProcessError::Cancelled`].
    // ANCHOR: map
    pub fn map<W: Work>(
        &self,
        inputs: impl IntoIterator<Item = W>,
    ) -> Vec<Result<W::Output, ProcessError>> {
        let inputs = inputs.into_iter();
        let mut outputs = Vec::with_capacity(inputs.size_hint().0);
        self.each(inputs, &mut outputs, |_| true);
        outputs
    }

    /// Appends the outcomes in order, as they come, until `goes_on` says that the rest shall not run.
    fn each<W: Work>(
        &self,
        inputs: impl Iterator<Item = W>,
        outputs: &mut Vec<Result<W::Output, ProcessError>>,
        mut goes_on: impl FnMut(&mut Vec<Result<W::Output, ProcessError>>) -> bool,
    ) {
        let map = self.turns.peek(|pool| pool.open_map());
        let mut open = Open {
            turns: &self.turns,
            map,
            jobs: 0,
            ended: 0,
        };
        let mut block = Block::new(W::NAME, 0);
        for input in inputs {
            let refused = block.push(&input, self.max_frame).err();
            open.jobs += 1;
            if refused.is_some() || block.is_full() {
                let next = Block::new(W::NAME, open.jobs);
                let full = std::mem::replace(&mut block, next);
                self.turns.tell(|pool| {
                    let index = full.end();
                    pool.submit(map, full);
                    refused.map(|error| pool.refuse(map, index, error))
                });
            }
        }
        let mut last = Some(block);
        let mut early = BTreeMap::new();
        while open.ended < open.jobs {
            let some = |pool: &mut Pool| {
                let outcomes = pool.take_outcomes(map);
                (!outcomes.is_empty()).then_some(outcomes)
            };
            let outcomes = match last.take() {
                Some(block) => self.turns.ask(|pool| pool.submit(map, block), map, some),
                None => self
                    .turns
                    .wait(map, &Deadline::never(), Then::ComesBack, some),
            };
            for (first, outcome) in outcomes.unwrap_or_default() {
                let before = early.insert(first, outcome);
                debug_assert!(before.is_none(), "job {first} ended twice");
            }
            while let Some(outcome) = early.remove(&open.ended) {
                let before = outputs.len();
                Outcome::decode_onto(outcome, outputs);
                open.ended += (outputs.len() - before) as u64;
            }
            if !goes_on(outputs) {
                return;
            }
        }
    }
    // ANCHOR_END: map

    /// Runs every input; gives all outputs in the inputs' order, or the first error.
    ///
    /// The first by index, whichever came first: what a loop would have given. Then what no worker has
    /// is cancelled; what workers have runs on, and its outcomes are dropped.
    ///
    /// # Blocking
    /// Until every input, or every one up to the first that has no output, has ended.
    ///
    /// # Errors
    /// [`TryProcessMapError::Failed`] with the work's own error; [`TryProcessMapError::Job`] if a job
    /// has no output.
    ///
    /// # Differences from Python
    /// [`Pool.map`](https://docs.python.org/3/library/multiprocessing.html#multiprocessing.pool.Pool.map)
    /// raises the first exception in time, once all chunks have ended; a chunk ends at its first exception.
    ///
    /// # Examples
    /// ```no_run
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Serialize, Deserialize)]
    /// # struct Parse(String);
    /// # impl threadproof::Work for Parse {
    /// #     type Output = Result<i64, String>;
    /// #     const NAME: &'static str = "parse";
    /// #     fn run(self) -> Self::Output { self.0.parse().map_err(|error| format!("{error}")) }
    /// # }
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # threadproof::run_if_worker(&threadproof::WorkTable::new().with::<Parse>());
    /// # let pool = threadproof::ProcessPool::builder(threadproof::WorkerProgram::current()?).build()?;
    /// let parse = |text: &str| Parse(text.to_owned());
    /// assert_eq!(pool.try_map(["1", "2"].map(parse))?, [1, 2]);
    /// let error = pool.try_map(["1", "b"].map(parse)).unwrap_err();
    /// assert_eq!(error.to_string(), "input 1: invalid digit found in string");
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "gather")]
    pub fn try_map<W, T, E>(
        &self,
        inputs: impl IntoIterator<Item = W>,
    ) -> Result<Vec<T>, TryProcessMapError<E>>
    where
        W: Work<Output = Result<T, E>>,
        T: Serialize + DeserializeOwned,
        E: Serialize + DeserializeOwned,
    {
        let (mut outputs, mut failed) = (Vec::new(), None);
        self.each(inputs.into_iter(), &mut Vec::new(), |new| {
            for outcome in new.drain(..) {
                let index = outputs.len();
                match outcome {
                    Ok(Ok(output)) => outputs.push(output),
                    Ok(Err(error)) => failed = Some(TryProcessMapError::Failed { index, error }),
                    Err(error) => failed = Some(TryProcessMapError::Job { index, error }),
                }
                if failed.is_some() {
                    return false;
                }
            }
            true
        });
        match failed {
            Some(error) => Err(error),
            None => Ok(outputs),
        }
    }
}
