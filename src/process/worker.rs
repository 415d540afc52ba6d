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
//! | its streams, which become the channel | `worker/streams.rs` |
//! | answers | `worker/outbox.rs` |
//! | its end, once nobody is left | `worker/watcher.rs` |
//! | its streams and its end, where nothing can be polled | `portable/` |

mod outbox;
#[cfg(not(any(windows, portable)))]
mod streams;
#[cfg(any(windows, portable))]
#[path = "portable/streams.rs"]
mod streams;
mod table;
#[cfg(not(any(windows, portable)))]
mod watcher;
#[cfg(any(windows, portable))]
#[path = "portable/watcher.rs"]
mod watcher;

use std::ffi::OsString;
use std::io::{self, Read, Write};

use self::outbox::Outbox;
use self::streams::{Taken, take_channel};
pub use self::table::WorkTable;
use self::watcher::end_with_the_parent;
use super::MAX_FRAME;
use super::messages::{JobFailure, PROTOCOL, parse_chunk_head, says};
use super::program::{WORKER_ARGUMENT, WRAPPED, image_at};
use crate::frame::FrameReader;
use crate::lifecycle::note_places;

/// Turns this process into a worker if it was started as one; else returns at once.
///
/// Needs the feature `processes`.
///
/// To be the first line of `main`. Inside a worker it never returns: it runs jobs until the parent
/// closes the channel. When the parent has died, a worker that is not stopped ends within a second. It
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
#[cfg_attr(
    any(windows, portable),
    allow(dead_code, reason = "nobody asks for its parent there")
)]
#[derive(Clone, Debug)]
struct Argument {
    max_frame: usize,
    /// Of the worker in its pool, from 1 on.
    number: usize,
    /// The process that has started it, or its wrapper.
    parent: u32,
    /// Of the file that it is to be, where the system does not start the very image that runs.
    image: Option<String>,
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
            image: words.next().map(str::to_owned),
            is_wrapped,
        })
    }

    /// Whether this is the program that the parent is: its file may have been replaced since.
    fn is_of_one_program(&self) -> Result<(), String> {
        let Some(expected) = &self.image else {
            return Ok(());
        };
        let path = std::env::current_exe().map_err(|error| error.to_string())?;
        match image_at(&path).is_ok_and(|image| image == *expected) {
            true => Ok(()),
            false => Err(format!(
                "{} was replaced since its parent took it for its own program",
                path.display()
            )),
        }
    }
}

// ANCHOR: serve
fn serve(table: &WorkTable, argument: Argument) -> io::Result<()> {
    let Taken {
        from: mut channel,
        to,
        ring,
    } = take_channel(&argument)?;
    let mut outbox = Outbox::new(to, ring, argument.max_frame);
    keep_the_name();
    note_places();
    crate::worker::begin(argument.number, None);
    take_no_notice_of_signals()?;
    end_with_the_parent(&channel, &argument)?;
    let prepared = argument
        .is_of_one_program()
        .and_then(|()| table.initialise());
    if let Err(why) = prepared {
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
    channel: &mut impl Read,
) -> io::Result<Option<&'a [u8]>> {
    while !frames.has_frame()? {
        if frames.fill(channel)? == 0 {
            return Ok(None);
        }
    }
    frames.take_buffered()
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
#[cfg(unix)]
fn take_no_notice_of_signals() -> io::Result<()> {
    use signal_hook::consts::{SIGINT, SIGXFSZ};
    for signal in [SIGINT, SIGXFSZ] {
        signal_hook::flag::register(signal, std::sync::Arc::default())?;
    }
    Ok(())
}

/// The parent has started the worker so that Ctrl-C does not reach it.
#[cfg(windows)]
fn take_no_notice_of_signals() -> io::Result<()> {
    Ok(())
}
