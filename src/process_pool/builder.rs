//! What a pool is asked to be, and how it starts: Python's arguments of `Pool(…)`.
//!
//! ```text
//!   builder ── settings ──▶ build ──▶ a supervisor a worker ──▶ each worker's hello ──▶ the pool
//!                                          └── one fails ──▶ an error; the others are killed, reaped
//! ```

use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use super::ProcessPool;
use super::queue::Shared;
use super::supervisor::supervise;
use crate::process::{MAX_FRAME, ProcessError, START_TIMEOUT, WorkerProgram};
use crate::sync::Arc;

/// How many workers, how long a job may take, how often a dead worker is replaced.
///
/// Needs the feature `processes`.
#[derive(Clone, Debug)]
pub struct ProcessPoolBuilder {
    pub(super) program: WorkerProgram,
    pub(super) workers: usize,
    pub(super) start_timeout: Duration,
    pub(super) job_timeout: Option<Duration>,
    pub(super) jobs_per_worker: Option<u64>,
    pub(super) respawns: u32,
    pub(super) max_frame: usize,
}

impl ProcessPoolBuilder {
    pub(super) fn new(program: WorkerProgram) -> Self {
        let workers = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            program,
            workers,
            start_timeout: START_TIMEOUT,
            job_timeout: None,
            jobs_per_worker: None,
            respawns: 100,
            max_frame: MAX_FRAME,
        }
    }

    /// How many workers; as many as the machine has cores. 0 counts as 1.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers.max(1);
        self
    }

    /// How long a worker may take to start, its initialiser included; 10 s.
    pub fn start_timeout(mut self, timeout: Duration) -> Self {
        self.start_timeout = timeout;
        self
    }

    /// How long one job may run, from its own start; then its worker is killed. No limit.
    pub fn job_timeout(mut self, timeout: Duration) -> Self {
        self.job_timeout = Some(timeout);
        self
    }

    /// After how many jobs a worker is replaced by a new process; never. 0 counts as 1.
    pub fn jobs_per_worker(mut self, jobs: u64) -> Self {
        self.jobs_per_worker = Some(jobs.max(1));
        self
    }

    /// How often, in the pool's whole life, a dead worker is replaced; 100.
    pub fn respawns(mut self, respawns: u32) -> Self {
        self.respawns = respawns;
        self
    }

    /// The largest message in bytes, an encoded input or output with its envelope; 65 MiB.
    pub fn max_frame(mut self, bytes: usize) -> Self {
        self.max_frame = bytes;
        self
    }

    /// Starts the workers and waits until each has said hello.
    ///
    /// # Errors
    /// [`ProcessError::Start`], [`ProcessError::NotAWorker`], [`ProcessError::InsideWorker`],
    /// [`ProcessError::Initialiser`]. No process is left then.
    pub fn build(self) -> Result<ProcessPool, ProcessError> {
        let workers = self.workers;
        let shared = Arc::new(Shared::new(self));
        let mut pool = ProcessPool {
            shared,
            supervisors: Vec::new(),
        };
        let (started, hellos) = std::sync::mpsc::channel();
        for number in 1..=workers {
            let (shared, started) = (pool.shared.clone(), started.clone());
            let thread = thread::Builder::new()
                .name(format!("supervisor-{number}"))
                .spawn(move || supervise(&shared, started));
            pool.supervisors.push(thread.map_err(ProcessError::Start)?);
        }
        drop(started);
        for hello in hellos {
            hello?;
        }
        Ok(pool)
    }
}
