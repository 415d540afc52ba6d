//! One job in a process of its own: Python's `multiprocessing.Process`.
//!
//! ```text
//!   Process::start ──▶ starting ── hello ──▶ busy ── answer ──▶ idle ── channel closed ──▶ gone
//!                          └───────────────────┴── dies, is killed ──▶ reaped: an error ────┘
//! ```
//!
//! | who | owns | does |
//! |---|---|---|
//! | the handle | the process, as a pool of one | hands the job in, waits, kills |
//! | one thread in the parent | – | talks to the worker while nobody waits for it, copies its stderr |
//! | the worker's main thread | the other end of the channel, the table of work | runs the job |
//! | the worker's watcher thread | nothing | sleeps until the parent has gone (looks for it on macOS), then ends the process |
//! | three threads in the parent, on Windows only | a pipe each | read or write it, and nudge whoever drives |
//!
//! The worker is the same program started again: [`run_if_worker`] as the first line of `main`
//! turns it into a worker. The channel is a socket pair, which is the worker's stdin until that line
//! has moved it away, so stdout and stderr stay the user's. Behind a wrapper
//! ([`WorkerProgram::wrapped_by`]) that is not gone, answers come through stdout. On Linux what a worker answers
//! stands in memory that survives it; [`process_pool`](crate::process_pool) says how, and what is elsewhere. On
//! Windows the channel is stdin and stdout, and what a job prints goes to stderr.
//!
//! Needs the feature `processes`.

mod answers;
#[cfg(any(windows, portable))]
#[path = "process/portable/bytes.rs"]
mod bytes;
#[cfg(not(any(windows, portable)))]
mod channel;
#[cfg(any(windows, portable))]
#[path = "process/portable/channel.rs"]
mod channel;
#[cfg(not(windows))]
mod child;
#[cfg(windows)]
#[path = "process/portable/child.rs"]
mod child;
mod coding;
mod error;
#[cfg(not(any(windows, portable)))]
mod last_words;
#[cfg(any(windows, portable))]
#[path = "process/portable/last_words.rs"]
mod last_words;
mod link;
mod messages;
#[cfg(not(any(windows, portable)))]
mod nudge;
#[cfg(any(windows, portable))]
#[path = "process/portable/nudge.rs"]
mod nudge;
mod program;
mod worker;

use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};

pub(crate) use self::answers::Answers;
pub(crate) use self::coding::{decode_answers, encode};
pub use self::error::{ProcessError, StartError};
pub(crate) use self::link::{Death, Inputs, Link, News, Ready};
pub(crate) use self::messages::{JobFailure, outcome_of};
pub(crate) use self::nudge::{Nudged, Nudger, nudge_pair};
pub use self::program::WorkerProgram;
pub use self::worker::{WorkTable, run_if_worker};
use crate::process_pool::{ProcessJob, ProcessPool, ProcessPoolBuilder};
use crate::thread_pool::Shutdown;

/// The largest message, unless a pool says otherwise: 64 MiB and some room for its envelope.
pub(crate) const MAX_FRAME: usize = 65 * 1024 * 1024;

/// A process that has not said hello by then is no worker, unless a pool says otherwise.
pub(crate) const START_TIMEOUT: Duration = Duration::from_secs(10);

/// A job that another process can run: an input that can be sent, and what to do with it.
///
/// Needs the feature `processes`.
///
/// serde sends a `PathBuf` as text, and a path that is no UTF-8 is an error then; an `OsString` takes any.
///
/// # Differences from Python
/// [`multiprocessing`](https://docs.python.org/3/library/multiprocessing.html) starts a function with its
/// arguments, which it pickles unless the child is a fork; here the type is the function and its fields are
/// the arguments.
///
/// # Examples
/// ```
/// use serde::{Deserialize, Serialize};
/// use threadproof::Work;
///
/// #[derive(Serialize, Deserialize)]
/// struct Square(i64);
///
/// impl Work for Square {
///     type Output = i64;
///     const NAME: &'static str = "square";
///     fn run(self) -> i64 {
///         self.0 * self.0
///     }
/// }
/// assert_eq!(Square(5).run(), 25);
/// ```
pub trait Work: Serialize + DeserializeOwned {
    /// What the job gives; it is sent back.
    type Output: Serialize + DeserializeOwned;
    /// The name under which the worker finds this work in its [`WorkTable`].
    const NAME: &'static str;
    /// Does the job, inside the worker.
    fn run(self) -> Self::Output;
    /// How long this job may run, from its own start; `None` leaves that to the
    /// [pool](crate::ProcessPoolBuilder::job_timeout). Asked in the parent, when the job is handed in.
    fn time_limit(&self) -> Option<Duration> {
        None
    }
}

/// A process that runs one job; owned permission to join or kill it.
///
/// Needs the feature `processes`.
///
/// # Differences from Python
/// [`multiprocessing.Process`](https://docs.python.org/3/library/multiprocessing.html#multiprocessing.Process):
/// `join` gives the output, or the panic, or how the process died. Dropping the handle kills and
/// reaps the process; Python's interpreter waits for it at exit.
///
/// # Examples
/// ```no_run
/// # use serde::{Deserialize, Serialize};
/// use threadproof::{Process, Work, WorkTable, WorkerProgram, run_if_worker};
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
///     let process = Process::start(&WorkerProgram::current()?, Square(5))?;
///     assert_eq!(process.join()?, 25);
///     Ok(())
/// }
/// ```
#[derive(Debug)]
#[must_use = "dropping the handle kills the process"]
pub struct Process<O> {
    /// Nothing but this job.
    job: ProcessJob<O>,
    pid: u32,
    /// Of one worker, which is not replaced.
    pool: ProcessPool,
}

/// How a [`Process`] is started.
///
/// Needs the feature `processes`.
#[derive(Clone, Debug)]
pub struct ProcessBuilder(ProcessPoolBuilder);

impl ProcessBuilder {
    /// How long the process may take to start, its initialiser included; 10 s.
    pub fn start_timeout(self, timeout: Duration) -> Self {
        Self(self.0.start_timeout(timeout))
    }

    /// How long the job may run; then the process is killed. No limit, unless the job has
    /// [one of its own](Work::time_limit).
    pub fn job_timeout(self, timeout: Duration) -> Self {
        Self(self.0.job_timeout(timeout))
    }

    /// Starts a process and hands it its only job; see [`Process::start`].
    ///
    /// # Errors
    /// As [`Process::start`].
    // ANCHOR: start
    pub fn start<W: Work>(self, input: W) -> Result<Process<W::Output>, ProcessError> {
        let (pool, job, pid) = self.0.build_for(&input)?;
        // It ends once the job has.
        pool.close();
        Ok(Process { job, pid, pool })
    }
    // ANCHOR_END: start
}

impl<O: DeserializeOwned> Process<O> {
    /// Begins a process that runs `program`.
    pub fn builder(program: &WorkerProgram) -> ProcessBuilder {
        ProcessBuilder(ProcessPool::builder(program.clone()))
    }

    /// Starts a process and hands it its only job.
    ///
    /// # Blocking
    /// Until the process has said that it is a worker, for 10 s at most.
    ///
    /// # Errors
    /// [`ProcessError::Start`], [`ProcessError::NotAWorker`], [`ProcessError::Initialiser`], [`ProcessError::InsideWorker`];
    /// [`ProcessError::Encode`] or [`ProcessError::Panicked`] before anything was started. No process is left then.
    pub fn start<W: Work<Output = O>>(
        program: &WorkerProgram,
        input: W,
    ) -> Result<Self, ProcessError> {
        Self::builder(program).start(input)
    }

    /// The process's number, given by the system.
    #[doc(alias = "ident")]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether the job has ended, so that [`join`](Self::join) would not wait for it.
    ///
    /// # Differences from Python
    /// The opposite of [`Process.is_alive`](https://docs.python.org/3/library/multiprocessing.html#multiprocessing.Process.is_alive).
    #[doc(alias = "is_alive")]
    pub fn is_finished(&mut self) -> bool {
        self.job.is_finished()
    }

    /// Waits for the job's end, takes its output, and ends and reaps the process.
    ///
    /// # Errors
    /// [`ProcessError::Panicked`], [`ProcessError::Crashed`], [`ProcessError::TimedOut`],
    /// [`ProcessError::Encode`], [`ProcessError::Decode`], [`ProcessError::UnknownWork`];
    /// [`ProcessError::PoolBroken`] if the process died before it was handed the job.
    // ANCHOR: join
    pub fn join(self) -> Result<O, ProcessError> {
        let outcome = self.job.join();
        self.pool.shutdown(Shutdown::Drain);
        outcome
    }
    // ANCHOR_END: join

    /// Waits for the job's end for at most `timeout`, then as [`join`](Self::join) for the process's: the outcome, or the handle.
    ///
    /// # Errors
    /// The handle itself, if the job has not ended.
    pub fn join_timeout(self, timeout: Duration) -> Result<Result<O, ProcessError>, Self> {
        let Self { job, pid, pool } = self;
        match job.join_timeout(timeout) {
            Ok(outcome) => {
                pool.shutdown(Shutdown::Drain);
                Ok(outcome)
            }
            Err(job) => Err(Self { job, pid, pool }),
        }
    }

    /// Asks the process to end, by SIGTERM; says nothing of whether it does. Windows has no signals: there this kills
    /// it.
    ///
    /// A job that listens to the signal can clean up; one that does not dies of it, and its outcome
    /// is [`ProcessError::Crashed`]. Never blocks: join afterwards, with a timeout.
    ///
    /// A SIGTERM may also come from outside, to all processes of the program: `kill -- -GROUP` sends it to
    /// the process group, and systemd by default to a whole service (`KillMode=control-group`). It ends the
    /// workers too, here and in a pool, even if the program itself listens: what they had begun is `Crashed`.
    ///
    /// # Differences from Python
    /// As [`Process.terminate`](https://docs.python.org/3/library/multiprocessing.html#multiprocessing.Process.terminate),
    /// on Windows too.
    pub fn terminate(&self) {
        self.pool.terminate();
    }

    /// Ends the process by SIGKILL and reaps it; the job's output is lost.
    pub fn kill(self) {
        drop(self);
    }
}
