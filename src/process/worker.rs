//! The worker's own side: what runs inside the child process.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use serde_bytes::ByteBuf;

use super::link::{Answer, JobFailure, PROTOCOL, Run};
use super::{MAX_FRAME, WORKER_ARGUMENT, Work};
use crate::frame::{FrameReader, write_frame};
use crate::lifecycle::{Panicked, start_daemon};

/// How long a worker that has lost its parent may take to notice by itself, before it is killed.
const LAST_MOMENTS: Duration = Duration::from_millis(200);

/// The work that a worker can do, by name.
///
/// # Examples
/// See [`run_if_worker`].
#[derive(Default)]
pub struct WorkTable {
    runs: HashMap<&'static str, RunOne>,
}

type RunOne = fn(&[u8]) -> Result<ByteBuf, JobFailure>;

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
}

impl fmt::Debug for WorkTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.runs.keys()).finish()
    }
}

/// Turns this process into a worker if it was started as one; else returns at once.
///
/// To be the first line of `main`. Inside a worker it never returns: it runs jobs until the parent
/// closes the channel. When the parent has died, a worker ends within a second, busy or idle. It
/// takes no notice of Ctrl-C, which a terminal sends to the parent as well.
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
    let Some(max_frame) = worker_argument() else {
        return;
    };
    let max_frame = max_frame.unwrap_or(MAX_FRAME);
    if let Err(error) = serve(table, max_frame) {
        let _ = writeln!(io::stderr(), "threadproof worker: {error}");
        std::process::exit(1);
    }
    std::process::exit(0);
}

/// Whether this process was started as a worker.
pub(super) fn is_worker() -> bool {
    worker_argument().is_some()
}

/// `Some` in a worker; inside of it the largest frame, if the argument can be read.
fn worker_argument() -> Option<Option<usize>> {
    let first: OsString = std::env::args_os().nth(1)?;
    let value = first.to_str()?.strip_prefix(WORKER_ARGUMENT)?;
    Some(value.strip_prefix('=').and_then(|value| value.parse().ok()))
}

fn serve(table: &WorkTable, max_frame: usize) -> io::Result<()> {
    let mut channel = take_channel()?;
    note_panics();
    leave_ctrl_c_to_the_parent()?;
    let hello = Answer::Hello { protocol: PROTOCOL };
    send(&mut channel, &hello, max_frame)?;
    let messages = read_on_another_thread(channel.try_clone()?, max_frame)?;
    // Ends when the parent has closed the channel.
    for message in messages {
        let run: Run<'_> = postcard::from_bytes(&message).map_err(io::Error::other)?;
        for input in run.inputs {
            let outcome = match table.runs.get(run.work) {
                Some(run_one) => run_one(input),
                None => Err(JobFailure::UnknownWork(run.work.to_owned())),
            };
            answer(&mut channel, outcome, max_frame)?;
        }
    }
    Ok(())
}

/// Moves the channel off stdin, so that a job that reads stdin finds it empty.
fn take_channel() -> io::Result<UnixStream> {
    let channel = io::stdin().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    Ok(UnixStream::from(channel))
}

/// A terminal sends Ctrl-C to every process of the program. The parent decides what it means: a
/// worker ends when its channel does.
fn leave_ctrl_c_to_the_parent() -> io::Result<()> {
    let seen = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGINT, seen).map(drop)
}

/// Takes messages in while a job runs, and so sees at once that the parent has gone.
fn read_on_another_thread(
    mut channel: UnixStream,
    max_frame: usize,
) -> io::Result<mpsc::Receiver<Vec<u8>>> {
    let (sender, messages) = mpsc::channel();
    start_daemon("channel", move || {
        let mut frames = FrameReader::new(max_frame);
        while let Ok(Some(message)) = frames.read_frame(&mut channel) {
            if sender.send(message).is_err() {
                return;
            }
        }
        // An idle main thread sees the end of `messages` and leaves in good order; a busy one
        // must not outlive its parent.
        drop(sender);
        std::thread::sleep(LAST_MOMENTS);
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    })?;
    Ok(messages)
}

fn answer(
    channel: &mut UnixStream,
    outcome: Result<ByteBuf, JobFailure>,
    max_frame: usize,
) -> io::Result<()> {
    match send(channel, &Answer::Ended(outcome), max_frame) {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            let too_long = JobFailure::Encode(error.to_string());
            send(channel, &Answer::Ended(Err(too_long)), max_frame)
        }
        other => other,
    }
}

fn send(channel: &mut UnixStream, answer: &Answer, max_frame: usize) -> io::Result<()> {
    let message = postcard::to_allocvec(answer).map_err(io::Error::other)?;
    write_frame(channel, &message, max_frame)
}

fn run_one<W: Work>(input: &[u8]) -> Result<ByteBuf, JobFailure> {
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let input: W =
            postcard::from_bytes(input).map_err(|e| JobFailure::Decode(e.to_string()))?;
        let output = postcard::to_allocvec(&input.run());
        output
            .map(ByteBuf::from)
            .map_err(|e| JobFailure::Encode(e.to_string()))
    }));
    caught.unwrap_or_else(|payload| {
        let message = Panicked::new("", payload).message;
        let location = LAST_PANIC.take();
        Err(JobFailure::Panicked { message, location })
    })
}

thread_local! {
    /// Where this thread's last panic was.
    static LAST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The payload does not say where a panic was; only a hook is told.
fn note_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        LAST_PANIC.set(panic.location().map(ToString::to_string));
        before(panic);
    }));
}
