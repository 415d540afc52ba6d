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
mod child;
mod coding;
mod error;
mod journal;
mod last_words;
mod link;
mod messages;
mod program;
mod worker;

use std::marker::PhantomData;
use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};

pub(crate) use self::child::Killer;
pub(crate) use self::coding::{decode_answers, encode};
pub use self::error::ProcessError;
pub(crate) use self::link::{Begun, Link, LinkError, Patience};
pub(crate) use self::messages::{Answers, JobFailure, Report, outcome_of};
pub use self::program::WorkerProgram;
pub use self::worker::{WorkTable, run_if_worker};

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
