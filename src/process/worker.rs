//! The worker's own side: what runs inside the child process.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};

use super::journal::JournalWriter;
use super::messages::{JobFailure, PROTOCOL, append, says};
use super::program::{WORKER_ARGUMENT, WRAPPED};
use super::{MAX_FRAME, Work};
use crate::frame::{FrameReader, append_frame, split_message};
use crate::lifecycle::{caught, note_places, start_daemon};

/// How long a worker that has lost its parent may take to notice by itself, before it is killed.
const LAST_MOMENTS: Duration = Duration::from_millis(200);

/// Memory that one long message needed is given back after it.
const USUAL_BUFFER: usize = 8 * 1024 * 1024;

/// The work that a worker can do, by name.
///
/// Needs the feature `processes`.
///
/// # Examples
/// See [`run_if_worker`].
#[derive(Default)]
pub struct WorkTable {
    runs: HashMap<&'static str, RunOne>,
    initialiser: Option<Initialiser>,
}

type Initialiser = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// Decodes an input, runs it, and appends its encoded output.
type RunOne = fn(&[u8], &mut Vec<u8>) -> Result<(), Failure>;

/// Boxed: what every job returns is then one word, and moving it costs nothing.
type Failure = Box<JobFailure>;

impl WorkTable {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one kind of work.
    ///
    /// # Panics
    /// If two kinds have the same [`Work::NAME`].
    pub fn with<W: Work>(mut self) -> Self {
        let before = self.runs.insert(W::NAME, run_one::<W>);
        assert!(
            before.is_none(),
            "two kinds of work are named {:?}",
            W::NAME
        );
        self
    }

    /// What each worker does before its first job, such as opening a database.
    ///
    /// If it fails or panics there is no worker: [`ProcessError::Initialiser`](super::ProcessError::Initialiser) says why.
    ///
    /// # Differences from Python
    /// [`Pool(initializer=…)`](https://docs.python.org/3/library/multiprocessing.html#multiprocessing.pool.Pool):
    /// a worker whose initializer raises is started again and again, and `map` never returns.
    ///
    /// # Examples
    /// ```
    /// use threadproof::WorkTable;
    ///
    /// let table = WorkTable::new().initialised_by(|| std::env::set_current_dir("/"));
    /// # drop(table);
    /// ```
    pub fn initialised_by<E: fmt::Display>(
        mut self,
        initialiser: impl Fn() -> Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        let initialiser = move || initialiser().map_err(|error| error.to_string());
        self.initialiser = Some(Box::new(initialiser));
        self
    }

    fn initialise(&self) -> Result<(), String> {
        let Some(initialiser) = &self.initialiser else {
            return Ok(());
        };
        caught("", initialiser).unwrap_or_else(|panicked| Err(panicked.message().to_owned()))
    }
}

impl fmt::Debug for WorkTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.runs.keys()).finish()
    }
}

/// Turns this process into a worker if it was started as one; else returns at once.
///
/// Needs the feature `processes`.
///
/// To be the first line of `main`. Inside a worker it never returns: it runs jobs until the parent
/// closes the channel. When the parent has died, a worker ends within a second, busy or idle. It
/// takes no notice of Ctrl-C, which a terminal sends to the parent as well. A job that writes more than
/// the limit on the size of a file (`ulimit -f`) gets an error, and the worker lives.
///
/// # Differences from Python
/// Takes the place of `if __name__ == "__main__":` together with the import of the main module.
///
/// # Examples
/// ```
/// use threadproof::{WorkTable, run_if_worker};
///
/// run_if_worker(&WorkTable::new()); // not started as a worker: it returns
/// ```
pub fn run_if_worker(table: &WorkTable) {
    let Some(argument) = Argument::read() else {
        return;
    };
    if let Err(error) = serve(table, argument) {
        let _ = writeln!(io::stderr(), "threadproof worker: {error}");
        std::process::exit(1);
    }
    std::process::exit(0);
}

/// Whether this process was started as a worker.
pub(super) fn is_worker() -> bool {
    Argument::read().is_some()
}

/// What a worker's first argument tells it.
#[derive(Clone, Copy, Debug)]
struct Argument {
    max_frame: usize,
    is_wrapped: bool,
}

impl Argument {
    /// `None` in a program that was not started as a worker.
    fn read() -> Option<Self> {
        let first: OsString = std::env::args_os().nth(1)?;
        let value = first.to_str()?.strip_prefix(WORKER_ARGUMENT)?;
        let (value, is_wrapped) = match value.strip_suffix(WRAPPED) {
            Some(value) => (value, true),
            None => (value, false),
        };
        let max_frame = value.strip_prefix('=').and_then(|value| value.parse().ok());
        Some(Self {
            max_frame: max_frame.unwrap_or(MAX_FRAME),
            is_wrapped,
        })
    }
}

// ANCHOR: serve
fn serve(table: &WorkTable, argument: Argument) -> io::Result<()> {
    let (mut channel, mut outbox) = take_channel(argument)?;
    note_places();
    take_no_notice_of_signals()?;
    end_with_the_parent(channel.try_clone()?)?;
    if let Err(why) = table.initialise() {
        outbox.put(says::NOT_READY, |to| to.extend(why.bytes()))?;
        return outbox.send();
    }
    let holder = outbox.journal.as_ref().map_or(0, |_| std::process::id());
    outbox.put(says::HELLO, |to| {
        to.extend(PROTOCOL.to_le_bytes());
        to.extend(holder.to_le_bytes());
    })?;
    outbox.send()?;
    let mut frames = FrameReader::new(argument.max_frame);
    loop {
        while !frames.has_frame()? {
            if frames.fill(&mut channel)? == 0 {
                // The parent has closed the channel: there is no more work.
                return Ok(());
            }
        }
        let message = frames.take_buffered()?.unwrap_or_default();
        let (work, mut inputs): (&str, &[u8]) =
            postcard::take_from_bytes(message).map_err(io::Error::other)?;
        let run_one = table.runs.get(work);
        outbox.put(says::BEGUN, |_| {})?;
        while let Some(input) = split_message(&mut inputs) {
            // Whoever finds it in the journal knows that the job behind it has begun.
            outbox.secure()?;
            outbox.answer(|output| match run_one {
                Some(run_one) => run_one(input, output),
                None => Err(Box::new(JobFailure::UnknownWork(work.to_owned()))),
            })?;
        }
        if !inputs.is_empty() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        outbox.send()?;
    }
}
// ANCHOR_END: serve

/// Moves the channel off stdin, so that a job that reads stdin finds it empty; and off stdout, if
/// it may be there, so that a job that prints cannot write into it.
fn take_channel(argument: Argument) -> io::Result<(File, Outbox)> {
    // ANCHOR: take_channel
    let from = io::stdin().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    let journal = JournalWriter::receive(&from)?;
    let mut to = from.try_clone()?;
    if argument.is_wrapped {
        let stdout = io::stdout().as_fd().try_clone_to_owned()?;
        rustix::stdio::dup2_stdout(io::stderr())?;
        if journal.is_none() {
            to = stdout;
        }
    }
    // ANCHOR_END: take_channel
    let outbox = Outbox {
        to: File::from(to),
        journal,
        unsent: Vec::new(),
        frames: 0,
        kept: 0,
        max_frame: argument.max_frame,
    };
    Ok((File::from(from), outbox))
}

/// A terminal sends Ctrl-C to every process of the program. The parent decides what it means: a
/// worker ends when its channel does. And a job that writes more than the system allows gets an error
/// for it, as in Python: by itself SIGXFSZ would be the end of the worker.
fn take_no_notice_of_signals() -> io::Result<()> {
    use signal_hook::consts::{SIGINT, SIGXFSZ};
    for signal in [SIGINT, SIGXFSZ] {
        signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)))?;
    }
    Ok(())
}

/// A busy worker must not outlive its parent. The thread sleeps until the parent's end of the
/// channel has gone; messages do not wake it.
fn end_with_the_parent(channel: File) -> io::Result<()> {
    start_daemon("watcher", move || {
        loop {
            let mut ends = [PollFd::new(&channel, PollFlags::empty())];
            match poll(&mut ends, None) {
                Err(rustix::io::Errno::INTR) => {}
                _ => break,
            }
        }
        // An idle main thread sees the end of the channel too, and leaves in good order.
        std::thread::sleep(LAST_MOMENTS);
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    })
    .map(drop)
}

/// What the worker has to say. It travels in as few writes as can be, and none of it is lost if the
/// worker dies: see `journal`.
#[derive(Debug)]
struct Outbox {
    to: File,
    /// None where parent and worker share no memory; then the parent sends jobs one by one.
    journal: Option<JournalWriter>,
    unsent: Vec<u8>,
    /// How many frames `unsent` holds.
    frames: u64,
    /// How many bytes of `unsent` the journal holds.
    kept: usize,
    max_frame: usize,
}

// ANCHOR: outbox
impl Outbox {
    /// Adds one message: its kind, and what `write` appends.
    fn put<T>(&mut self, kind: u8, write: impl FnOnce(&mut Vec<u8>) -> T) -> io::Result<T> {
        let written = append_frame(&mut self.unsent, self.max_frame, |frame| {
            frame.push(kind);
            write(frame)
        })?;
        self.frames += 1;
        Ok(written)
    }

    /// Runs a job and adds its answer: the output that `run` has appended, or why there is none.
    fn answer(&mut self, run: impl FnOnce(&mut Vec<u8>) -> Result<(), Failure>) -> io::Result<()> {
        let (before, frames) = (self.unsent.len(), self.frames);
        let failure = match self.put(says::OUTPUT, run) {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(failure)) => failure,
            Err(too_long) => Box::new(JobFailure::Encode(too_long.to_string())),
        };
        // What a job had written before it failed is not its output.
        self.unsent.truncate(before);
        self.frames = frames;
        let failed = self.put_failure(&failure);
        failed.or_else(|too_long| self.put_failure(&JobFailure::Encode(too_long.to_string())))
    }

    fn put_failure(&mut self, failure: &JobFailure) -> io::Result<()> {
        self.put(says::FAILURE, |to| append(failure, to))?
            .map_err(io::Error::other)
    }

    /// From here on the worker may die, and all of this is known.
    fn secure(&mut self) -> io::Result<()> {
        let Some(journal) = &mut self.journal else {
            return Ok(());
        };
        if journal.append(&self.unsent[self.kept..]) {
            self.kept = self.unsent.len();
            return Ok(());
        }
        self.send()
    }

    fn send(&mut self) -> io::Result<()> {
        self.to.write_all(&self.unsent)?;
        if let Some(journal) = &mut self.journal {
            journal.clear(self.frames);
        }
        self.unsent.clear();
        self.unsent.shrink_to(USUAL_BUFFER);
        (self.frames, self.kept) = (0, 0);
        Ok(())
    }
}
// ANCHOR_END: outbox

fn run_one<W: Work>(input: &[u8], output: &mut Vec<u8>) -> Result<(), Failure> {
    let ran = caught("", || {
        let input: W =
            postcard::from_bytes(input).map_err(|e| JobFailure::Decode(e.to_string()))?;
        append(&input.run(), output).map_err(|e| JobFailure::Encode(e.to_string()).into())
    });
    ran.unwrap_or_else(|panicked| {
        let message = panicked.message().to_owned();
        let location = panicked.location().map(str::to_owned);
        Err(Box::new(JobFailure::Panicked { message, location }))
    })
}
