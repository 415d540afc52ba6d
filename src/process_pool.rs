#![doc = include_str!("process_pool/README.md")]

mod supervisor;

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::thread::JoinHandle;
use std::time::Duration;

use serde::de::DeserializeOwned;

use self::supervisor::supervise;
use crate::lifecycle::builder;
use crate::process::{Killer, MAX_FRAME, ProcessError, START_TIMEOUT, Work, WorkerProgram};
use crate::process::{decode_answers, encode};
use crate::sync::{Arc, Condvar, Mutex};
use crate::thread_pool::{PoolReport, Shutdown};

/// A fixed number of worker processes that run jobs; see the module for the protocol.
///
/// Dropping the pool kills and reaps its workers; [`shutdown`](Self::shutdown) lets them end.
///
/// # Differences from Python
/// [`multiprocessing.Pool`](https://docs.python.org/3/library/multiprocessing.html#multiprocessing.pool.Pool)
/// hangs for ever when a worker is killed and
/// [`ProcessPoolExecutor`](https://docs.python.org/3/library/concurrent.futures.html#processpoolexecutor)
/// fails every job; here a death costs the one job that ran. A started job is never run again.
///
/// # Examples
/// ```no_run
/// # use serde::{Deserialize, Serialize};
/// use threadproof::{ProcessPool, Work, WorkTable, WorkerProgram, run_if_worker};
/// # #[derive(Serialize, Deserialize)]
/// # struct Square(i64);
/// # impl Work for Square {
/// #     type Output = i64;
/// #     const NAME: &'static str = "square";
/// #     fn run(self) -> i64 { self.0 * self.0 }
/// # }
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     run_if_worker(&WorkTable::new().with::<Square>());
///     let pool = ProcessPool::builder(WorkerProgram::current()?).workers(3).build()?;
///     let squares: Result<Vec<i64>, _> = pool.map((1..=5).map(Square)).into_iter().collect();
///     assert_eq!(squares?, [1, 4, 9, 16, 25]);
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct ProcessPool {
    shared: Arc<Shared>,
    supervisors: Vec<JoinHandle<PoolReport>>,
}

/// How many workers, how long a job may take, how often a dead worker is replaced.
#[derive(Clone, Debug)]
pub struct ProcessPoolBuilder {
    program: WorkerProgram,
    workers: usize,
    start_timeout: Duration,
    job_timeout: Option<Duration>,
    jobs_per_worker: Option<u64>,
    respawns: u32,
    max_frame: usize,
}

/// What the pool's handle and its supervisors share.
#[derive(Debug)]
struct Shared {
    settings: ProcessPoolBuilder,
    state: Mutex<State>,
    /// There is a job to claim, or there will never be one again.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Run>,
    phase: Phase,
    /// Workers that live, by process number.
    live: BTreeMap<u32, Killer>,
    supervisors: usize,
    respawns_left: u32,
    /// How the last worker ended, once no supervisor is left.
    broken: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Open,
    /// Takes no more jobs; the supervisors run what is queued and end.
    Closed,
    /// The workers are dead or dying; nothing runs any more.
    Killed,
}

/// Jobs of one block that nobody has begun, one after the other; owned by the queue or a supervisor.
#[derive(Debug)]
struct Run {
    block: Arc<Block>,
    jobs: Range<usize>,
    /// How many workers have died with the first of these jobs in their hands, and not begun it.
    deaths: u32,
}

/// Inputs of one map that stand one after the other, encoded.
#[derive(Debug)]
struct Block {
    map: Arc<Map>,
    /// The index in the map of the block's first job.
    first: usize,
    /// The encoded inputs, each a frame, back to back.
    inputs: Vec<u8>,
    /// Where in `inputs` each job's frame ends.
    ends: Vec<usize>,
}

/// One call of `map`, as its jobs see it.
#[derive(Debug)]
struct Map {
    work: &'static str,
    /// What has come and the caller has not taken, each with the index of its first job.
    outcomes: Mutex<Vec<(usize, Outcome)>>,
    changed: Condvar,
}

#[derive(Debug)]
enum Outcome {
    /// Of jobs that stand one after the other.
    Answers(Answers),
    /// Of a job that has no answer.
    Failed(ProcessError),
}

/// What one worker answered.
#[derive(Debug)]
struct Answers {
    pid: u32,
    /// The answers, each a frame, back to back.
    frames: Vec<u8>,
    jobs: usize,
}

/// The workers begin with a block while the next one is still being encoded.
const BLOCK_JOBS: usize = 8192;
const BLOCK_BYTES: usize = 1024 * 1024;

impl ProcessPool {
    /// Begins a pool whose workers run `program`.
    pub fn builder(program: WorkerProgram) -> ProcessPoolBuilder {
        let workers = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        ProcessPoolBuilder {
            program,
            workers,
            start_timeout: START_TIMEOUT,
            job_timeout: None,
            jobs_per_worker: None,
            respawns: 100,
            max_frame: MAX_FRAME,
        }
    }

    /// Runs every input in some worker; gives one outcome an input, in the inputs' order.
    ///
    /// Inputs are encoded and outputs decoded on the calling thread, so neither need be `Send`.
    /// Jobs travel in chunks while they are tiny; each job's outcome is its own all the same.
    ///
    /// # Blocking
    /// Until every input has its outcome.
    ///
    /// # Errors
    /// Each on its own: see [`ProcessError`]. After [`kill`](Self::kill) the rest are
    /// [`ProcessError::Cancelled`].
    // ANCHOR: map
    pub fn map<W: Work>(
        &self,
        inputs: impl IntoIterator<Item = W>,
    ) -> Vec<Result<W::Output, ProcessError>> {
        let inputs = inputs.into_iter();
        let expected = inputs.size_hint().0;
        let map = Arc::new(Map::new(W::NAME));
        let mut block = Block::new(&map, 0);
        for input in inputs {
            if let Err(error) = block.push(&input) {
                map.deliver(block.end(), Outcome::Failed(error));
                let next = Block::new(&map, block.end() + 1);
                self.shared.push(std::mem::replace(&mut block, next));
            } else if block.is_full() {
                let next = Block::new(&map, block.end());
                self.shared.push(std::mem::replace(&mut block, next));
            }
        }
        let jobs = block.end();
        self.shared.push(block);
        let mut early = BTreeMap::new();
        let mut outputs = Vec::with_capacity(expected);
        while outputs.len() < jobs {
            for (first, outcome) in map.take_outcomes() {
                let before = early.insert(first, outcome);
                debug_assert!(before.is_none(), "job {first} ended twice");
            }
            while let Some(outcome) = early.remove(&outputs.len()) {
                outcome.decode_onto(&mut outputs);
            }
        }
        outputs
    }
    // ANCHOR_END: map

    /// The process numbers of the workers that live now, in ascending order.
    pub fn pids(&self) -> Vec<u32> {
        self.shared.state.lock().live.keys().copied().collect()
    }

    /// Kills every worker, from any thread; what has not ended becomes [`ProcessError::Cancelled`].
    ///
    /// The pool stays without workers. Never blocks for longer than the kills take.
    pub fn kill(&self) {
        self.shared.kill();
    }

    /// Ends the pool, accounts for every job, and reaps every worker.
    ///
    /// # Blocking
    /// Until the jobs that run (and with [`Shutdown::Drain`] those that are queued) have ended.
    pub fn shutdown(mut self, how: Shutdown) -> PoolReport {
        let cancelled = self.shared.close(how);
        let mut report = self.join_supervisors();
        report.cancelled += cancelled;
        report
    }

    fn join_supervisors(&mut self) -> PoolReport {
        let mut report = PoolReport::default();
        for supervisor in self.supervisors.drain(..) {
            let one = supervisor
                .join()
                .expect("a supervisor runs no caller's code");
            report.completed += one.completed;
            report.cancelled += one.cancelled;
            report.panicked += one.panicked;
            report.crashed += one.crashed;
            report.timed_out += one.timed_out;
        }
        report
    }
}

impl Drop for ProcessPool {
    fn drop(&mut self) {
        if !self.supervisors.is_empty() {
            self.shared.kill();
            self.join_supervisors();
        }
    }
}

impl ProcessPoolBuilder {
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
        let state = State {
            supervisors: workers,
            respawns_left: self.respawns,
            ..State::default()
        };
        let (state, changed) = (Mutex::new(state), Condvar::new());
        let shared = Arc::new(Shared {
            settings: self,
            state,
            changed,
        });
        let mut pool = ProcessPool {
            shared,
            supervisors: Vec::new(),
        };
        let (started, hellos) = std::sync::mpsc::channel();
        for number in 1..=workers {
            let (shared, started) = (pool.shared.clone(), started.clone());
            let thread = builder(&format!("supervisor-{number}"))
                .and_then(|builder| builder.spawn(move || supervise(&shared, started)));
            pool.supervisors.push(thread.map_err(ProcessError::Start)?);
        }
        drop(started);
        for hello in hellos {
            hello?;
        }
        Ok(pool)
    }
}

impl Shared {
    fn push(&self, block: Block) {
        if block.ends.is_empty() {
            return;
        }
        let run = Run {
            jobs: 0..block.ends.len(),
            block: Arc::new(block),
            deaths: 0,
        };
        let is_one_job = run.jobs.len() == 1;
        let mut state = self.state.lock();
        if state.phase == Phase::Open && state.broken.is_none() {
            state.queue.push_back(run);
            drop(state);
            if is_one_job {
                // Others would wake for nothing; whoever wakes claims it.
                self.changed.notify_one();
            } else {
                self.changed.notify_all();
            }
            return;
        }
        let broken = state.broken.clone().filter(|_| state.phase == Phase::Open);
        drop(state);
        fail_all([run], || match &broken {
            Some(cause) => ProcessError::PoolBroken {
                cause: cause.clone(),
            },
            None => ProcessError::Cancelled,
        });
    }

    /// Takes no more jobs; says how many it cancelled.
    fn close(&self, how: Shutdown) -> u64 {
        let mut state = self.state.lock();
        state.phase = Phase::Closed;
        let cancelled = match how {
            Shutdown::Drain => VecDeque::new(),
            Shutdown::CancelQueued => std::mem::take(&mut state.queue),
        };
        drop(state);
        self.changed.notify_all();
        fail_all(cancelled, || ProcessError::Cancelled)
    }

    fn kill(&self) {
        let mut state = self.state.lock();
        state.phase = Phase::Killed;
        let cancelled = std::mem::take(&mut state.queue);
        for killer in state.live.values() {
            killer.kill();
        }
        drop(state);
        self.changed.notify_all();
        fail_all(cancelled, || ProcessError::Cancelled);
    }
}

/// Ends jobs that no worker had; says how many.
fn fail_all(runs: impl IntoIterator<Item = Run>, error: impl Fn() -> ProcessError) -> u64 {
    let mut count = 0;
    for run in runs {
        count += run.jobs.len() as u64;
        for job in run.jobs {
            run.block.deliver(job, Outcome::Failed(error()));
        }
    }
    count
}

impl Block {
    fn new(map: &Arc<Map>, first: usize) -> Self {
        Self {
            map: map.clone(),
            first,
            inputs: Vec::new(),
            ends: Vec::new(),
        }
    }

    fn push<W: Work>(&mut self, input: &W) -> Result<(), ProcessError> {
        encode(input, &mut self.inputs)?;
        self.ends.push(self.inputs.len());
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.ends.len() >= BLOCK_JOBS || self.inputs.len() >= BLOCK_BYTES
    }

    /// The index in the map of the job behind the block's last.
    fn end(&self) -> usize {
        self.first + self.ends.len()
    }

    /// Where in `inputs` the inputs of these jobs stand.
    fn bytes_of(&self, jobs: &Range<usize>) -> Range<usize> {
        let end = |jobs: usize| jobs.checked_sub(1).map_or(0, |last| self.ends[last]);
        end(jobs.start)..end(jobs.end)
    }

    fn deliver(&self, job: usize, outcome: Outcome) {
        self.map.deliver(self.first + job, outcome);
    }
}

impl Map {
    fn new(work: &'static str) -> Self {
        Self {
            work,
            outcomes: Mutex::new(Vec::new()),
            changed: Condvar::new(),
        }
    }

    fn deliver(&self, first: usize, outcome: Outcome) {
        self.outcomes.lock().push((first, outcome));
        self.changed.notify_all();
    }

    /// Waits until there is something to take.
    fn take_outcomes(&self) -> Vec<(usize, Outcome)> {
        let mut outcomes = self.outcomes.lock();
        while outcomes.is_empty() {
            outcomes = self.changed.wait(outcomes);
        }
        std::mem::take(&mut *outcomes)
    }
}

impl Outcome {
    fn decode_onto<O: DeserializeOwned>(self, outputs: &mut Vec<Result<O, ProcessError>>) {
        match self {
            Self::Failed(error) => outputs.push(Err(error)),
            Self::Answers(answers) => decode_answers(&answers.frames, answers.pid, outputs),
        }
    }
}
