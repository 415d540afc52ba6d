//! One job in a process of its own: Python's `multiprocessing.Process`.
//!
//! ```text
//!   Process::start ──▶ starting ── hello ──▶ busy ── answer ──▶ idle ── channel closed ──▶ gone
//!                          └───────────────────┴── dies, is killed ──▶ reaped: an error ────┘
//! ```
//!
//! | who | owns | does |
//! |---|---|---|
//! | the parent's link | the child, one end of the channel, the journal | sends jobs, reads answers, kills, reaps |
//! | the parent's copier thread | the child's stderr | passes it on, keeps the last 8 KiB |
//! | the worker's main thread | the other end, the table of work | runs one job after the other |
//! | the worker's watcher thread | nothing | sleeps until the parent's end is gone, then ends the process |
//!
//! The worker is the same program started again: [`run_if_worker`] as the first line of `main`
//! turns it into a worker. The channel is a socket pair, which is the worker's stdin until that line
//! has moved it away, so stdout and stderr stay the user's. Behind a wrapper
//! ([`WorkerProgram::wrapped_by`]) that is not gone, answers come through stdout. The journal is
//! memory that survives the worker; [`process_pool`](crate::process_pool) says what it is for.
//!
//! Needs the feature `processes`, and Unix.

mod channel;
mod journal;
mod last_words;
mod link;
mod messages;
mod worker;

use std::any::Any;
use std::ffi::OsString;
use std::io;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};

use crate::frame::{append_frame, split_message};
use crate::lifecycle::Panicked;

pub(crate) use self::link::{
    Answers, Begun, Killer, Link, LinkError, Patience, Report, outcome_of,
};
pub(crate) use self::messages::JobFailure;
use self::messages::append;
pub use self::worker::{WorkTable, run_if_worker};

/// The first argument of a program that is to be a worker; the largest frame follows after `=`.
pub(crate) const WORKER_ARGUMENT: &str = "--threadproof-worker";

/// How the argument of a worker ends whose stdout is not the user's.
const WRAPPED: &str = ",wrapped";

/// Memory that one long message needed is given back after it.
const USUAL_BUFFER: usize = 8 * 1024 * 1024;

/// The largest message, unless a pool says otherwise: 64 MiB and some room for its envelope.
pub(crate) const MAX_FRAME: usize = 65 * 1024 * 1024;

/// A process that has not said hello by then is no worker, unless a pool says otherwise.
pub(crate) const START_TIMEOUT: Duration = Duration::from_secs(10);

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
///
/// # Differences from Python
/// [`set_executable`](https://docs.python.org/3/library/multiprocessing.html#multiprocessing.set_executable)
/// names another interpreter for the whole program; here each pool has its own, and a command may
/// stand in front of it.
///
/// # Examples
/// ```
/// use threadproof::WorkerProgram;
///
/// let gently = WorkerProgram::at("/usr/bin/thumbnails")
///     .with_args(["--quality", "80"])
///     .wrapped_by(["nice", "-n", "10"]);
/// assert_eq!(gently.path().to_str(), Some("/usr/bin/thumbnails"));
/// ```
#[derive(Clone, Debug)]
pub struct WorkerProgram {
    path: PathBuf,
    args: Vec<OsString>,
    wrapper: Vec<OsString>,
}

impl WorkerProgram {
    /// The running program itself.
    ///
    /// Inside `cargo test` that is the test binary: tests name their program by [`at`](Self::at).
    ///
    /// # Errors
    /// The system does not tell the program's path.
    pub fn current() -> io::Result<Self> {
        Ok(Self::at(std::env::current_exe()?))
    }

    /// The program at `path`.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            args: Vec::new(),
            wrapper: Vec::new(),
        }
    }

    /// Arguments for the program. They stand behind the one that makes it a worker.
    pub fn with_args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// A command that runs the command behind it, such as `nice -n 10`, `ssh host` or `srun`.
    ///
    /// It starts each worker, perhaps on another machine. If it turns into the worker, as `nice` and
    /// `env` do, nothing is different but stdout: what a job prints goes to stderr, since stdout may
    /// have to carry the answers. Else jobs travel one by one, and tiny ones are slower: a command in
    /// between may lose what a worker said before it died (`srun` does), so each job that was sent
    /// must be taken to have begun. [`pids`](crate::ProcessPool::pids) are then those of the commands.
    ///
    /// The command must hand on every byte at once. One that waits until it has a buffer full, such
    /// as `head` without `stdbuf -o0`, or `srun` without `--unbuffered`, keeps back the worker's
    /// hello, and the start fails after 10 s. If it keeps back a later message, the job waits for
    /// ever, unless the pool has a [`job_timeout`](crate::ProcessPoolBuilder::job_timeout).
    pub fn wrapped_by(mut self, wrapper: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.wrapper = wrapper.into_iter().map(Into::into).collect();
        self
    }

    /// Where the program is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn is_wrapped(&self) -> bool {
        !self.wrapper.is_empty()
    }

    /// What the system is asked to start.
    fn executable(&self) -> &Path {
        self.wrapper.first().map_or(&self.path, Path::new)
    }

    fn command(&self, max_frame: usize) -> Command {
        let mut words = self.wrapper.iter().skip(1);
        let mut command = Command::new(self.executable());
        let mut argument = format!("{WORKER_ARGUMENT}={max_frame}");
        if self.is_wrapped() {
            command.args(words.by_ref()).arg(&self.path);
            argument.push_str(WRAPPED);
        }
        command.arg(argument).args(&self.args);
        command
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
    /// The worker's initialiser failed, so it runs no job.
    #[error("process {pid} could not prepare itself: {why}")]
    Initialiser {
        /// What the initialiser said.
        why: String,
        /// The worker that would have been.
        pid: u32,
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
        let mut encoded = Vec::new();
        encode(&input, &mut encoded)?;
        let mut link = Box::new(Link::start(program, MAX_FRAME, START_TIMEOUT)?);
        let sent = link.send(W::NAME, &encoded, Patience::Endless);
        sent.map_err(|error| link.end(error))?;
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
        self.receive(Patience::Endless)
            .unwrap_or_else(|error| Err(self.link.end(error)))
    }

    fn receive(&mut self, patience: Patience) -> Result<Result<O, ProcessError>, LinkError> {
        let pid = self.link.pid();
        loop {
            if let Report::Answers(answer) = self.link.report(1, patience)? {
                let mut output = Vec::with_capacity(1);
                decode_answers(answer.frames, pid, &mut output);
                self.link.close();
                return Ok(output.pop().expect("the answer of one job"));
            }
        }
    }
    // ANCHOR_END: join

    /// Waits for at most `timeout`: the outcome, or the handle back. Nothing is lost.
    ///
    /// # Errors
    /// The handle itself, if the job has not ended.
    pub fn join_timeout(mut self, timeout: Duration) -> Result<Result<O, ProcessError>, Self> {
        match self.receive(Patience::of(timeout)) {
            Err(LinkError::NotYet) => Err(self),
            Err(error) => Ok(Err(self.link.end(error))),
            Ok(outcome) => Ok(outcome),
        }
    }

    /// Asks the process to end, by SIGTERM; says nothing of whether it does.
    ///
    /// A job that listens to the signal can clean up; one that does not dies of it, and its outcome
    /// is [`ProcessError::Crashed`]. Never blocks: join afterwards, with a timeout.
    ///
    /// # Differences from Python
    /// As [`Process.terminate`](https://docs.python.org/3/library/multiprocessing.html#multiprocessing.Process.terminate).
    pub fn terminate(&self) {
        self.link.terminate();
    }

    /// Ends the process by SIGKILL and reaps it; the job's output is lost.
    pub fn kill(self) {
        drop(self);
    }
}

/// Appends an input as a frame to `to`, which stays what it was if the input cannot be encoded.
///
/// The input's own `Serialize` may panic; here that is the outcome of its job, as in a worker.
pub(crate) fn encode<T: Serialize>(value: &T, to: &mut Vec<u8>) -> Result<(), ProcessError> {
    let before = to.len();
    let encoded = catch_unwind(AssertUnwindSafe(|| {
        let why = |error: &dyn std::error::Error| ProcessError::Encode(error.to_string());
        let framed = append_frame(to, usize::MAX, |to| append(value, to));
        framed
            .map_err(|error| why(&error))?
            .map_err(|error| why(&error))
    }))
    .unwrap_or_else(|payload| Err(panicked_here(payload)));
    if encoded.is_err() {
        to.truncate(before);
    }
    encoded
}

/// Reads answers of a worker, each a frame, onto `outputs`.
///
/// An output's own `Deserialize` may panic; that is the outcome of its job, and the next is read.
pub(crate) fn decode_answers<O: DeserializeOwned>(
    mut frames: &[u8],
    pid: u32,
    outputs: &mut Vec<Result<O, ProcessError>>,
) {
    loop {
        let caught = catch_unwind(AssertUnwindSafe(|| {
            while let Some(answer) = split_message(&mut frames) {
                // Each arm pushes: an outcome is large, and moving it would cost as much as the rest.
                match outcome_of(answer).map(postcard::from_bytes) {
                    Ok(Ok(output)) => outputs.push(Ok(output)),
                    Ok(Err(error)) => outputs.push(Err(ProcessError::Decode(error.to_string()))),
                    Err(failure) => outputs.push(Err(failure.into_error(pid))),
                }
            }
        }));
        match caught {
            Ok(()) => break,
            Err(payload) => outputs.push(Err(panicked_here(payload))),
        }
    }
}

/// Code of one job's types has panicked in this process: that is the outcome of that job.
fn panicked_here(payload: Box<dyn Any + Send>) -> ProcessError {
    ProcessError::Panicked {
        message: Panicked::new("", payload).message,
        location: None,
        pid: std::process::id(),
    }
}
