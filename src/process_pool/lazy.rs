//! Maps that take their inputs as their outputs are asked for: Python's `imap` and `imap_unordered`.
//!
//! ```text
//!   inputs ── take one, submit ──▶ [ job │ job │ job ] ── the first, or whichever ends ──▶ next output
//!                                   at most `window` ahead      dropped ──▶ all are cancelled
//! ```
//!
//! Both ends are worked by the thread that calls `next`.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::iter::FusedIterator;
use std::num::NonZeroUsize;

use super::{ProcessJob, ProcessPool};
use crate::process::{ProcessError, Work};

/// The outputs of [`ProcessPool::map_lazy`], in the inputs' order.
#[must_use = "nothing runs until the outputs are asked for"]
pub struct ProcessMapLazy<'a, I: Iterator<Item: Work>> {
    pool: &'a ProcessPool,
    inputs: Option<I>,
    ahead: VecDeque<Option<ProcessJob<Output<I>>>>,
    window: NonZeroUsize,
}

/// The outcomes of [`ProcessPool::map_unordered`], each with the index of its input, as they come.
#[must_use = "nothing runs until the outcomes are asked for"]
pub struct ProcessMapUnordered<'a, I: Iterator<Item: Work>> {
    pool: &'a ProcessPool,
    inputs: Option<I>,
    ahead: BTreeMap<usize, Option<ProcessJob<Output<I>>>>,
    next_index: usize,
    window: NonZeroUsize,
}

type Output<I> = <<I as Iterator>::Item as Work>::Output;

impl ProcessPool {
    /// Runs the inputs as the outputs are asked for, at most `window` inputs ahead.
    ///
    /// Inputs are taken only inside [`next`](Iterator::next), on the calling thread, so endless inputs
    /// work. Each job travels alone: for tiny ones [`map`](Self::map) is faster. Dropping the iterator
    /// cancels what no worker has. After a shutdown it yields [`ProcessError::Cancelled`] for each input
    /// that was taken and could not run, then ends.
    ///
    /// # Blocking
    /// [`next`](Iterator::next) until the first of the jobs ahead has ended.
    ///
    /// # Differences from Python
    /// [`imap`](https://docs.python.org/3/library/multiprocessing.html#multiprocessing.pool.Pool.imap)
    /// has no window: a thread of the pool's takes all inputs.
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
    /// let window = std::num::NonZeroUsize::new(4).unwrap();
    /// let squares = pool.map_lazy((1..).map(Square), window).take(3);
    /// assert_eq!(squares.collect::<Result<Vec<_>, _>>()?, [1, 4, 9]);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "imap")]
    pub fn map_lazy<I>(&self, inputs: I, window: NonZeroUsize) -> ProcessMapLazy<'_, I::IntoIter>
    where
        I: IntoIterator<Item: Work>,
    {
        ProcessMapLazy {
            pool: self,
            inputs: Some(inputs.into_iter()),
            ahead: VecDeque::new(),
            window,
        }
    }

    /// Runs the inputs as the outcomes are asked for, at most `window` inputs ahead, and gives each
    /// outcome as soon as it is there, with the index of its input.
    ///
    /// As [`map_lazy`](Self::map_lazy), but a slow job holds nobody up.
    ///
    /// # Blocking
    /// [`next`](Iterator::next) until one more job has ended.
    ///
    /// # Differences from Python
    /// [`imap_unordered`](https://docs.python.org/3/library/multiprocessing.html#multiprocessing.pool.Pool.imap_unordered)
    /// does not say which input an output is of, and has no window.
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
    /// let window = std::num::NonZeroUsize::new(4).unwrap();
    /// for (index, square) in pool.map_unordered((0..10).map(Square), window) {
    ///     assert_eq!(square?, (index * index) as i64);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "imap_unordered")]
    #[doc(alias = "as_completed")]
    pub fn map_unordered<I>(
        &self,
        inputs: I,
        window: NonZeroUsize,
    ) -> ProcessMapUnordered<'_, I::IntoIter>
    where
        I: IntoIterator<Item: Work>,
    {
        ProcessMapUnordered {
            pool: self,
            inputs: Some(inputs.into_iter()),
            ahead: BTreeMap::new(),
            next_index: 0,
            window,
        }
    }
}

/// Hands the next input in. `None` once there is none; `Some(None)` if the pool takes no more.
fn take<I: Iterator<Item: Work>>(
    pool: &ProcessPool,
    inputs: &mut Option<I>,
) -> Option<Option<ProcessJob<Output<I>>>> {
    let input = inputs.as_mut().and_then(Iterator::next);
    let job = input.map(|input| pool.submit(input).ok());
    if !matches!(job, Some(Some(_))) {
        *inputs = None;
    }
    job
}

impl<I: Iterator<Item: Work>> Iterator for ProcessMapLazy<'_, I> {
    type Item = Result<Output<I>, ProcessError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ahead.len() < self.window.get()
            && let Some(job) = take(self.pool, &mut self.inputs)
        {
            self.ahead.push_back(job);
        }
        let job = self.ahead.pop_front()?;
        Some(job.map_or(Err(ProcessError::Cancelled), ProcessJob::join))
    }
}

impl<I: Iterator<Item: Work>> Iterator for ProcessMapUnordered<'_, I> {
    type Item = (usize, Result<Output<I>, ProcessError>);

    fn next(&mut self) -> Option<Self::Item> {
        while self.ahead.len() < self.window.get()
            && let Some(job) = take(self.pool, &mut self.inputs)
        {
            self.ahead.insert(self.next_index, job);
            self.next_index += 1;
        }
        let refused = self.ahead.iter().find(|(_, job)| job.is_none());
        if let Some((&index, _)) = refused {
            self.ahead.remove(&index);
            return Some((index, Err(ProcessError::Cancelled)));
        }
        let by_map = self
            .ahead
            .iter()
            .filter_map(|(index, job)| Some((job.as_ref()?.map, *index)));
        let by_map: BTreeMap<u64, usize> = by_map.collect();
        let first = *by_map.keys().next()?;
        let turns = &self.pool.turns;
        let ended = turns.wait_for_any(by_map.keys().copied().collect(), |pool| {
            by_map.keys().copied().find(|map| pool.has_outcomes(*map))
        });
        let index = by_map[&ended.unwrap_or(first)];
        let job = self.ahead.remove(&index)??;
        Some((index, job.join()))
    }
}

impl<I: Iterator<Item: Work>> FusedIterator for ProcessMapLazy<'_, I> {}
impl<I: Iterator<Item: Work>> FusedIterator for ProcessMapUnordered<'_, I> {}

impl<I: Iterator<Item: Work>> Drop for ProcessMapLazy<'_, I> {
    fn drop(&mut self) {
        self.ahead.iter().flatten().for_each(ProcessJob::cancel);
    }
}

impl<I: Iterator<Item: Work>> Drop for ProcessMapUnordered<'_, I> {
    fn drop(&mut self) {
        self.ahead.values().flatten().for_each(ProcessJob::cancel);
    }
}

impl<I: Iterator<Item: Work>> fmt::Debug for ProcessMapLazy<'_, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ahead, window) = (self.ahead.len(), self.window);
        f.debug_struct("ProcessMapLazy")
            .field("ahead", &ahead)
            .field("window", &window)
            .finish()
    }
}

impl<I: Iterator<Item: Work>> fmt::Debug for ProcessMapUnordered<'_, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ahead, window) = (self.ahead.len(), self.window);
        f.debug_struct("ProcessMapUnordered")
            .field("ahead", &ahead)
            .field("window", &window)
            .finish()
    }
}
