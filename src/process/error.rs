//! Why a job that was sent to another process has no output.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

/// Why a job that was sent to another process has no output.
///
/// Needs the feature `processes`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// The job panicked; its worker goes on.
    #[error("the job panicked in process {pid}: {message}{}", at(.location.as_deref()))]
    Panicked {
        /// The text given to `panic!`.
        message: String,
        /// `file:line:column` of the panic.
        location: Option<String>,
        /// The worker; this process, if the job's `Serialize` or `Deserialize` panicked here.
        pid: u32,
    },
    /// The worker died with this job in hand, or ended its channel. The job is not run again.
    #[error(
        "process {pid} died {} ({}){}",
        when(*.has_begun),
        how(.status.as_ref()),
        said(.stderr)
    )]
    Crashed {
        /// The worker.
        pid: u32,
        /// How it ended; `None` if somebody else has taken that from the system, as a program does
        /// that ignores SIGCHLD or waits for every child.
        status: Option<ExitStatus>,
        /// The last 8 KiB of what it wrote to stderr.
        stderr: String,
        /// Whether the job had begun, or may have: what is not known counts as begun. If it had not,
        /// it was given up because workers died of its input, one after the other.
        has_begun: bool,
    },
    /// The job ran longer than allowed; its worker was killed.
    #[error("process {pid} was killed: its job was not done after {after:?}")]
    TimedOut {
        /// The worker.
        pid: u32,
        /// The job's own limit, or the pool's.
        after: Duration,
    },
    /// The input (or, in the worker, the output) cannot be sent: it is too long, or its `Serialize` gave
    /// an error. The format (postcard) does not keep that error's text, so what a work has to say of
    /// itself belongs into its output: let that be a `Result`.
    #[error("cannot encode: {0}")]
    Encode(String),
    /// The input (in the worker) or the output cannot be read. The text of an error of its own
    /// `Deserialize` is not kept, see [`Encode`](Self::Encode).
    #[error("cannot decode: {0}")]
    Decode(String),
    /// No worker is left and none may be started any more; the job never ran.
    #[error("the pool has no worker left and may start no more: {cause}")]
    PoolBroken {
        /// How the last worker ended.
        cause: String,
    },
    /// The job was cancelled or killed, or its pool was killed or shut down, before it had ended.
    #[error("the job was cancelled")]
    Cancelled,
    /// The program, which the error names, cannot be started; or a thread, or so many workers.
    #[error("cannot start {0}")]
    Start(StartError),
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
    /// The worker's initialiser failed, so it runs no job; or its file is not the one that
    /// [`WorkerProgram::current`](crate::WorkerProgram::current) saw.
    #[error("process {pid} could not prepare itself: {why}")]
    Initialiser {
        /// What the initialiser said, or which file was replaced.
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
    /// This process is a worker itself; workers start none of their own program.
    #[error(
        "this process was started as a worker and starts no workers: \
         `run_if_worker` must be the first line of main"
    )]
    InsideWorker,
}

/// Why a program cannot be started. Made of an [`io::Error`], and unlike that it can be cloned and
/// compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct StartError {
    kind: io::ErrorKind,
    why: String,
}

impl StartError {
    /// What kind of error the system gave.
    pub fn kind(&self) -> io::ErrorKind {
        self.kind
    }
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        Self {
            kind: error.kind(),
            why: error.to_string(),
        }
    }
}

fn when(has_begun: bool) -> &'static str {
    match has_begun {
        true => "in the middle of the job",
        false => "before the job had begun",
    }
}

fn how(status: Option<&ExitStatus>) -> String {
    status.map_or_else(|| "nobody knows how".to_owned(), ExitStatus::to_string)
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
