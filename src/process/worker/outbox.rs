//! What the worker has to say, and where it says it.
//!
//! ```text
//!   begin a job ──▶ run it ──▶ its answer ──┬── into the ring; at the chunk's end it rings
//!                                           └── through the channel, where there is no ring
//! ```

use std::fs::File;
use std::io::{self, Write};
use std::time::Instant;

use super::super::channel::RingWriter;
use super::super::messages::{JobFailure, append, says};
use super::table::Failure;
use crate::frame::append_frame;

/// Memory that one long message needed is given back after it.
const USUAL_BUFFER: usize = 8 * 1024 * 1024;

/// What the worker has to say. None of it is lost if the worker dies: see `channel/ring.rs`.
#[derive(Debug)]
pub(super) struct Outbox {
    to: File,
    /// None where parent and worker share no memory; then the parent sends jobs one by one.
    pub(super) ring: Option<RingWriter>,
    /// A job that forks makes another process.
    pid: u32,
    chunk: u64,
    since: Instant,
    answer: Vec<u8>,
    max_frame: usize,
}

impl Outbox {
    pub(super) fn new(to: File, ring: Option<RingWriter>, max_frame: usize) -> Self {
        Self {
            to,
            ring,
            pid: std::process::id(),
            chunk: 0,
            since: Instant::now(),
            answer: Vec::new(),
            max_frame,
        }
    }

    pub(super) fn begin_chunk(&mut self, number: u64) {
        (self.chunk, self.since) = (number, Instant::now());
        if let Some(ring) = &mut self.ring {
            ring.begin_chunk(number);
        }
    }

    /// Runs a job and says its answer: the output that `run` has appended, or why there is none. `is_last` of
    /// its chunk: what comes next waits for it.
    pub(super) fn answer(
        &mut self,
        is_last: bool,
        run: impl FnOnce(&mut Vec<u8>) -> Result<(), Failure>,
    ) -> io::Result<()> {
        // ANCHOR: begin_job
        if let Some(ring) = &mut self.ring {
            // From here on the worker may die, and it is known that the job had begun.
            ring.begin_job();
        }
        // ANCHOR_END: begin_job
        self.answer.clear();
        let failure = match self.put(says::OUTPUT, run) {
            Ok(Ok(())) => return self.hand_over(is_last),
            Ok(Err(failure)) => failure,
            Err(too_long) => Box::new(JobFailure::Encode(too_long.to_string())),
        };
        // What a job had written before it failed is not its output.
        self.put_failure(&failure).or_else(|too_long| {
            let failure = JobFailure::Encode(too_long.to_string());
            self.put_failure(&failure)
        })?;
        self.hand_over(is_last)
    }

    /// The answer is in memory that outlives the worker, or it is sent.
    // ANCHOR: hand_over
    fn hand_over(&mut self, is_last: bool) -> io::Result<()> {
        let Self {
            to, ring, answer, ..
        } = self;
        // A job may have forked, and only the first of the two is a worker. To ask costs more than a tiny
        // job, so of those that have company in their chunk the ring watches what it can.
        let is_mixed = ring.as_ref().is_some_and(RingWriter::is_mixed);
        if (is_last || is_mixed || ring.is_none()) && std::process::id() != self.pid {
            std::process::exit(0);
        }
        match ring {
            Some(ring) if is_mixed => {
                ring.say_mixed();
                return Err(io::Error::other("another process answers in its place"));
            }
            Some(ring) => ring.write(answer)?,
            None => {
                let mut of = Vec::new();
                append_frame(&mut of, usize::MAX, |of| {
                    of.push(says::OF);
                    of.extend(self.chunk.to_le_bytes());
                })?;
                to.write_all(&[&of, answer.as_slice()].concat())?;
            }
        }
        answer.shrink_to(USUAL_BUFFER);
        Ok(())
    }
    // ANCHOR_END: hand_over

    /// The chunk is done: the parent is to look.
    pub(super) fn look(&mut self) -> io::Result<()> {
        match &mut self.ring {
            Some(ring) => ring.end_chunk(self.since.elapsed()),
            None => Ok(()),
        }
    }

    pub(super) fn say(&mut self, kind: u8, words: &[u8]) -> io::Result<()> {
        let mut frame = Vec::new();
        append_frame(&mut frame, usize::MAX, |frame| {
            frame.push(kind);
            frame.extend_from_slice(words);
        })?;
        self.to.write_all(&frame)
    }

    fn put<T>(&mut self, kind: u8, write: impl FnOnce(&mut Vec<u8>) -> T) -> io::Result<T> {
        append_frame(&mut self.answer, self.max_frame, |frame| {
            frame.push(kind);
            write(frame)
        })
    }

    fn put_failure(&mut self, failure: &JobFailure) -> io::Result<()> {
        self.answer.clear();
        self.put(says::FAILURE, |to| append(failure, to))?
            .map_err(io::Error::other)
    }
}
