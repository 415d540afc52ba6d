//! What a pool is asked to be, and how it starts: Python's arguments of `Pool(…)`.
//!
//! ```text
//!   builder ── settings ──▶ build ──▶ every worker is started, then heard of ──▶ the pool
//!                                          └── one fails ──▶ an error; the others are killed, reaped
//! ```

use std::num::NonZeroUsize;
use std::time::Duration;

use super::crew::{ALL, Pool};
use super::protocol::{Event, Settings};
use super::turns::{Then, Turns};
use super::workers::Workers;
use super::{Block, ProcessJob, ProcessPool, encoded};
use crate::frame;
use crate::process::{Inputs, MAX_FRAME, ProcessError, START_TIMEOUT, Work, WorkerProgram};
use crate::sync::{Arc, Deadline, Mutex};

/// A job is given up after so many workers died with it in hand, each before it began.
const STRIKES: u32 = 2;

/// Each has a process and some descriptors, and lists are as long.
const MOST_WORKERS: usize = 1 << 16;

/// The shortest longest message: what a worker has to say of itself fits.
const LEAST_FRAME: usize = 4096;

/// How many workers, how long a job may take, how often in a row workers may die.
///
/// Needs the feature `processes`.
#[derive(Clone, Debug)]
pub struct ProcessPoolBuilder {
    pub(super) program: WorkerProgram,
    pub(super) workers: NonZeroUsize,
    pub(super) start_timeout: Duration,
    pub(super) job_timeout: Option<Duration>,
    pub(super) jobs_per_worker: Option<u64>,
    pub(super) respawns: u32,
    pub(super) strikes: u32,
    pub(super) max_frame: usize,
    /// What each worker runs before its first job.
    pub(super) first: Option<(&'static str, Inputs)>,
    first_error: Option<ProcessError>,
}

impl ProcessPoolBuilder {
    pub(super) fn new(program: WorkerProgram) -> Self {
        let workers = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self {
            program,
            workers,
            start_timeout: START_TIMEOUT,
            job_timeout: None,
            jobs_per_worker: None,
            respawns: 100,
            strikes: STRIKES,
            max_frame: MAX_FRAME,
            first: None,
            first_error: None,
        }
    }

    /// How many workers; one for each core that the program may use. 0 counts as 1; more than 65,536 are an error of
    /// [`build`](Self::build).
    #[doc(alias = "max_workers")]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = NonZeroUsize::new(workers).unwrap_or(NonZeroUsize::MIN);
        self
    }

    /// How long a worker may take to start, its initialiser and [`prepared_by`](Self::prepared_by)
    /// included; 10 s.
    pub fn start_timeout(mut self, timeout: Duration) -> Self {
        self.start_timeout = timeout;
        self
    }

    /// How long one job may run, from its own start; then its worker is killed. No limit.
    ///
    /// A job's own [`time_limit`](Work::time_limit) goes first. The time is counted while the program
    /// runs: one that is stopped (Ctrl-Z) and goes on has lost an eighth at most. A job that stops itself
    /// (SIGSTOP) runs for ever in a pool without this.
    #[doc(alias = "timeout")]
    pub fn job_timeout(mut self, timeout: Duration) -> Self {
        self.job_timeout = Some(timeout);
        self
    }

    /// After how many jobs a worker is replaced by a new process; never. 0 counts as 1.
    #[doc(alias = "maxtasksperchild")]
    #[doc(alias = "max_tasks_per_child")]
    pub fn jobs_per_worker(mut self, jobs: u64) -> Self {
        self.jobs_per_worker = Some(jobs.max(1));
        self
    }

    /// How many deaths and failed starts in a row are made good, for each worker; 100.
    ///
    /// In a row: each answer to a job sets the count back to nothing. So a crash loop ends, and a
    /// service that has a crash now and then does not. From the second failure of one worker's number
    /// on there are pauses, 10 ms that double up to 250; a program that is away for a moment, since it is
    /// installed anew, is waited for.
    pub fn respawns(mut self, respawns: u32) -> Self {
        self.respawns = respawns;
        self
    }

    /// The largest message in bytes, an encoded input or output with its envelope; 65 MiB. Less than
    /// 4 KiB counts as 4 KiB.
    pub fn max_frame(mut self, bytes: usize) -> Self {
        self.max_frame = bytes.max(LEAST_FRAME);
        self
    }

    /// A job that each worker runs before its first one, with an input: to open the database of this
    /// name, say. What it gives is dropped; if it panics, there is no worker.
    ///
    /// # Differences from Python
    /// [`Pool(initializer=…, initargs=…)`](https://docs.python.org/3/library/multiprocessing.html#multiprocessing.pool.Pool).
    /// What needs no input is done by [`initialised_by`](crate::WorkTable::initialised_by).
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
    /// let program = threadproof::WorkerProgram::current()?;
    /// let pool = threadproof::ProcessPool::builder(program).prepared_by(Square(7)).build()?;
    /// assert_eq!(pool.report().completed, 0, "that is no job of the pool's");
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "initargs")]
    pub fn prepared_by<W: Work + Clone>(mut self, first: W) -> Self {
        // The largest message may be said later.
        (self.first, self.first_error) = match encoded(&first, usize::MAX) {
            Ok(inputs) => (Some((W::NAME, inputs)), None),
            Err(error) => (None, Some(error)),
        };
        self
    }

    /// A pool of one worker for one job, whose death is the job's outcome; and that worker's process.
    pub(crate) fn build_for<W: Work>(
        mut self,
        input: &W,
    ) -> Result<(ProcessPool, ProcessJob<W::Output>, u32), ProcessError> {
        (self.workers, self.respawns, self.strikes) = (NonZeroUsize::MIN, 0, 1);
        let mut block = Block::new(W::NAME, 0);
        block.push(input, self.max_frame)?;
        let pool = self.build()?;
        // The job may end it at once.
        let pid = pool.pids().first().copied().unwrap_or(0);
        let job = pool.submit_block(block, Ok(()));
        Ok((pool, job.map_err(|_| ProcessError::Cancelled)?, pid))
    }

    /// Starts the workers and waits until each has said hello.
    ///
    /// # Errors
    /// [`ProcessError::Start`], [`ProcessError::NotAWorker`], [`ProcessError::InsideWorker`],
    /// [`ProcessError::Initialiser`]; [`ProcessError::Encode`] or [`ProcessError::Panicked`] of what workers are
    /// [prepared by](Self::prepared_by). No process is left then.
    pub fn build(self) -> Result<ProcessPool, ProcessError> {
        if let Some(error) = self.first_error {
            return Err(error);
        }
        if let Some((_, first)) = &self.first {
            let length = (first.range.len() - frame::HEAD) as u64;
            let fits = frame::head(length, self.max_frame);
            fits.map_err(|error| ProcessError::Encode(error.to_string()))?;
        }
        let workers = self.workers.get();
        if workers > MOST_WORKERS {
            let why = format!("{workers} workers: a pool may have {MOST_WORKERS}");
            let refused = std::io::Error::new(std::io::ErrorKind::InvalidInput, why);
            return Err(ProcessError::Start(refused.into()));
        }
        let settings = Settings {
            workers,
            jobs_per_worker: self.jobs_per_worker.unwrap_or(u64::MAX),
            crashes: self.respawns.saturating_mul(workers as u32),
            strikes: self.strikes,
        };
        let crew = Pool::new(settings, self.job_timeout);
        let max_frame = self.max_frame;
        let started = |error: std::io::Error| ProcessError::Start(error.into());
        let (wheel, nudge) = Workers::new(self).map_err(started)?;
        let turns = Arc::new(Turns::new(crew, wheel, nudge));
        let driver = {
            let turns = turns.clone();
            let named = std::thread::Builder::new().name("process-pool".to_owned());
            named.spawn(move || turns.drive_in_the_background())
        };
        // From here on a drop ends whatever has been started.
        let pool = ProcessPool {
            turns,
            driver: Mutex::new(Some(driver.map_err(started)?)),
            max_frame,
            owner: std::process::id(),
        };
        pool.turns.tell(|_| ());
        let up = pool
            .turns
            .wait(ALL, &Deadline::never(), Then::Leaves, Pool::is_up);
        match up {
            Some(Ok(())) => Ok(pool),
            Some(Err(error)) => {
                pool.turns.tell(|pool| pool.say(Event::Kill));
                Err(error)
            }
            None => unreachable!("it waits for ever"),
        }
    }
}
