#![doc = include_str!("process_pool/README.md")]

mod supervisor;

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroUsize;
use std::thread::JoinHandle;
use std::time::Duration;

use serde::de::DeserializeOwned;

use self::supervisor::supervise;
use crate::lifecycle::builder;
use crate::process::{JobFailure, Killer, MAX_FRAME, ProcessError, Work, WorkerProgram};
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
    queue: VecDeque<Pending>,
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

/// One job that no worker has.
#[derive(Debug)]
struct Pending {
    map: Arc<Map>,
    index: usize,
    input: Vec<u8>,
}

/// One call of `map`, as its jobs see it.
#[derive(Debug)]
struct Map {
    work: &'static str,
    outcomes: Mutex<Outcomes>,
    changed: Condvar,
}

#[derive(Debug)]
struct Outcomes {
    slots: Vec<Option<Outcome>>,
    left: usize,
}

/// How a job ended: with an answer of the worker of this number, or without one.
type Outcome = Result<(u32, Result<Vec<u8>, JobFailure>), ProcessError>;

impl ProcessPool {
    /// Begins a pool whose workers run `program`.
    pub fn builder(program: WorkerProgram) -> ProcessPoolBuilder {
        let workers = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        ProcessPoolBuilder {
            program,
            workers,
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
        let inputs: Vec<_> = inputs.into_iter().map(|input| encode(&input)).collect();
        let map = Map::new(W::NAME, inputs.len());
        let mut pending = Vec::with_capacity(inputs.len());
        let mut not_encoded = Vec::new();
        for (index, input) in inputs.into_iter().enumerate() {
            match input {
                Ok(input) => pending.push(Pending {
                    map: map.clone(),
                    index,
                    input,
                }),
                Err(error) => not_encoded.push((index, Err(error))),
            }
        }
        map.deliver(not_encoded);
        self.shared.push(pending);
        map.join().into_iter().map(decode).collect()
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

fn decode<O: DeserializeOwned>(outcome: Outcome) -> Result<O, ProcessError> {
    let (pid, answer) = outcome?;
    decode_answer(answer, pid)
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
    /// [`ProcessError::Start`], [`ProcessError::NotAWorker`], [`ProcessError::InsideWorker`]. No
    /// process is left then.
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
    fn push(&self, jobs: Vec<Pending>) {
        let mut state = self.state.lock();
        if state.phase == Phase::Open && state.broken.is_none() {
            state.queue.extend(jobs);
            drop(state);
            self.changed.notify_all();
            return;
        }
        let broken = state.broken.clone().filter(|_| state.phase == Phase::Open);
        drop(state);
        fail_all(jobs, || match &broken {
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
fn fail_all(jobs: impl IntoIterator<Item = Pending>, error: impl Fn() -> ProcessError) -> u64 {
    let mut count = 0;
    for job in jobs {
        job.fail(error());
        count += 1;
    }
    count
}

impl Pending {
    fn fail(self, error: ProcessError) {
        self.map.deliver(vec![(self.index, Err(error))]);
    }
}

impl Map {
    fn new(work: &'static str, jobs: usize) -> Arc<Self> {
        let slots = std::iter::repeat_with(|| None).take(jobs).collect();
        let outcomes = Mutex::new(Outcomes { slots, left: jobs });
        Arc::new(Self {
            work,
            outcomes,
            changed: Condvar::new(),
        })
    }

    fn deliver(&self, outcomes: Vec<(usize, Outcome)>) {
        let mut state = self.outcomes.lock();
        for (index, outcome) in outcomes {
            let before = state.slots[index].replace(outcome);
            debug_assert!(before.is_none(), "job {index} ended twice");
            state.left -= 1;
        }
        let is_done = state.left == 0;
        drop(state);
        if is_done {
            self.changed.notify_all();
        }
    }

    fn join(&self) -> Vec<Outcome> {
        let mut state = self.outcomes.lock();
        while state.left > 0 {
            state = self.changed.wait(state);
        }
        let slots = std::mem::take(&mut state.slots);
        slots
            .into_iter()
            .map(|outcome| outcome.expect("none is left"))
            .collect()
    }
}
