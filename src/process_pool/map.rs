//! Inputs on their way in, in blocks, and outcomes on their way out, as the crew keeps them.
//!
//! ```text
//!   inputs ── encode ──▶ block ──▶ submitted as one run ──▶ sent, a part at a time, as chunks ──▶ worker
//!   outputs ◀── decode, in order ─── outcomes, each with the index of its first job ◀────────────────┘
//! ```
//!
//! Both ends are worked by the caller's thread, and no lock is held while they are.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::process::{Inputs, ProcessError, Work, decode_answers, encode};
use crate::sync::Arc;

/// The workers begin with a block while the next one is still being encoded, and a chunk is of one.
const BLOCK_JOBS: usize = 8192;
const BLOCK_BYTES: usize = 256 * 1024;

/// The last chunks of a block are shorter than a full one, by this factor at most.
const SHORTEST: u64 = 16;

/// Inputs of one map that stand one after the other, encoded.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) work: &'static str,
    /// The index in the map of the block's first job.
    pub(super) first: u64,
    /// The encoded inputs, each a frame, back to back: while it is filled, and then.
    filling: Vec<u8>,
    inputs: Arc<Vec<u8>>,
    /// Where in `inputs` each job's frame ends.
    ends: Vec<usize>,
    /// How long each job may take, if one of them says so itself.
    limits: BTreeMap<u64, Duration>,
    /// How many of its jobs have not ended.
    pub(super) unended: u64,
}

impl Block {
    pub(super) fn new(work: &'static str, first: u64) -> Self {
        Self {
            work,
            first,
            filling: Vec::new(),
            inputs: Arc::default(),
            ends: Vec::new(),
            limits: BTreeMap::new(),
            unended: 0,
        }
    }

    pub(super) fn push<W: Work>(
        &mut self,
        input: &W,
        max_frame: usize,
    ) -> Result<(), ProcessError> {
        if let Some(limit) = encode(input, max_frame, &mut self.filling)? {
            self.limits.insert(self.end(), limit);
        }
        self.ends.push(self.filling.len());
        self.unended += 1;
        Ok(())
    }

    pub(super) fn is_full(&self) -> bool {
        self.ends.len() >= BLOCK_JOBS || self.filling.len() >= BLOCK_BYTES
    }

    /// It is full, or the last.
    pub(super) fn close(&mut self) {
        self.inputs = Arc::new(std::mem::take(&mut self.filling));
    }

    pub(super) fn jobs(&self) -> Range<u64> {
        self.first..self.end()
    }

    /// The index in the map of the job behind the block's last.
    pub(super) fn end(&self) -> u64 {
        self.first + self.ends.len() as u64
    }

    /// The shortest chunk that is worth to be sent: a short map's are short.
    pub(super) fn shortest_chunk(&self, workers: u64) -> u64 {
        self.ends.len() as u64 / workers / SHORTEST
    }

    pub(super) fn inputs(&self, jobs: &Range<u64>) -> Inputs {
        let end = |index: u64| match (index - self.first) as usize {
            0 => 0,
            jobs => self.ends[jobs - 1],
        };
        Inputs {
            bytes: self.inputs.clone(),
            range: end(jobs.start)..end(jobs.end),
        }
    }

    pub(super) fn limits(&self, jobs: &Range<u64>) -> BTreeMap<u64, Duration> {
        let own = self.limits.range(jobs.clone());
        own.map(|(index, limit)| (*index, *limit)).collect()
    }

    pub(super) fn limit(&self, index: u64) -> Option<Duration> {
        self.limits.get(&index).copied()
    }
}

/// One call of `map`, or one submitted job, as the crew knows it.
#[derive(Debug)]
pub(super) struct Map {
    /// Those with jobs that have not ended, by their first.
    pub(super) blocks: BTreeMap<u64, Block>,
    /// What has come and nobody has taken, each with the index of its first job.
    pub(super) outcomes: Vec<(u64, Outcome)>,
    /// Somebody will take them.
    pub(super) is_wanted: bool,
}

#[derive(Debug)]
pub(super) enum Outcome {
    /// What one worker answered: frames, back to back.
    Answers { pid: u32, frames: Vec<u8> },
    /// Of so many jobs that have no answer.
    Failed(ProcessError, u64),
}

impl Outcome {
    pub(super) fn decode_onto<O: DeserializeOwned>(
        self,
        outputs: &mut Vec<Result<O, ProcessError>>,
    ) {
        match self {
            Self::Failed(error, jobs) => {
                outputs.extend((0..jobs).map(|_| Err(error.clone())));
            }
            Self::Answers { pid, frames } => decode_answers(&frames, pid, outputs),
        }
    }
}
