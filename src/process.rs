//! One job in a process of its own: Python's `multiprocessing.Process`.
//!
//! ```text
//!   Process::start ──▶ starting ── hello ──▶ busy ── answer ──▶ idle ── channel closed ──▶ gone
//!                          └───────────────────┴── dies, is killed ──▶ reaped: an error ────┘
//! ```
//!
//! | who | owns | does |
//! |---|---|---|
//! | the parent's link | the child, one end of a socket pair | sends jobs, reads answers, kills, reaps |
//! | the parent's copier thread | the child's stderr | passes it on, keeps the last 8 KiB |
//! | the worker's reader thread | the other end of the socket | takes jobs in; ends the process when the parent has gone |
//! | the worker's main thread | the table of work | runs one job after the other |
//!
//! The worker is the same program started again: [`run_if_worker`] as the first line of `main`
//! turns it into a worker. Its stdin is the channel until that line has moved it away, so stdout
//! and stderr stay the user's. Unix only.

mod link;
mod worker;

use std::io;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};

pub(crate) use self::link::{JobFailure, Killer, Link, LinkError};
pub use self::worker::{WorkTable, run_if_worker};

/// The first argument of a program that is to be a worker; the largest frame follows after `=`.
pub(crate) const WORKER_ARGUMENT: &str = "--threadproof-worker";

/// The largest message, unless a pool says otherwise: 64 MiB and some room for its envelope.
pub(crate) const MAX_FRAME: usize = 65 * 1024 * 1024;

/// A job that another process can run: an input that can be sent, and what to do with it.
///
/// # Differences from Python
/// [`multiprocessing`](https://docs.python.org/3/library/multiprocessing.html) pickles a function's
/// name and its arguments; here the type is the function and its fields are the arguments.
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
}

/// The program that workers run: it must begin its `main` with [`run_if_worker`].
#[derive(Clone, Debug)]
pub struct WorkerProgram {
    path: PathBuf,
}

impl WorkerProgram {
    /// The running program itself.
    ///
    /// Inside `cargo test` that is the test binary: tests name their program by [`at`](Self::at).
    ///
    /// # Errors
    /// The system does not tell the program's path.
    pub fn current() -> io::Result<Self> {
        Ok(Self {
            path: std::env::current_exe()?,
        })
    }

    /// The program at `path`.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where the program is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Why a job that was sent to another process has no output.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// The job panicked; its worker goes on.
    #[error("the job panicked in process {pid}: {message}{}", at(.location.as_deref()))]
    Panicked {
        /// The text given to `panic!`.
        message: String,
        /// `file:line:column` of the panic.
        location: Option<String>,
        /// The worker.
        pid: u32,
    },
    /// The worker died while it ran this job, or ended its channel. The job is not run again.
    #[error("process {pid} died in the middle of the job ({status}){}", said(.stderr))]
    Crashed {
        /// The worker.
        pid: u32,
        /// How it ended.
        status: ExitStatus,
        /// The last 8 KiB of what it wrote to stderr.
        stderr: String,
    },
    /// The job ran longer than allowed; its worker was killed.
    #[error("process {pid} was killed: its job was not done after {after:?}")]
    TimedOut {
        /// The worker.
        pid: u32,
        /// The job timeout.
        after: Duration,
    },
    /// The input (or, in the worker, the output) cannot be sent.
    #[error("cannot encode: {0}")]
    Encode(String),
    /// The input (in the worker) or the output cannot be read.
    #[error("cannot decode: {0}")]
    Decode(String),
    /// No worker is left and none may be started any more; the job never ran.
    #[error("the pool has no worker left and may start no more: {cause}")]
    PoolBroken {
        /// How the last worker ended.
        cause: String,
    },
    /// The pool was killed or shut down before the job had ended.
    #[error("the job was cancelled")]
    Cancelled,
    /// The program cannot be started; the error names it.
    #[error("cannot start {0}")]
    Start(io::Error),
    /// The program started and did not become a worker.
    #[error(
        "{} did not become a worker ({why}): its main must begin with `run_if_worker`",
        program.display()
    )]
    NotAWorker {
        /// The program.
        program: PathBuf,
        /// What it did instead.
        why: String,
    },
    /// The worker's table has no work of this name.
    #[error(
        "the worker knows no work named {name:?}: add it to the table given to `run_if_worker`"
    )]
    UnknownWork {
        /// The name.
        name: String,
    },
    /// This process is a worker itself; workers start no workers.
    #[error(
        "this process was started as a worker and starts no workers: \
         `run_if_worker` must be the first line of main"
    )]
    InsideWorker,
}

fn at(location: Option<&str>) -> String {
    location.map_or(String::new(), |location| format!(" ({location})"))
}

fn said(stderr: &str) -> String {
    match stderr.trim_end().lines().last() {
        Some(line) => format!(", its last words: {line}"),
        None => String::new(),
    }
}

/// A process that runs one job; owned permission to join or kill it.
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
    link: Box<Link>,
    output: PhantomData<fn() -> O>,
}

impl<O: DeserializeOwned> Process<O> {
    /// Starts a process and hands it its only job.
    ///
    /// # Blocking
    /// Until the process has said that it is a worker, for 10 s at most.
    ///
    /// # Errors
    /// [`ProcessError::Start`], [`ProcessError::NotAWorker`], [`ProcessError::InsideWorker`];
    /// [`ProcessError::Encode`] before anything was started. No process is left then.
    // ANCHOR: start
    pub fn start<W: Work<Output = O>>(
        program: &WorkerProgram,
        input: W,
    ) -> Result<Self, ProcessError> {
        let input = encode(&input)?;
        let mut link = Box::new(Link::start(program, MAX_FRAME)?);
        link.send(W::NAME, &[&input], None)
            .map_err(|error| link.end(error))?;
        Ok(Self {
            link,
            output: PhantomData,
        })
    }
    // ANCHOR_END: start

    /// The process's number, given by the system.
    pub fn pid(&self) -> u32 {
        self.link.pid()
    }

    /// Waits for the job's end, takes its output, and ends and reaps the process.
    ///
    /// # Errors
    /// [`ProcessError::Panicked`], [`ProcessError::Crashed`], [`ProcessError::Encode`],
    /// [`ProcessError::Decode`], [`ProcessError::UnknownWork`].
    // ANCHOR: join
    pub fn join(mut self) -> Result<O, ProcessError> {
        let answer = self
            .link
            .receive(None)
            .map_err(|error| self.link.end(error))?;
        self.link.close();
        decode_answer(answer, self.link.pid())
    }
    // ANCHOR_END: join

    /// Waits for at most `timeout`: the outcome, or the handle back. Nothing is lost.
    ///
    /// # Errors
    /// The handle itself, if the job has not ended.
    pub fn join_timeout(mut self, timeout: Duration) -> Result<Result<O, ProcessError>, Self> {
        match self.link.receive(Some(timeout)) {
            Err(LinkError::TimedOut(_)) => Err(self),
            Err(error) => Ok(Err(self.link.end(error))),
            Ok(answer) => {
                self.link.close();
                Ok(decode_answer(answer, self.link.pid()))
            }
        }
    }

    /// Ends the process by SIGKILL and reaps it; the job's output is lost.
    pub fn kill(self) {
        drop(self);
    }
}

pub(crate) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, ProcessError> {
    postcard::to_allocvec(value).map_err(|error| ProcessError::Encode(error.to_string()))
}

/// Reads one answer of a worker.
pub(crate) fn decode_answer<O: DeserializeOwned>(
    answer: Result<Vec<u8>, JobFailure>,
    pid: u32,
) -> Result<O, ProcessError> {
    match answer {
        Ok(output) => {
            postcard::from_bytes(&output).map_err(|error| ProcessError::Decode(error.to_string()))
        }
        Err(failure) => Err(failure.into_error(pid)),
    }
}
