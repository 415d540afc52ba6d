//! Who runs which input: inputs that stand next to each other are claimed in one go, and what a worker
//! has not begun goes back when others have nothing to do.
//!
//! ```text
//!   inputs   0 1 2 3 4 5 6 7 8 9
//!            └A┘└B┘└──C──┘└left┘      claim: from the front, as many as its worker wants
//!                   └4┘└5,6┘          give back: C runs 4 and leaves 5 and 6 to the others
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | `claim` | the lock | takes a chunk out, `is_wanted` | nobody |
//! | `claim_or_wait` | the lock, given up while it sleeps | as above | nobody |
//! | `finish` | the lock | puts back what was not begun | who sleeps in `claim_or_wait` |
//! | `limit`, `cancel` | nothing; the lock | the limit; what is left | nobody |
//! | `may_begin`, `is_wanted` | nothing | a look before each input | – |
//!
//! The lock is a leaf: whoever holds it takes no other one. No input is dropped under it.

use std::ops::Range;

use crate::lifecycle::discard;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::sync::{Condvar, Mutex};

/// Inputs that can be cut in two.
pub(crate) trait Split: ExactSizeIterator {
    /// Cuts off the first `length`.
    fn split(&mut self, length: usize) -> Self;
}

impl<T> Split for std::vec::IntoIter<T> {
    fn split(&mut self, length: usize) -> Self {
        self.by_ref().take(length).collect::<Vec<_>>().into_iter()
    }
}

impl<T> Split for std::slice::Iter<'_, T> {
    fn split(&mut self, length: usize) -> Self {
        let (first, rest) = self.as_slice().split_at(length);
        *self = rest.iter();
        first.iter()
    }
}

/// Inputs that stand next to each other.
#[derive(Debug)]
pub(crate) struct Chunk<I> {
    /// The index of the next one.
    pub(crate) first: usize,
    pub(crate) inputs: I,
}

impl<I: Split> Chunk<I> {
    pub(crate) fn indices(&self) -> Range<usize> {
        self.first..self.first + self.inputs.len()
    }

    /// Drops the inputs, which are the caller's: one by one, since two that panic at once would abort
    /// the program.
    pub(crate) fn discard(self) -> Range<usize> {
        let indices = self.indices();
        self.inputs.for_each(discard);
        indices
    }

    fn split(&mut self, length: usize) -> Self {
        let (first, inputs) = (self.first, self.inputs.split(length));
        self.first += length;
        Self { first, inputs }
    }
}

/// Hands out each input exactly once.
#[derive(Debug)]
pub(crate) struct Chunks<I> {
    state: Mutex<State<I>>,
    changed: Condvar,
    /// Inputs from this index on do not begin any more.
    limit: AtomicUsize,
    /// Somebody asked for a chunk and there was none, while others have chunks.
    is_wanted: AtomicBool,
    workers: usize,
}

#[derive(Debug)]
struct State<I> {
    /// The first one last.
    left: Vec<Chunk<I>>,
    /// Chunks that were claimed and are not finished.
    out: usize,
    waiting: usize,
}

impl<I: Split> Chunks<I> {
    pub(crate) fn new(inputs: I, workers: usize) -> Self {
        let left = if inputs.len() == 0 {
            Vec::new()
        } else {
            vec![Chunk { first: 0, inputs }]
        };
        let state = State {
            left,
            out: 0,
            waiting: 0,
        };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            limit: AtomicUsize::new(usize::MAX),
            is_wanted: AtomicBool::new(false),
            workers,
        }
    }

    /// The next chunk of at most `wanted` inputs; `None` when nobody has left any.
    pub(crate) fn claim(&self, wanted: usize) -> Option<Chunk<I>> {
        let mut state = self.state.lock();
        let chunk = state.take(wanted, self.workers);
        if chunk.is_none() && state.out > 0 {
            self.want(true);
        }
        chunk
    }

    /// As [`claim`](Self::claim); while others have chunks it waits for what they give back.
    pub(crate) fn claim_or_wait(&self, wanted: usize) -> Option<Chunk<I>> {
        let mut state = self.state.lock();
        loop {
            let chunk = state.take(wanted, self.workers);
            if chunk.is_some() || state.out == 0 {
                return chunk;
            }
            self.want(true);
            state.waiting += 1;
            state = self.changed.wait(state);
            state.waiting -= 1;
        }
    }

    /// Whether a worker that has claimed this input may begin it.
    pub(crate) fn may_begin(&self, index: usize) -> bool {
        // ORDERING: Relaxed. The limit is all there is to read.
        index < self.limit.load(Ordering::Relaxed)
    }

    /// Whether somebody has nothing to do while this worker has inputs that it has not begun.
    pub(crate) fn is_wanted(&self) -> bool {
        // ORDERING: Relaxed. It is a hint: a worker that misses it keeps its inputs a little longer.
        self.is_wanted.load(Ordering::Relaxed)
    }

    fn want(&self, is_wanted: bool) {
        // ORDERING: Relaxed, as in `is_wanted`.
        self.is_wanted.store(is_wanted, Ordering::Relaxed);
    }

    /// Ends a chunk that was claimed: what was not begun goes back, or is given to the caller to be
    /// cancelled, if it lies beyond the limit.
    pub(crate) fn finish(&self, chunk: Chunk<I>) -> Finished<I> {
        let mut state = self.state.lock();
        state.out -= 1;
        let gave_back = !chunk.indices().is_empty();
        if gave_back {
            let after = |other: &Chunk<I>| other.first > chunk.first;
            let place = state.left.partition_point(after);
            state.left.insert(place, chunk);
            self.want(false);
        }
        // ORDERING: Relaxed, as in `may_begin`.
        let beyond = state.take_from(self.limit.load(Ordering::Relaxed));
        let wakes = state.waiting > 0 && (gave_back || state.out == 0);
        drop(state);
        if wakes {
            self.changed.notify_all();
        }
        Finished { gave_back, beyond }
    }

    /// From now on no input from this index on begins.
    pub(crate) fn limit(&self, index: usize) {
        let lower = |limit| (index < limit).then_some(index);
        let limit = &self.limit;
        // ORDERING: Relaxed, as in `may_begin`.
        let _ = limit.fetch_update(Ordering::Relaxed, Ordering::Relaxed, lower);
    }

    /// Takes everything that nobody has claimed; what was claimed and has not begun comes with the
    /// end of its chunk.
    pub(crate) fn cancel(&self) -> Vec<Chunk<I>> {
        let mut state = self.state.lock();
        // In the section: else a worker that finishes meanwhile would take some of it away.
        self.limit(0);
        state.take_from(0)
    }

    /// Whether there is something to claim.
    pub(crate) fn has_more(&self) -> bool {
        !self.state.lock().left.is_empty()
    }
}

/// What a chunk left behind.
#[derive(Debug)]
pub(crate) struct Finished<I> {
    /// Others can claim it.
    pub(crate) gave_back: bool,
    /// It will never begin.
    pub(crate) beyond: Vec<Chunk<I>>,
}

impl<I: Split> State<I> {
    fn take(&mut self, wanted: usize, workers: usize) -> Option<Chunk<I>> {
        let left = self.left.iter().map(|chunk| chunk.inputs.len()).sum();
        let next = self.left.last_mut()?;
        let length = chunk_length(wanted, left, workers).min(next.inputs.len());
        let chunk = next.split(length);
        if next.inputs.len() == 0 {
            self.left.pop();
        }
        self.out += 1;
        Some(chunk)
    }

    /// Takes out what lies beyond the limit.
    fn take_from(&mut self, limit: usize) -> Vec<Chunk<I>> {
        let mut beyond = Vec::new();
        while let Some(chunk) = self.left.first_mut()
            && chunk.indices().end > limit
        {
            let mut chunk = self.left.remove(0);
            if chunk.first < limit {
                let below = chunk.split(limit - chunk.first);
                self.left.insert(0, below);
            }
            beyond.push(chunk);
        }
        beyond
    }
}

/// Never more than a fair half of what is left, so that the last chunks are short.
pub(crate) fn chunk_length(wanted: usize, left: usize, workers: usize) -> usize {
    wanted.min(left / (2 * workers)).max(1).min(left)
}
