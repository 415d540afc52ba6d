//! How many inputs a worker claims in one go.
//!
//! ```text
//!   1 ──▶ 2 ──▶ 4 ──▶ …      while a chunk is over in less than half its time
//!   1 ◀────────────── 4      in one step, once its jobs take long
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | a chunk begins and ends | nothing | the clock, the length of its own worker's next chunk | nobody |
//!
//! A claim costs the same whatever its length. So a worker claims many inputs while its jobs are tiny,
//! and single ones while they are not: then they begin in the inputs' order, each on the next worker
//! that is free.

use std::time::{Duration, Instant};

/// The length of a worker's next chunk.
#[derive(Clone, Debug)]
pub(crate) struct ChunkSize {
    length: usize,
    /// How long a chunk should take; `None` if the length is fixed.
    full: Option<Duration>,
}

impl ChunkSize {
    /// A longer chunk gains nothing, and what is copied with it would not fit into a near cache.
    const LONGEST: usize = 4096;

    /// Single inputs at first; a chunk that takes about `full` makes the cost of a claim vanish.
    pub(crate) fn timed(full: Duration) -> Self {
        let full = Some(full);
        Self { length: 1, full }
    }

    /// For threads, where a claim costs some 50 ns.
    pub(crate) fn of_threads() -> Self {
        Self::timed(Duration::from_micros(100))
    }

    /// One, for jobs that wait and of which each is to have the next free worker; more for models,
    /// where there is no time.
    #[cfg_attr(
        not(feature = "download"),
        allow(dead_code, reason = "in the core only the models use it")
    )]
    pub(crate) fn fixed(length: usize) -> Self {
        Self { length, full: None }
    }

    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// The chunk begins.
    pub(crate) fn start(&self) -> Started {
        Started(self.full.map(|full| (full, Instant::now())))
    }

    /// The chunk is over, after so many inputs.
    pub(crate) fn learn(&mut self, started: &Started, inputs: usize) {
        if let Some((full, began)) = started.0 {
            self.length = next_length(self.length, inputs, began.elapsed(), full);
        }
    }

    /// The same for whoever has been told how long it took.
    #[cfg(feature = "processes")]
    pub(crate) fn learn_told(&mut self, took: Duration, inputs: usize) {
        if let Some(full) = self.full {
            self.length = next_length(self.length, inputs, took, full);
        }
    }
}

/// When a chunk began.
#[derive(Debug)]
pub(crate) struct Started(Option<(Duration, Instant)>);

impl Started {
    /// Whether it takes so long that what it has not begun should go to who has nothing to do.
    pub(crate) fn is_long(&self) -> bool {
        self.0.is_none_or(|(full, began)| began.elapsed() > full)
    }
}

/// The length that would take about `full`, and at most twice the one before.
fn next_length(length: usize, inputs: usize, took: Duration, full: Duration) -> usize {
    if took < full / 2 {
        // A short chunk, at the end or given back, says little about a longer one.
        return (2 * inputs).clamp(length, ChunkSize::LONGEST);
    }
    if took <= 2 * full {
        return length;
    }
    let fitting = inputs as u128 * full.as_nanos() / took.as_nanos();
    (fitting as usize).clamp(1, length)
}
