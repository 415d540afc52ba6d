//! A map that takes its inputs as its outputs are asked for: Python's `map` with `buffersize`.
//!
//! ```text
//!   inputs ── take one, submit ──▶ [ job │ job │ job ] ── join the first ──▶ next output
//!                                   at most `window` ahead      dropped ──▶ all are cancelled
//! ```
//!
//! Both ends are worked by the thread that calls `next`, so nothing here is shared but the queue.

use std::collections::VecDeque;
use std::fmt;
use std::num::NonZeroUsize;

use super::{Job, JobError, PoolShutDown, ThreadPool, submit_to};
use crate::sync::Arc;

/// The outputs of [`ThreadPool::map_lazy`], in the inputs' order.
#[must_use = "nothing runs until the outputs are asked for"]
pub struct MapLazy<R> {
    /// Takes one input and submits its job; `None` once the inputs or the pool have ended.
    take_one: Option<Box<TakeOne<R>>>,
    ahead: VecDeque<Result<Job<R>, PoolShutDown>>,
    window: NonZeroUsize,
}

type TakeOne<R> = dyn FnMut() -> Option<Result<Job<R>, PoolShutDown>> + Send;

impl ThreadPool {
    /// Runs `f` on the inputs as the outputs are asked for, at most `window` inputs ahead.
    ///
    /// Inputs are taken only inside [`next`](Iterator::next), on the calling thread, so endless
    /// inputs work. The iterator does not keep the pool open: after a shutdown it yields
    /// [`JobError::Cancelled`] for each input that was taken and could not run, then ends.
    /// Dropping the iterator cancels what has not begun.
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
    pub fn map_lazy<I, R, F>(&self, inputs: I, window: NonZeroUsize, f: F) -> MapLazy<R>
    where
        I: IntoIterator,
        I::IntoIter: Send + 'static,
        I::Item: Send + 'static,
        R: Send + 'static,
        F: Fn(I::Item) -> R + Send + Sync + 'static,
    {
        let mut inputs = inputs.into_iter();
        let (queue, f) = (self.queue.clone(), Arc::new(f));
        let take_one = move || {
            if queue.is_closed() {
                return None;
            }
            let (input, f) = (inputs.next()?, f.clone());
            Some(submit_to(&queue, move || f(input)))
        };
        MapLazy {
            take_one: Some(Box::new(take_one)),
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
            && let Some(take_one) = &mut self.take_one
        {
            match take_one() {
                Some(job) => self.ahead.push_back(job),
                None => self.take_one = None,
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
