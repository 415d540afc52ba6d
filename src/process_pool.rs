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
use crate::process::{decode_answer, encode};
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

/// Jobs of one map that nobody has begun, one after the other; owned by the queue or a supervisor.
#[derive(Debug)]
struct Run {
    map: Arc<Map>,
    jobs: Range<usize>,
    /// How many workers have died with the first of these jobs in their hands, and not begun it.
    deaths: u32,
}

/// One call of `map`, as its jobs see it.
#[derive(Debug)]
struct Map {
    work: &'static str,
    /// The encoded inputs, back to back.
    inputs: Vec<u8>,
    /// Where in `inputs` each job's input ends.
    ends: Vec<usize>,
    outcomes: Mutex<Outcomes>,
    changed: Condvar,
}

/// What has come and the caller has not taken.
#[derive(Debug, Default)]
struct Outcomes {
    answered: Vec<Answers>,
    failed: Vec<(usize, ProcessError)>,
}

/// What one worker answered to jobs that stand one after the other.
#[derive(Debug)]
struct Answers {
    pid: u32,
    first: usize,
    /// The answers, back to back.
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

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
        let mut map = Map::new(W::NAME, expected);
        let mut outcomes = Vec::with_capacity(expected);
        for input in inputs {
            let encoded = encode(&input, &mut map.inputs);
            map.ends.push(map.inputs.len());
            outcomes.push(encoded.err().map(Err));
        }
        let map = Arc::new(map);
        let runs = runs_of_none(&outcomes);
        let mut left: usize = runs.iter().map(Range::len).sum();
        self.shared.push(&map, runs);
        while left > 0 {
            let Outcomes { answered, failed } = map.take_outcomes();
            for answers in answered {
                left -= answers.ends.len();
                answers.decode_into(&mut outcomes);
            }
            left -= failed.len();
            for (index, error) in failed {
                outcomes[index] = Some(Err(error));
            }
        }
        let outcomes = outcomes.into_iter();
        outcomes
            .map(|outcome| outcome.expect("none is left"))
            .collect()
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

/// Where the slots are that nobody has filled: the jobs that can be sent.
fn runs_of_none<T>(slots: &[Option<T>]) -> Vec<Range<usize>> {
    let mut first = 0;
    let chunks = slots.chunk_by(|a, b| a.is_none() == b.is_none());
    let runs = chunks.filter_map(|chunk| {
        let run = first..first + chunk.len();
        first = run.end;
        chunk[0].is_none().then_some(run)
    });
    runs.collect()
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
    fn push(&self, map: &Arc<Map>, runs: Vec<Range<usize>>) {
        let runs = runs.into_iter().map(|jobs| Run {
            map: map.clone(),
            jobs,
            deaths: 0,
        });
        let mut state = self.state.lock();
        if state.phase == Phase::Open && state.broken.is_none() {
            state.queue.extend(runs);
            drop(state);
            self.changed.notify_all();
            return;
        }
        let broken = state.broken.clone().filter(|_| state.phase == Phase::Open);
        drop(state);
        fail_all(runs, || match &broken {
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
        run.map.fail(run.jobs.map(|index| (index, error())));
    }
    count
}

impl Map {
    fn new(work: &'static str, expected: usize) -> Self {
        Self {
            work,
            inputs: Vec::new(),
            ends: Vec::with_capacity(expected),
            outcomes: Mutex::new(Outcomes::default()),
            changed: Condvar::new(),
        }
    }

    /// Where in `inputs` the inputs of these jobs stand.
    fn bytes_of(&self, jobs: &Range<usize>) -> Range<usize> {
        let end = |jobs: usize| jobs.checked_sub(1).map_or(0, |last| self.ends[last]);
        end(jobs.start)..end(jobs.end)
    }

    fn deliver(&self, answers: Answers) {
        self.outcomes.lock().answered.push(answers);
        self.changed.notify_all();
    }

    fn fail(&self, errors: impl IntoIterator<Item = (usize, ProcessError)>) {
        self.outcomes.lock().failed.extend(errors);
        self.changed.notify_all();
    }

    /// Waits until there is something to take.
    fn take_outcomes(&self) -> Outcomes {
        let mut outcomes = self.outcomes.lock();
        while outcomes.answered.is_empty() && outcomes.failed.is_empty() {
            outcomes = self.changed.wait(outcomes);
        }
        std::mem::take(&mut *outcomes)
    }
}

impl Answers {
    fn new(pid: u32, first: usize) -> Self {
        Self {
            pid,
            first,
            bytes: Vec::new(),
            ends: Vec::new(),
        }
    }

    fn push(&mut self, answer: &[u8]) {
        self.bytes.extend_from_slice(answer);
        self.ends.push(self.bytes.len());
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    fn decode_into<O: DeserializeOwned>(&self, outcomes: &mut [Option<Result<O, ProcessError>>]) {
        let mut start = 0;
        for (outcome, &end) in outcomes[self.first..].iter_mut().zip(&self.ends) {
            debug_assert!(outcome.is_none(), "a job ended twice");
            *outcome = Some(decode_answer(&self.bytes[start..end], self.pid));
            start = end;
        }
    }
}
