//! Which program a worker runs, and the command that starts it.
//!
//! ```text
//!   wrapper… ── path ── --threadproof-worker=MAX_FRAME,NUMBER,PARENT[,IMAGE][,wrapped] ── args…
//! ```

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::UNIX_EPOCH;

use super::child::HAS_PIDFDS;

/// The first argument of a program that is to be a worker. After `=` follow the largest frame, the
/// worker's number, its parent's, and perhaps what file it is to be.
pub(super) const WORKER_ARGUMENT: &str = "--threadproof-worker";

/// Whether the system can start the very image that runs; `--cfg no_pidfd` says no, as macOS would.
const STARTS_IMAGES: bool = HAS_PIDFDS;

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
    is_current: bool,
    /// What file that is, where the system cannot start the image that runs.
    image: Option<String>,
    env: Vec<(OsString, OsString)>,
    folder: Option<PathBuf>,
}

impl WorkerProgram {
    /// The running program itself.
    ///
    /// Inside `cargo test` that is the test binary: tests name their program by [`at`](Self::at).
    ///
    /// On Linux workers run the image that runs here, even if its file has been replaced or deleted
    /// since, as by an update. Elsewhere they run what then has its path, and a worker whose file was
    /// replaced since this call refuses ([`Initialiser`](crate::ProcessError::Initialiser)). Behind a
    /// wrapper, which may start them on another machine, they run what has that path there.
    ///
    /// # Errors
    /// The system does not tell the program's path, or, where it is not Linux, the file is gone.
    pub fn current() -> io::Result<Self> {
        let mut program = Self::at(std::env::current_exe()?);
        program.is_current = true;
        if !STARTS_IMAGES {
            program.image = Some(image_at(&program.path)?);
        }
        Ok(program)
    }

    /// The program at `path`.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            args: Vec::new(),
            wrapper: Vec::new(),
            is_current: false,
            image: None,
            env: Vec::new(),
            folder: None,
        }
    }

    /// Arguments for the program. They stand behind the one that makes it a worker.
    pub fn with_args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// A variable of the workers' environment, beside those of this program.
    ///
    /// # Examples
    /// ```
    /// let quiet = threadproof::WorkerProgram::at("/usr/bin/thumbnails").env("OMP_NUM_THREADS", "1");
    /// # drop(quiet);
    /// ```
    #[doc(alias = "environ")]
    pub fn env(mut self, key: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((key.into(), value.into()));
        self
    }

    /// The folder in which workers start; that of this program.
    ///
    /// A relative path of the program itself is looked for from there on some systems: name it by an
    /// absolute one.
    #[doc(alias = "chdir")]
    pub fn current_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// A command that runs the command behind it, such as `nice -n 10`, `ssh host` or `srun`.
    ///
    /// It starts each worker, perhaps on another machine. If it turns into the worker, as `nice` and
    /// `env` do, nothing is different but stdout: what a job prints goes to stderr, since stdout may
    /// have to carry the answers (on Windows it always does). Else, and anyway where the system is not Linux, jobs
    /// travel one by one, and tiny ones are slower: a command in between may lose what a worker said before it died
    /// (`srun` does), so each job that was sent must be taken to have begun. [`pids`](crate::ProcessPool::pids) are
    /// then those of the commands. No command of Windows turns into the worker.
    ///
    /// The command must hand on every byte at once. One that waits until it has a buffer full, such
    /// as `head` without `stdbuf -o0`, or `srun` without `--unbuffered`, keeps back the byte that a
    /// worker waits for, or its hello, and the start fails in the end. If it keeps back a later message,
    /// the job waits for ever, unless the pool has a [`job_timeout`](crate::ProcessPoolBuilder::job_timeout).
    pub fn wrapped_by(mut self, wrapper: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.wrapper = wrapper.into_iter().map(Into::into).collect();
        self
    }

    /// Where the program is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The command in front, if there is one.
    pub(crate) fn wrapper(&self) -> Option<&Path> {
        self.wrapper.first().map(Path::new)
    }

    pub(super) fn is_wrapped(&self) -> bool {
        !self.wrapper.is_empty()
    }

    /// What the system is asked to start.
    pub(super) fn executable(&self) -> &Path {
        self.wrapper.first().map_or(&self.path, Path::new)
    }

    /// Whether this very program would be started, of which a worker may not start more.
    pub(super) fn is_this_program(&self) -> bool {
        let same = |path: &Path| std::fs::canonicalize(path).ok();
        let here = std::env::current_exe().ok().and_then(|path| same(&path));
        self.is_current || here.is_some() && here == same(&self.path)
    }

    pub(super) fn command(&self, max_frame: usize, number: usize) -> Command {
        let mut words = self.wrapper.iter().skip(1);
        let mut command = Command::new(self.executable());
        let parent = std::process::id();
        let mut argument = format!("{WORKER_ARGUMENT}={max_frame},{number},{parent}");
        if self.is_wrapped() {
            command.args(words.by_ref()).arg(&self.path);
            argument.push_str(WRAPPED);
        } else if self.is_current && STARTS_IMAGES {
            command = this_image(&self.path);
        } else if let Some(image) = &self.image {
            argument.push(',');
            argument.push_str(image);
        }
        command.arg(argument).args(&self.args);
        command.envs(self.env.iter().map(|(key, value)| (key, value)));
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        out_of_reach_of_ctrl_c(&mut command);
        command
    }
}

/// The image that runs, under its own name.
#[cfg(unix)]
fn this_image(path: &Path) -> Command {
    let mut command = Command::new("/proc/self/exe");
    std::os::unix::process::CommandExt::arg0(&mut command, path);
    command
}

#[cfg(windows)]
fn this_image(path: &Path) -> Command {
    Command::new(path)
}

/// A worker takes no notice of it by itself.
#[cfg(unix)]
fn out_of_reach_of_ctrl_c(_: &mut Command) {}

/// To a group of its own the console sends none.
/// <https://learn.microsoft.com/en-us/windows/win32/procthread/process-creation-flags>
#[cfg(windows)]
fn out_of_reach_of_ctrl_c(command: &mut Command) {
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x0000_0200;
    std::os::windows::process::CommandExt::creation_flags(command, CREATE_NEW_PROCESS_GROUP);
}

/// What tells the file of a program from one that takes its place.
pub(super) fn image_at(path: &Path) -> io::Result<String> {
    let found = crate::identity::behind(path)?;
    let (system, file) = found.identity;
    let written = found.metadata.modified()?.duration_since(UNIX_EPOCH);
    let written = written.map_or(0, |since| since.as_nanos());
    Ok(format!("{system}-{file}-{written}"))
}
