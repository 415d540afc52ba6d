//! Who runs which input, and how the outputs come back in order. The heart of both maps.
//!
//! ```text
//!   inputs   0 1 2 3 4 5 6 7 8 9        a worker claims a run: first index and length
//!            └A┘└B┘└──A──┘└─C─┘
//!   outputs  (0,[a]) (1,[b]) (2,[a,a,a]) (5,[c,c])   merged by first index at the end
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | `Counter::claim` | nothing | `next`, fetch-and-update | nobody |
//! | `Inputs::claim` | the inputs' lock | takes a run out | nobody |
//! | `in_order` | nothing (all workers have ended) | – | – |
//!
//! A claim costs the same whatever its length, so a worker takes longer runs while its jobs are
//! tiny and single inputs while they are not: see [`Pace`].

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::lifecycle::{Panicked, discard};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicUsize, Ordering};

/// Hands out each index below `length` exactly once.
#[derive(Debug)]
pub(crate) struct Counter {
    next: AtomicUsize,
    length: usize,
    workers: usize,
}

impl Counter {
    pub(crate) fn new(length: usize, workers: usize) -> Self {
        let next = AtomicUsize::new(0);
        Self {
            next,
            length,
            workers,
        }
    }

    /// The next run of at most `wanted` indices; `None` when all are claimed.
    pub(crate) fn claim(&self, wanted: usize) -> Option<Range<usize>> {
        let run_from = |first: usize| run_length(wanted, self.length - first, self.workers);
        // ORDERING: Relaxed. Uniqueness needs only this counter's own modification order; the
        // inputs reached the workers through their start, the outputs come back through `join`.
        let claimed = self
            .next
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |first| {
                (first < self.length).then(|| first + run_from(first))
            });
        let first = claimed.ok()?;
        Some(first..first + run_from(first))
    }
}

/// Owned inputs, handed out in runs; the rest can be taken away by a cancel.
#[derive(Debug)]
pub(crate) struct Inputs<T> {
    left: Mutex<Left<T>>,
    workers: usize,
}

#[derive(Debug)]
struct Left<T> {
    inputs: std::vec::IntoIter<T>,
    next: usize,
}

impl<T> Inputs<T> {
    pub(crate) fn new(inputs: Vec<T>, workers: usize) -> Self {
        let left = Left {
            inputs: inputs.into_iter(),
            next: 0,
        };
        Self {
            left: Mutex::new(left),
            workers,
        }
    }

    /// The next run of at most `wanted` inputs with its first index; `None` when none is left.
    pub(crate) fn claim(&self, wanted: usize) -> Option<(usize, Vec<T>)> {
        let mut left = self.left.lock();
        let length = run_length(wanted, left.inputs.len(), self.workers);
        let first = left.next;
        let run: Vec<T> = left.inputs.by_ref().take(length).collect();
        left.next += run.len();
        (!run.is_empty()).then_some((first, run))
    }

    /// Takes everything that nobody has claimed; gives the indices. The inputs are dropped.
    pub(crate) fn cancel(&self) -> Range<usize> {
        let mut left = self.left.lock();
        let cancelled = left.next..left.next + left.inputs.len();
        left.next = cancelled.end;
        let inputs = std::mem::take(&mut left.inputs);
        // The inputs' own `Drop` is the caller's code: not under our lock, and its panic must not
        // keep the others from their outcomes.
        drop(left);
        discard(inputs);
        cancelled
    }
}

/// Never more than a fair half of what is left, so that the last runs are short.
pub(crate) fn run_length(wanted: usize, left: usize, workers: usize) -> usize {
    wanted.min(left / (2 * workers)).max(1).min(left)
}

/// The outcomes of inputs that stand one after the other. Outputs and errors are kept apart, since
/// `Result<u64, JobError>` is six times as large as the output alone, and memory is what tiny jobs
/// wait for.
#[derive(Debug)]
pub(crate) struct Run<R, E> {
    first: usize,
    outputs: Vec<R>,
    /// Each with the index of its input.
    errors: Vec<(usize, E)>,
}

impl<R, E> Run<R, E> {
    /// Runs `f` on one input after the other.
    ///
    /// A panic costs its input alone: it has been taken, and the next one is begun. So the catch is
    /// set up once for a run, and the outputs go into their places as if nothing could be caught.
    pub(crate) fn of<T>(
        worker: &str,
        first: usize,
        mut inputs: impl ExactSizeIterator<Item = T>,
        f: impl Fn(T) -> R,
    ) -> Self
    where
        E: From<Panicked>,
    {
        let (mut outputs, mut errors) = (Vec::with_capacity(inputs.len()), Vec::new());
        loop {
            let rest = inputs.by_ref().map(&f);
            let ended = catch_unwind(AssertUnwindSafe(|| outputs.extend(rest)));
            let Err(payload) = ended else {
                return Self {
                    first,
                    outputs,
                    errors,
                };
            };
            let index = first + outputs.len() + errors.len();
            errors.push((index, Panicked::new(worker, payload).into()));
        }
    }

    /// None of these inputs was begun, each for this reason.
    pub(crate) fn refused(indices: Range<usize>, why: &E) -> Self
    where
        E: Clone,
    {
        Self {
            first: indices.start,
            outputs: Vec::new(),
            errors: indices.map(|index| (index, why.clone())).collect(),
        }
    }

    pub(crate) fn length(&self) -> usize {
        self.outputs.len() + self.errors.len()
    }

    pub(crate) fn errors(&self) -> usize {
        self.errors.len()
    }
}

/// Puts the outcomes of all inputs into the inputs' order.
pub(crate) fn in_order<R, E>(mut runs: Vec<Run<R, E>>) -> Vec<Result<R, E>> {
    runs.sort_unstable_by_key(|run| run.first);
    let mut outcomes = Vec::with_capacity(runs.iter().map(Run::length).sum());
    for run in runs {
        debug_assert_eq!(
            run.first,
            outcomes.len(),
            "a run is missing or was run twice"
        );
        let mut outputs = run.outputs.into_iter();
        for (index, error) in run.errors {
            let before = index - outcomes.len();
            outcomes.extend(outputs.by_ref().take(before).map(Ok));
            outcomes.push(Err(error));
        }
        outcomes.extend(outputs.map(Ok));
    }
    outcomes
}

/// How long a worker's next run should be: it grows while runs are over sooner than they should.
#[derive(Debug)]
pub(crate) struct Pace {
    length: usize,
    full: Duration,
}

impl Pace {
    /// A longer run gains nothing, and would hold back its neighbours if one job in it is slow.
    const LONGEST: usize = 4096;

    /// Begins with single inputs; a run that takes about `full` makes the cost of a claim vanish.
    pub(crate) fn new(full: Duration) -> Self {
        Self { length: 1, full }
    }

    /// For threads, where a claim costs some 50 ns.
    pub(crate) fn of_threads() -> Self {
        Self::new(Duration::from_micros(100))
    }

    /// Single inputs for ever: for jobs that wait, each of which is to have the next free worker.
    #[cfg(feature = "download")]
    pub(crate) fn single() -> Self {
        Self::new(Duration::ZERO)
    }

    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// Learns from a run of the current length that began at `start`.
    pub(crate) fn learn(&mut self, start: Instant) {
        let took = start.elapsed();
        if took < self.full / 2 {
            self.length = (self.length * 2).min(Self::LONGEST);
        } else if took > self.full * 2 {
            self.length = (self.length / 2).max(1);
        }
    }
}
