//! One call of `map`: its inputs in blocks, its jobs in runs, and their outcomes.
//!
//! ```text
//!   inputs ── encode ──▶ block ──▶ run ── split off ──▶ a shorter run, sent as a chunk ──▶ worker ─┐
//!   outputs ◀── decode, in order ─── outcomes, each with the index of its first job ◀──────────────┘
//! ```
//!
//! A *block* is inputs of one map, back to back; a *run* is a block and which of its jobs nobody has
//! begun. No run is copied: the queue has it, or one supervisor, so no job can be in two places.

use std::ops::Range;

use serde::de::DeserializeOwned;

use crate::process::{ProcessError, Work, decode_answers, encode};
use crate::sync::{Arc, Condvar, Mutex};

/// The workers begin with a block while the next one is still being encoded.
const BLOCK_JOBS: usize = 8192;
const BLOCK_BYTES: usize = 1024 * 1024;

/// A chunk of more bytes than this is no cheaper.
const CHUNK_BYTES: usize = 256 * 1024;

/// Jobs of one block that nobody has begun, one after the other; owned by the queue or a supervisor.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) block: Arc<Block>,
    pub(super) jobs: Range<usize>,
    /// How many workers have died with the first of these jobs in their hands, and not begun it.
    pub(super) deaths: u32,
}

/// Inputs of one map that stand one after the other, encoded.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) map: Arc<Map>,
    /// The index in the map of the block's first job.
    first: usize,
    /// The encoded inputs, each a frame, back to back.
    inputs: Vec<u8>,
    /// Where in `inputs` each job's frame ends.
    pub(super) ends: Vec<usize>,
}

/// One call of `map`, as its jobs see it.
#[derive(Debug)]
pub(super) struct Map {
    pub(super) work: &'static str,
    /// What has come and the caller has not taken, each with the index of its first job.
    outcomes: Mutex<Vec<(usize, Outcome)>>,
    changed: Condvar,
}

#[derive(Debug)]
pub(super) enum Outcome {
    /// Of jobs that stand one after the other.
    Answers(Answers),
    /// Of a job that has no answer.
    Failed(ProcessError),
}

/// What one worker answered.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) pid: u32,
    /// The answers, each a frame, back to back.
    pub(super) frames: Vec<u8>,
    pub(super) jobs: usize,
}

impl Run {
    /// The encoded inputs, each a frame.
    pub(super) fn inputs(&self) -> &[u8] {
        &self.block.inputs[self.block.bytes_of(&self.jobs)]
    }

    /// Splits off the first jobs: at most `wanted`, and no more than travel well together.
    pub(super) fn split_off(&mut self, wanted: usize, max_frame: usize) -> Self {
        let most = CHUNK_BYTES
            .min(max_frame / 4)
            .saturating_sub(self.block.map.work.len());
        let fits = |jobs: usize| {
            let jobs = self.jobs.start..self.jobs.start + jobs;
            self.block.bytes_of(&jobs).len() <= most
        };
        let mut length = wanted.clamp(1, self.jobs.len());
        while length > 1 && !fits(length) {
            length /= 2;
        }
        let jobs = self.jobs.start..self.jobs.start + length;
        self.jobs.start = jobs.end;
        Self {
            block: self.block.clone(),
            jobs,
            deaths: std::mem::take(&mut self.deaths),
        }
    }
}

impl Block {
    pub(super) fn new(map: &Arc<Map>, first: usize) -> Self {
        Self {
            map: map.clone(),
            first,
            inputs: Vec::new(),
            ends: Vec::new(),
        }
    }

    pub(super) fn push<W: Work>(&mut self, input: &W) -> Result<(), ProcessError> {
        encode(input, &mut self.inputs)?;
        self.ends.push(self.inputs.len());
        Ok(())
    }

    pub(super) fn is_full(&self) -> bool {
        self.ends.len() >= BLOCK_JOBS || self.inputs.len() >= BLOCK_BYTES
    }

    /// The index in the map of the job behind the block's last.
    pub(super) fn end(&self) -> usize {
        self.first + self.ends.len()
    }

    /// Where in `inputs` the inputs of these jobs stand.
    pub(super) fn bytes_of(&self, jobs: &Range<usize>) -> Range<usize> {
        let end = |jobs: usize| jobs.checked_sub(1).map_or(0, |last| self.ends[last]);
        end(jobs.start)..end(jobs.end)
    }

    pub(super) fn deliver(&self, job: usize, outcome: Outcome) {
        self.map.deliver(self.first + job, outcome);
    }
}

impl Map {
    pub(super) fn new(work: &'static str) -> Self {
        Self {
            work,
            outcomes: Mutex::new(Vec::new()),
            changed: Condvar::new(),
        }
    }

    pub(super) fn deliver(&self, first: usize, outcome: Outcome) {
        self.outcomes.lock().push((first, outcome));
        self.changed.notify_all();
    }

    /// Waits until there is something to take.
    pub(super) fn take_outcomes(&self) -> Vec<(usize, Outcome)> {
        let mut outcomes = self.outcomes.lock();
        while outcomes.is_empty() {
            outcomes = self.changed.wait(outcomes);
        }
        std::mem::take(&mut *outcomes)
    }
}

impl Outcome {
    pub(super) fn decode_onto<O: DeserializeOwned>(
        self,
        outputs: &mut Vec<Result<O, ProcessError>>,
    ) {
        match self {
            Self::Failed(error) => outputs.push(Err(error)),
            Self::Answers(answers) => decode_answers(&answers.frames, answers.pid, outputs),
        }
    }
}
