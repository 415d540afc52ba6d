//! A map that ends at its first error: Python's `map` as it is usually meant, all outputs or an error.
//!
//! ```text
//!   inputs   0 1 2 3 4 5 6 …
//!            ✓ ✓   ✗            3 fails: nothing after it begins, 2 still runs and may fail, too
//!   the error of the first input that fails, as a loop would give it
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | an input fails | nothing | the limit of the inputs | nobody |
//! | its worker finishes its chunk | as in `batch.rs` | takes away what lies beyond the limit | the caller |

use std::fmt;
use std::vec::IntoIter;

use super::batch::{Batch, collect};
use super::{JobError, ThreadPool};
use crate::chunk_size::ChunkSize;
use crate::chunks::Chunks;
use crate::lifecycle::discard;
use crate::sync::Arc;

/// Why [`ThreadPool::try_map`] has no outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TryMapError<E> {
    /// The function gave this error.
    Failed {
        /// Which input; every one before it gave an output.
        index: usize,
        /// What the function said.
        error: E,
    },
    /// The function panicked, or the job did not run.
    Job {
        /// Which input; every one before it gave an output.
        index: usize,
        /// Why it has no output.
        error: JobError,
    },
}

impl<E> TryMapError<E> {
    /// Which input has no output.
    pub fn index(&self) -> usize {
        match self {
            Self::Failed { index, .. } | Self::Job { index, .. } => *index,
        }
    }
}

impl<E: fmt::Display> fmt::Display for TryMapError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { index, error } => write!(f, "input {index}: {error}"),
            Self::Job { index, error } => write!(f, "input {index}: {error}"),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for TryMapError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Failed { error, .. } => Some(error),
            Self::Job { error, .. } => Some(error),
        }
    }
}

impl ThreadPool {
    /// Runs `f` on every input; gives all outputs in the inputs' order, or the first error.
    ///
    /// The first by index, whichever came first: what a loop would have given. Once an input has failed
    /// no worker looks for one after it; those before it begin, since one of them may fail as well.
    ///
    /// # Blocking
    /// Until every input that began has ended. When it returns, every input and `f` have been dropped.
    ///
    /// # Errors
    /// [`TryMapError::Failed`] with the function's error; [`TryMapError::Job`] if the function panicked
    /// or an input did not run, as in [`map`](Self::map). The outputs are dropped.
    ///
    /// # Differences from Python
    /// [`Executor.map`](https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.Executor.map)
    /// raises the first exception by index, too, after which what had not begun is cancelled; here it is
    /// cancelled as soon as the input fails, not only when the iteration comes to it.
    ///
    /// # Examples
    /// ```
    /// use threadproof::{ThreadPool, TryMapError};
    /// let pool = ThreadPool::new(std::num::NonZeroUsize::new(2).unwrap())?;
    /// assert_eq!(pool.try_map(["1", "2"], str::parse), Ok(vec![1, 2]));
    /// let error = pool.try_map(["1", "b", "c"], str::parse::<i32>).unwrap_err();
    /// assert_eq!(error.to_string(), "input 1: invalid digit found in string");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "gather")]
    pub fn try_map<I, R, E, F>(&self, inputs: I, f: F) -> Result<Vec<R>, TryMapError<E>>
    where
        I: IntoIterator,
        I::Item: Send + 'static,
        R: Send + 'static,
        E: Send + 'static,
        F: Fn(I::Item) -> Result<R, E> + Send + Sync + 'static,
    {
        let (inputs, f) = collect(inputs, f);
        let inputs: Vec<_> = inputs.into_iter().enumerate().collect();
        let jobs = inputs.len();
        if jobs == 0 {
            discard(f);
            return Ok(Vec::new());
        }
        let chunks = Arc::new(Chunks::new(inputs.into_iter(), self.workers.get()));
        let or_limit = {
            let chunks = chunks.clone();
            move |(index, input)| {
                let limits = Limits(&chunks, index + 1);
                let output = f(input)?;
                std::mem::forget(limits);
                Ok(output)
            }
        };
        let size = ChunkSize::of_threads();
        let outcomes = Batch::new(chunks, jobs, size, or_limit, &self.queue).map();
        let mut outcomes = outcomes.into_iter();
        let mut outputs = Vec::with_capacity(jobs);
        for outcome in outcomes.by_ref() {
            let index = outputs.len();
            let why = match outcome {
                Ok(Ok(output)) => {
                    outputs.push(output);
                    continue;
                }
                Ok(Err(error)) => TryMapError::Failed { index, error },
                Err(error) => TryMapError::Job { index, error },
            };
            // They are the caller's, and two that panic at once would abort the program.
            outputs.into_iter().for_each(discard);
            outcomes.for_each(discard);
            return Err(why);
        }
        Ok(outputs)
    }
}

/// Lowers the limit when it is dropped: by an error or by a panic.
struct Limits<'a, T>(&'a Chunks<IntoIter<T>>, usize);

impl<T> Drop for Limits<'_, T> {
    fn drop(&mut self) {
        self.0.limit(self.1);
    }
}
