//! The parent's end of a worker: chunks go out, news come in, the last of which is its death.
//!
//! ```text
//!   start ──▶ silent ── hello ──▶ ready ── send ──▶ answers, … ──▶ ready ── close ──▶ ends
//!               └───────────────────┴── dies, or is killed ──▶ all that it had said, then: died
//! ```
//!
//! | part | file |
//! |---|---|
//! | its process: killed, frozen, reaped | `child.rs` |
//! | its first words | `link/hello.rs` |
//! | what there is to hear of it | `link/news.rs` |
//! | what to poll for that | `link/sources.rs` |
//! | a chunk on its way | `link/outgoing.rs` |
//! | what goes down and comes up | `channel.rs`, `channel/ring.rs`, `answers.rs` |
//! | what it writes to stderr | `last_words.rs` |
//! | all that where nothing can be polled | `portable/` |
//!
//! Nothing here waits, but a start for the system.

mod hello;
mod news;
mod outgoing;
#[cfg(not(any(windows, portable)))]
mod sources;

use std::io;
use std::process::Stdio;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use self::news::State;
pub(crate) use self::news::{Death, News, Ready};
pub(crate) use self::outgoing::Inputs;
use self::outgoing::Outgoing;
use super::channel::Channel;
use super::child::OwnedChild;
use super::last_words::LastWords;
use super::messages::chunk_head;
use super::worker::is_worker;
use super::{Nudger, ProcessError, WorkerProgram};

/// A child that another thread of this program is just starting holds a copy of everything until it
/// becomes another program.
const MOMENT: Duration = Duration::from_millis(if ARE_READ_BY_THREADS { 1000 } else { 200 });

/// Where pipes cannot be polled, threads read them, and may be late after a death.
const ARE_READ_BY_THREADS: bool = cfg!(any(windows, portable));

/// A worker that starts at the same moment would hold this one's channel.
static STARTING: Mutex<()> = Mutex::new(());

/// A death does not wait for whoever goes on writing in the dead worker's place.
const ENOUGH: usize = 100;

/// A worker. Dropping the link kills and reaps it.
#[derive(Debug)]
pub(crate) struct Link {
    /// The first field: when the link is dropped, it is dead before the channel closes.
    child: OwnedChild,
    channel: Channel,
    last_words: LastWords,
    program: WorkerProgram,
    outgoing: Option<Outgoing>,
    state: State,
    /// The child is the worker itself, says the system, and has the ring: it is known after its death
    /// what it had begun.
    is_direct: bool,
    /// It has said garbage, or was killed because it had closed its channel.
    is_doubtful: bool,
    /// What that was, until it is told.
    garbage: Option<String>,
    /// When its end was seen.
    ended: Option<Instant>,
    answered: u64,
}

impl Link {
    /// Starts the program; its hello comes later.
    pub(crate) fn start(
        program: &WorkerProgram,
        max_frame: usize,
        number: usize,
        nudger: &Nudger,
    ) -> Result<Self, ProcessError> {
        if is_worker() && program.is_this_program() {
            return Err(ProcessError::InsideWorker);
        }
        Self::spawn(program, max_frame, number, nudger).map_err(|error| {
            let why = format!("{}: {error}", program.executable().display());
            ProcessError::Start(io::Error::new(error.kind(), why).into())
        })
    }

    fn spawn(
        program: &WorkerProgram,
        max_frame: usize,
        number: usize,
        nudger: &Nudger,
    ) -> io::Result<Self> {
        // A descriptor is open to every child there until it is told not to be.
        let _alone = cfg!(target_vendor = "apple").then(|| STARTING.lock());
        let mut command = program.command(max_frame, number);
        let mut channel = Channel::new(max_frame, program.is_wrapped(), &mut command)?;
        command.stderr(Stdio::piped());
        // From here on the child is killed and reaped whatever happens.
        let mut child = OwnedChild::new(command.spawn()?);
        channel.listen_to(child.std(), nudger)?;
        let stderr = child.std().stderr.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self {
            child,
            channel,
            last_words: LastWords::follow(stderr, nudger)?,
            program: program.clone(),
            outgoing: None,
            state: State::Silent,
            is_direct: false,
            is_doubtful: false,
            garbage: None,
            ended: None,
            answered: 0,
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Whether several jobs may travel together: if it dies, it is known which of them had begun.
    pub(crate) fn is_direct(&self) -> bool {
        self.is_direct
    }

    /// The worker lives, as far as is known, and nobody hears it any more.
    pub(crate) fn is_deaf(&self) -> bool {
        self.channel.is_closed() && self.ended.is_none()
    }

    /// Whether the system wakes whoever looks when the process ends; else look twenty times a second.
    pub(crate) fn has_pidfd(&self) -> bool {
        self.child.has_pidfd()
    }

    /// How long the last chunk took, if the worker says so: where many wait for their turn to be heard,
    /// our own clock says more of them than of it.
    pub(crate) fn took(&self) -> Option<Duration> {
        self.channel.took()
    }

    /// Sends one chunk.
    pub(crate) fn send(&mut self, chunk: u64, work: &str, jobs: u64, inputs: Inputs) {
        let head = chunk_head(chunk, jobs, work);
        self.channel.expect(chunk);
        self.outgoing = Some(Outgoing {
            head,
            inputs,
            sent: 0,
        });
        self.write();
    }

    /// Writes as much as the socket takes now; true if that was anything.
    fn write(&mut self) -> bool {
        let Some(outgoing) = &mut self.outgoing else {
            return false;
        };
        let written = outgoing.write(&mut self.channel);
        self.outgoing.take_if(|outgoing| outgoing.is_sent());
        written > 0
    }

    /// Reads and writes what can be; true if it has written.
    pub(crate) fn look(&mut self, ready: Ready) -> bool {
        if self.state == State::Told {
            return false;
        }
        // Asked first: whatever it had said by then is read below.
        let may_have_ended = ready.end || !self.has_pidfd();
        if may_have_ended && self.ended.is_none() && self.child.has_ended() {
            self.ended = Some(Instant::now());
        }
        if ready.words {
            self.last_words.copy();
        }
        let has_written = self.write();
        let socket_may = ready.channel || self.ended.is_some();
        let mut read = self.channel.read(socket_may);
        for _ in 0..ENOUGH {
            if read.is_err() || self.ended.is_none() || self.channel.is_drained() {
                break;
            }
            read = self.channel.read(socket_may);
        }
        if let Err(error) = read {
            self.garbage.get_or_insert(error.to_string());
        }
        has_written
    }

    /// What there is to hear, one by one, after a look; `left` jobs are in its hands.
    pub(crate) fn next(&mut self, left: usize) -> Option<News> {
        if self.state == State::Told {
            return None;
        }
        if !self.is_doubtful {
            if self.state == State::Silent
                && let Some(news) = self.hello()
            {
                return Some(news);
            }
            if self.state == State::Ready {
                match self.channel.answers(left) {
                    Ok(Some(answers)) => {
                        self.answered += answers.jobs as u64;
                        return Some(News::Answers(answers));
                    }
                    Ok(None) => {}
                    Err(error) => drop(self.garbage.get_or_insert(error.to_string())),
                }
            }
            // What was sound before it counts.
            if let Some(garbage) = self.garbage.take() {
                self.is_doubtful = true;
                return Some(News::Garbage(garbage));
            }
        }
        if self.ended.is_none() || self.lingers() {
            return None;
        }
        self.state = State::Told;
        Some(News::Died(Death {
            status: self.child.status(),
            stderr: self.last_words.text(),
            in_doubt: self.in_doubt(),
        }))
    }

    /// Whether it is dead, and what it has said may not all be here: somebody else holds its channel, for a
    /// moment perhaps, or the threads that read it are not through.
    pub(crate) fn lingers(&self) -> bool {
        let is_new = |ended: Instant| ended.elapsed() < MOMENT;
        let is_open = (self.is_direct || ARE_READ_BY_THREADS)
            && !self.is_doubtful
            && self.channel.is_unsettled();
        (is_open || self.last_words.are_coming()) && self.ended.is_some_and(is_new)
    }

    /// Whether the death may be taken at its word.
    fn in_doubt(&self) -> Option<u64> {
        if self.is_doubtful {
            return None;
        }
        if self.is_direct {
            // Who else holds the channel has the ring as well, and may run what is left of the chunk.
            let begun = self.channel.begun().filter(|_| self.channel.is_closed())?;
            return begun.checked_sub(self.answered).filter(|doubt| *doubt <= 1);
        }
        // Not all of its input has been sent, so it cannot have begun.
        (self.outgoing.is_some() || !self.channel.is_sent()).then_some(0)
    }

    /// Kills a worker that hears nobody and does not end: what it does now is not known.
    pub(crate) fn give_up(&mut self) {
        self.is_doubtful = true;
        self.child.kill();
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill();
    }

    pub(crate) fn terminate(&mut self) {
        self.child.terminate();
    }

    pub(crate) fn freeze(&mut self) {
        if self.is_direct {
            self.child.freeze();
        }
    }

    pub(crate) fn thaw(&mut self) {
        if self.is_direct {
            self.child.thaw();
        }
    }

    /// Closes the channel: the worker ends by itself.
    pub(crate) fn close(&mut self) {
        self.channel.close_write();
    }
}
