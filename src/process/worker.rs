//! The worker's own side: what runs inside the child process.
//!
//! ```text
//!   run_if_worker ──▶ take the channel ──▶ initialise ──▶ hello ──▶ chunk ──▶ job, job, … ──▶ look ─┐
//!        └── not started as a worker: returns               the channel is closed: exit ◀── ▲ ──────┘
//! ```
//!
//! | part | file |
//! |---|---|
//! | the work, by name | `worker/table.rs` |
//! | answers | `worker/outbox.rs` |

mod outbox;
mod table;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use self::outbox::Outbox;
pub use self::table::WorkTable;
use super::MAX_FRAME;
use super::channel::receive_ring;
use super::child::pidfd_of;
use super::messages::{JobFailure, PROTOCOL, parse_chunk_head, says};
use super::program::{WORKER_ARGUMENT, WRAPPED};
use crate::frame::FrameReader;
use crate::lifecycle::{note_places, start_daemon};

/// How long a worker that has lost its parent may take to notice by itself, before it is killed.
const LAST_MOMENTS: Duration = Duration::from_millis(200);

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
    /// Of the worker in its pool, from 1 on.
    number: usize,
    /// The process that has started it, or its wrapper.
    parent: u32,
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
        let mut words = value.strip_prefix('=').unwrap_or_default().split(',');
        let mut word = || words.next()?.parse().ok();
        Some(Self {
            max_frame: word().unwrap_or(MAX_FRAME),
            number: word().unwrap_or(1),
            parent: word().and_then(|pid| pid.try_into().ok()).unwrap_or(0),
            is_wrapped,
        })
    }
}

// ANCHOR: serve
fn serve(table: &WorkTable, argument: Argument) -> io::Result<()> {
    let (mut channel, mut outbox) = take_channel(argument)?;
    keep_the_name();
    note_places();
    crate::worker::begin(argument.number, None);
    take_no_notice_of_signals()?;
    end_with_the_parent(channel.try_clone()?, argument)?;
    if let Err(why) = table.initialise() {
        return outbox.say(says::NOT_READY, why.as_bytes());
    }
    let has_ring = u8::from(outbox.ring.is_some());
    let hello = [&PROTOCOL.to_le_bytes()[..], &[has_ring]].concat();
    outbox.say(says::HELLO, &hello)?;
    let mut frames = FrameReader::new(argument.max_frame);
    while let Some(head) = next_message(&mut frames, &mut channel)? {
        let (chunk, jobs, work) = parse_chunk_head(head).ok_or(io::ErrorKind::InvalidData)?;
        let run_one = table.runs.get(work).copied();
        let unknown = run_one.is_none().then(|| work.to_owned());
        outbox.begin_chunk(chunk);
        for left in (0..jobs).rev() {
            let input = next_message(&mut frames, &mut channel)?;
            let input = input.ok_or(io::ErrorKind::UnexpectedEof)?;
            outbox.answer(left == 0, |output| match run_one {
                Some(run_one) => run_one(input, output),
                None => Err(Box::new(JobFailure::UnknownWork(
                    unknown.clone().unwrap_or_default(),
                ))),
            })?;
        }
        outbox.look()?;
    }
    // The parent has closed the channel: there is no more work.
    Ok(())
}
// ANCHOR_END: serve

fn next_message<'a>(
    frames: &'a mut FrameReader,
    channel: &mut File,
) -> io::Result<Option<&'a [u8]>> {
    while !frames.has_frame()? {
        if frames.fill(channel)? == 0 {
            return Ok(None);
        }
    }
    frames.take_buffered()
}

/// Moves the channel off stdin, so that a job that reads stdin finds it empty; and off stdout, if
/// it may be there, so that a job that prints cannot write into it.
fn take_channel(argument: Argument) -> io::Result<(File, Outbox)> {
    // ANCHOR: take_channel
    let from = io::stdin().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    let ring = receive_ring(&from)?;
    let mut to = from.try_clone()?;
    if argument.is_wrapped {
        let stdout = io::stdout().as_fd().try_clone_to_owned()?;
        rustix::stdio::dup2_stdout(io::stderr())?;
        if ring.is_none() && !is_socket(&from) {
            to = stdout;
        }
    }
    // ANCHOR_END: take_channel
    let outbox = Outbox {
        to: File::from(to),
        ring,
        pid: std::process::id(),
        chunk: 0,
        since: std::time::Instant::now(),
        answer: Vec::new(),
        max_frame: argument.max_frame,
    };
    Ok((File::from(from), outbox))
}

/// A relay has put a pipe in the place of the channel.
fn is_socket(channel: &std::os::fd::OwnedFd) -> bool {
    rustix::net::sockopt::socket_type(channel).is_ok()
}

/// `ps` calls a program by its file, which here may be `/proc/self/exe`.
fn keep_the_name() {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Some(path) = std::env::args_os().next()
        && let Some(name) = std::path::Path::new(&path).file_name()
        && let Ok(name) = std::ffi::CString::new(std::os::unix::ffi::OsStrExt::as_bytes(name))
    {
        // Only the name: an error costs nothing.
        let _ = rustix::thread::set_name(&name);
    }
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
/// channel has gone, or the parent itself, of which a fork may hold that end; messages do not wake it.
fn end_with_the_parent(channel: File, argument: Argument) -> io::Result<()> {
    let is_child = || std::os::unix::process::parent_id() == argument.parent;
    // Another parent may be a wrapper, or whoever has taken on a worker whose parent is dead already.
    let watches_parent = is_child();
    if !watches_parent && !argument.is_wrapped && argument.parent != 0 {
        return Err(io::Error::other("its parent has ended"));
    }
    let parent = pidfd_of(argument.parent).filter(|_| watches_parent && is_child());
    start_daemon("watcher", move || {
        loop {
            let mut ends = vec![PollFd::new(&channel, PollFlags::empty())];
            ends.extend(parent.as_ref().map(|end| PollFd::new(end, PollFlags::IN)));
            // Where the system cannot wait for a process, it is looked at ten times a second.
            let slice = Timespec {
                tv_sec: 0,
                tv_nsec: 100_000_000,
            };
            let slice = (watches_parent && parent.is_none()).then_some(&slice);
            match poll(&mut ends, slice) {
                Err(rustix::io::Errno::INTR) => {}
                Ok(0) if std::os::unix::process::parent_id() == argument.parent => {}
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
