//! Which program a worker runs, and the command that starts it.
//!
//! ```text
//!   wrapper… ── path ── --threadproof-worker=MAX_FRAME[,wrapped] ── args…
//! ```

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The first argument of a program that is to be a worker; the largest frame follows after `=`.
pub(super) const WORKER_ARGUMENT: &str = "--threadproof-worker";

/// How the argument of a worker ends whose stdout is not the user's.
pub(super) const WRAPPED: &str = ",wrapped";

/// The program that workers run: it must begin its `main` with
/// [`run_if_worker`](super::run_if_worker).
///
/// Needs the feature `processes`.
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

    pub(super) fn is_wrapped(&self) -> bool {
        !self.wrapper.is_empty()
    }

    /// What the system is asked to start.
    pub(super) fn executable(&self) -> &Path {
        self.wrapper.first().map_or(&self.path, Path::new)
    }

    pub(super) fn command(&self, max_frame: usize) -> Command {
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
