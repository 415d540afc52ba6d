//! A map that takes its inputs as its outputs are asked for: Python's `map` with `buffersize`.
//!
//! ```text
//!   inputs ── take one, submit ──▶ [ job │ job │ job ] ── join the first ──▶ next output
//!                                   at most `window` ahead      dropped ──▶ all are cancelled
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | `next` | nothing, then the first job's lock | takes inputs, submits, joins one | a worker |
//! | drop | nothing, then each job's lock | cancels what has not begun | nobody |
//!
//! Both ends are worked by the thread that calls `next`, so nothing here is shared but the queue.

use std::collections::VecDeque;
use std::fmt;
use std::num::NonZeroUsize;

use super::feed::{Feed, feed};
use super::{Job, JobError, PoolShutDown, ThreadPool};
use crate::lifecycle::Theirs;

/// The outputs of [`ThreadPool::map_lazy`], in the inputs' order.
#[must_use = "nothing runs until the outputs are asked for"]
pub struct MapLazy<R> {
    /// `None` once the inputs or the pool have ended.
    feed: Option<Box<dyn Feed<R>>>,
    ahead: VecDeque<Result<Job<R>, PoolShutDown>>,
    window: NonZeroUsize,
}

impl ThreadPool {
    /// Runs `f` on the inputs as the outputs are asked for, at most `window` inputs ahead.
    ///
    /// Inputs are taken only inside [`next`](Iterator::next), on the calling thread, so endless
    /// inputs work. The iterator does not keep the pool open: after a shutdown it yields
    /// [`JobError::Cancelled`] for each input that was taken and could not run, then ends.
    /// Dropping the iterator cancels what has not begun.
    ///
    /// # Errors
    /// Each on its own, as [`Job::join`]: what was refused and had not begun never runs.
    ///
    /// # Differences from Python
    /// [`Executor.map(buffersize=…)`](https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.Executor.map)
    /// from Python 3.14 on; before, all inputs were taken first.
    ///
    /// # Examples
    /// ```
    /// use std::num::NonZeroUsize;
    /// let pool = threadproof::ThreadPool::new(NonZeroUsize::new(2).unwrap())?;
    /// let window = NonZeroUsize::new(4).unwrap();
    /// let evens = pool.map_lazy(0u64.., window, |n| 2 * n);
    /// assert_eq!(evens.take(3).map(Result::unwrap).sum::<u64>(), 6);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "buffersize")]
    #[doc(alias = "imap")]
    pub fn map_lazy<I, R, F>(&self, inputs: I, window: NonZeroUsize, f: F) -> MapLazy<R>
    where
        I: IntoIterator,
        I::IntoIter: Send + 'static,
        I::Item: Send + 'static,
        R: Send + 'static,
        F: Fn(I::Item) -> R + Send + Sync + 'static,
    {
        MapLazy {
            feed: Some(feed(&self.queue, Theirs::new(f), inputs.into_iter())),
            ahead: VecDeque::new(),
            window,
        }
    }
}

impl<R> Iterator for MapLazy<R> {
    type Item = Result<R, JobError>;

    // ANCHOR: next
    fn next(&mut self) -> Option<Self::Item> {
        while self.ahead.len() < self.window.get()
            && let Some(feed) = &mut self.feed
        {
            match feed.take(None) {
                Some(job) => self.ahead.push_back(job),
                None => self.feed = None,
            }
        }
        Some(match self.ahead.pop_front()? {
            Ok(job) => job.join(),
            Err(PoolShutDown) => Err(JobError::Cancelled),
        })
    }
    // ANCHOR_END: next
}

impl<R> std::iter::FusedIterator for MapLazy<R> {}

impl<R> Drop for MapLazy<R> {
    fn drop(&mut self) {
        for job in self.ahead.iter().flatten() {
            job.cancel();
        }
    }
}

impl<R> fmt::Debug for MapLazy<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ahead, window) = (self.ahead.len(), self.window);
        f.debug_struct("MapLazy")
            .field("ahead", &ahead)
            .field("window", &window)
            .finish()
    }
}
