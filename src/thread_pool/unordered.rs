//! A map that gives each outcome as soon as it is there: Python's `as_completed`.
//!
//! ```text
//!   inputs ── take one, submit ──▶ { job 3, job 5, job 4 } ── whichever ends first ──▶ (5, output)
//!                                   at most `window` ahead      dropped ──▶ all are cancelled
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | a job ends | the lock of the list | its index goes to the back | who waits in `next` |
//! | `next` takes inputs | nothing, then the queue's lock | the caller's iterator, the queue | a worker |
//! | `next` waits | the list's lock, given up while it sleeps; to say so, in it the queue's | the front of the list | nobody |
//! | drop | nothing, then each job's lock | cancels what has not begun | nobody |
//!
//! **Lock order.** A job tells of its end after it has given up its own lock; under the list's lock
//! the queue's is taken. So no cycle can form.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::num::NonZeroUsize;

use super::blocked::{Wait, WouldNotEnd};
use super::feed::{Feed, feed};
use super::queue::Queue;
use super::{Job, JobError, PoolShutDown, ThreadPool};
use crate::lifecycle::Theirs;
use crate::sync::{Arc, Condvar, Mutex};

/// The outcomes of [`ThreadPool::map_unordered`], each with the index of its input, as they come.
#[must_use = "nothing runs until the outcomes are asked for"]
pub struct MapUnordered<R> {
    /// `None` once the inputs or the pool have ended.
    feed: Option<Box<dyn Feed<R>>>,
    ahead: BTreeMap<usize, Result<Job<R>, PoolShutDown>>,
    next_index: usize,
    ended: Arc<Ended>,
    window: NonZeroUsize,
}

/// The indices of jobs that have ended, in the order of their ends.
#[derive(Debug)]
struct Ended {
    state: Mutex<State>,
    changed: Condvar,
    queue: Arc<Queue>,
}

#[derive(Debug, Default)]
struct State {
    indices: VecDeque<usize>,
    /// A worker of the same pool sleeps until there is one.
    is_awaited_by_worker: bool,
}

/// What a job does at its end.
#[derive(Debug)]
pub(crate) struct Told {
    ended: Arc<Ended>,
    index: usize,
}

impl Told {
    pub(super) fn hears(&self) {
        let mut state = self.ended.state.lock();
        let is_awaited = std::mem::take(&mut state.is_awaited_by_worker);
        state.indices.push_back(self.index);
        if is_awaited {
            self.ended.queue.release(self.ended.id());
        }
        drop(state);
        self.ended.changed.notify_one();
    }
}

impl Ended {
    /// The index of a job that has ended; sleeps until there is one.
    fn next(&self, any_of: impl FnOnce() -> Vec<usize>) -> Result<usize, WouldNotEnd> {
        let mut state = self.state.lock();
        if state.indices.is_empty() {
            let (on, any_of) = (self.id(), any_of());
            state.is_awaited_by_worker = self.queue.wait_for(Wait { on, any_of })?;
        }
        loop {
            if let Some(index) = state.indices.pop_front() {
                return Ok(index);
            }
            state = self.changed.wait(state);
        }
    }

    fn id(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

impl ThreadPool {
    /// Runs `f` on the inputs as the outcomes are asked for, at most `window` inputs ahead, and gives
    /// each outcome as soon as it is there, with the index of its input.
    ///
    /// As [`map_lazy`](Self::map_lazy), but a slow input holds nobody up.
    ///
    /// # Blocking
    /// [`next`](Iterator::next) until one more job has ended. It takes its inputs on the calling thread.
    ///
    /// # Errors
    /// Each on its own: [`JobError::Panicked`], [`JobError::Cancelled`]; [`JobError::WouldDeadlock`]
    /// for the first of the inputs ahead if none of them would ever end.
    ///
    /// # Differences from Python
    /// [`as_completed`](https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.as_completed)
    /// gives futures, all of which are made before; here at most `window` are there at a time.
    ///
    /// # Examples
    /// ```
    /// use std::num::NonZeroUsize;
    /// let pool = threadproof::ThreadPool::new(NonZeroUsize::new(2).unwrap())?;
    /// let window = NonZeroUsize::new(4).unwrap();
    /// let mut squares: Vec<_> = pool.map_unordered(1..=3, window, |n: i32| n * n).collect();
    /// squares.sort_by_key(|(index, _)| *index);
    /// assert_eq!(squares, [(0, Ok(1)), (1, Ok(4)), (2, Ok(9))]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "as_completed")]
    #[doc(alias = "imap_unordered")]
    pub fn map_unordered<I, R, F>(&self, inputs: I, window: NonZeroUsize, f: F) -> MapUnordered<R>
    where
        I: IntoIterator,
        I::IntoIter: Send + 'static,
        I::Item: Send + 'static,
        R: Send + 'static,
        F: Fn(I::Item) -> R + Send + Sync + 'static,
    {
        MapUnordered {
            feed: Some(feed(&self.queue, Theirs::new(f), inputs.into_iter())),
            ahead: BTreeMap::new(),
            next_index: 0,
            ended: Arc::new(Ended {
                state: Mutex::default(),
                changed: Condvar::new(),
                queue: self.queue.clone(),
            }),
            window,
        }
    }
}

impl<R> MapUnordered<R> {
    fn take_inputs(&mut self) {
        while self.ahead.len() < self.window.get()
            && let Some(feed) = &mut self.feed
        {
            let (ended, index) = (self.ended.clone(), self.next_index);
            let Some(job) = feed.take(Some(Told { ended, index })) else {
                self.feed = None;
                return;
            };
            if job.is_err() {
                let ended = self.ended.clone();
                Told { ended, index }.hears();
            }
            self.ahead.insert(index, job);
            self.next_index += 1;
        }
    }
}

impl<R> Iterator for MapUnordered<R> {
    type Item = (usize, Result<R, JobError>);

    fn next(&mut self) -> Option<Self::Item> {
        self.take_inputs();
        while !self.ahead.is_empty() {
            let ids = || self.ahead.values().flatten().map(Job::id).collect();
            let (index, job) = match self.ended.next(ids) {
                // One that was refused before may end later: its outcome has been given.
                Ok(index) => (index, self.ahead.remove(&index)),
                Err(WouldNotEnd) => {
                    let (index, job) = self.ahead.pop_first()?;
                    return Some((index, Err(job.map_or(JobError::Cancelled, Job::refuse))));
                }
            };
            match job {
                Some(Ok(job)) => return Some((index, job.join())),
                Some(Err(PoolShutDown)) => return Some((index, Err(JobError::Cancelled))),
                None => {}
            }
        }
        None
    }
}

impl<R> std::iter::FusedIterator for MapUnordered<R> {}

impl<R> Drop for MapUnordered<R> {
    fn drop(&mut self) {
        for job in self.ahead.values().flatten() {
            job.cancel();
        }
    }
}

impl<R> fmt::Debug for MapUnordered<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ahead, window) = (self.ahead.len(), self.window);
        f.debug_struct("MapUnordered")
            .field("ahead", &ahead)
            .field("window", &window)
            .finish()
    }
}
