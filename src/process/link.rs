//! The parent's end of a worker: chunks go out, reports come in, until nothing more comes.
//!
//! ```text
//!   start ──▶ link ── send ──▶ report, report, … ──▶ close: reaped
//!              └── the worker dies, or takes too long ──▶ over: reaped, the journal is read ──▶ end
//! ```
//!
//! | part | file |
//! |---|---|
//! | how a worker comes up | `link/start.rs` |
//! | how long to wait for it | `link/patience.rs` |
//! | its process: who kills and who reaps | `child.rs` |

mod patience;
mod start;

use std::io::{self, ErrorKind, IoSlice, Write};
use std::time::{Duration, Instant};

pub(crate) use self::patience::Patience;
use super::ProcessError;
use super::channel::{Channel, Ready};
use super::child::{Killer, OwnedChild};
use super::journal::{Head, Journal};
use super::last_words::LastWords;
use super::messages::{Answers, Report, append, says};
use crate::frame::{self, FrameReader, HEAD};

/// How long a worker has to end by itself once its channel is closed.
const GRACE: Duration = Duration::from_millis(500);

/// Why nothing more comes from a worker, or nothing came yet.
#[derive(Debug)]
pub(crate) enum LinkError {
    /// It has died, or its end of the channel is closed; it is reaped.
    Gone,
    /// Its job took longer than this, so it was killed; it is reaped.
    TimedOut(Duration),
    /// It lives, and said nothing until the instant that the caller named.
    NotYet,
    /// It said something that no worker says.
    Garbage(String),
    /// The input is too long for a frame; nothing was sent.
    TooLong(String),
}

/// Whether the first job without an answer had begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    Yes,
    No,
}

/// A worker. Dropping the link kills and reaps it.
#[derive(Debug)]
pub(crate) struct Link {
    /// The first field: when the link is dropped, it is dead before the channel closes.
    child: OwnedChild,
    channel: Channel,
    /// Whether the child is the worker itself and has the journal. A wrapper may lose what the worker
    /// had said, and may die before it.
    is_faithful: bool,
    journal: Option<Journal>,
    /// The journal as it was at the last look.
    looked: Head,
    frames: FrameReader,
    /// How many messages the worker has sent.
    received: u64,
    /// No later than this, what the worker does now had begun.
    since: Instant,
    /// What stands in front of the inputs of a chunk.
    envelope: Vec<u8>,
    max_frame: usize,
    last_words: LastWords,
    /// Why nothing more comes through the channel; what the journal held is in `frames` then.
    over: Option<Over>,
}

#[derive(Clone, Copy, Debug)]
enum Over {
    Gone,
    TimedOut(Duration),
}

impl Link {
    pub(crate) fn pid(&self) -> u32 {
        self.child.pid()
    }

    pub(crate) fn killer(&self) -> Killer {
        self.child.killer()
    }

    /// Whether the worker has ended, as far as the system knows now.
    pub(crate) fn has_ended(&self) -> bool {
        self.child.has_ended()
    }

    /// Sends SIGTERM, unless the worker was reaped.
    pub(crate) fn terminate(&self) {
        self.child.terminate();
    }

    /// Whether it is known, once the worker is reaped, what it had begun.
    pub(crate) fn is_faithful(&self) -> bool {
        self.is_faithful
    }

    /// Sends one chunk: encoded inputs, each a frame, back to back. Says whether the first job must
    /// be taken to have begun, though no report says so.
    pub(crate) fn send(
        &mut self,
        work: &str,
        inputs: &[u8],
        patience: Patience,
    ) -> Result<Begun, LinkError> {
        self.envelope.clear();
        self.envelope.extend_from_slice(&[0; HEAD]);
        append(work, &mut self.envelope).map_err(|error| LinkError::TooLong(error.to_string()))?;
        let before = self.envelope.len();
        let length = (before - HEAD + inputs.len()) as u64;
        let head = frame::head(length, self.max_frame)
            .map_err(|error| LinkError::TooLong(error.to_string()))?;
        self.envelope[..HEAD].copy_from_slice(&head);
        self.since = Instant::now();
        let mut sent = 0;
        while sent < before + inputs.len() {
            // The inputs travel from where they stand, in one write with what is in front of them.
            let envelope = &self.envelope[sent.min(before)..];
            let inputs = &inputs[sent.saturating_sub(before)..];
            let parts = [IoSlice::new(envelope), IoSlice::new(inputs)];
            match self.channel.write_vectored(&parts) {
                Ok(written) => {
                    self.since = Instant::now();
                    sent += written;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.wait(Ready::ToWrite, patience)?;
                }
                Err(_) => self.ends(Over::Gone),
            }
            if self.over.is_some() {
                // What it had to say, if anything, is asked for by `report`.
                return Ok(Begun::No);
            }
        }
        Ok(match self.is_faithful {
            true => Begun::No,
            false => Begun::Yes,
        })
    }

    /// What the worker says next about its jobs, at most `most` of them. After its death: what it
    /// had said, then the error.
    pub(crate) fn report(
        &mut self,
        most: usize,
        patience: Patience,
    ) -> Result<Report<'_>, LinkError> {
        self.await_message(patience)?;
        let (mut jobs, mut failures) = (0, 0);
        let mut is_begun = false;
        let frames = self.frames.take_frames(|message| match message.first() {
            Some(&says::OUTPUT) if jobs < most && !is_begun => {
                jobs += 1;
                true
            }
            Some(&says::FAILURE) if jobs < most && !is_begun => {
                jobs += 1;
                failures += 1;
                true
            }
            Some(&says::BEGUN) if jobs == 0 && !is_begun => {
                is_begun = true;
                true
            }
            _ => false,
        });
        self.received += (jobs + usize::from(is_begun)) as u64;
        match (is_begun, jobs) {
            (true, _) => Ok(Report::Begun),
            (false, 0) => Err(LinkError::Garbage("no report of a job".to_owned())),
            (false, _) => Ok(Report::Answers(Answers {
                frames,
                jobs,
                failures,
            })),
        }
    }

    fn next_message(&mut self, patience: Patience) -> Result<&[u8], LinkError> {
        self.await_message(patience)?;
        self.received += 1;
        let message = self.frames.take_buffered().map_err(garbage)?;
        Ok(message.expect("it is in the buffer"))
    }

    /// Reads until the next message is whole in the buffer.
    fn await_message(&mut self, patience: Patience) -> Result<(), LinkError> {
        while !self.frames.has_frame().map_err(garbage)? {
            match self.over {
                Some(Over::Gone) => return Err(LinkError::Gone),
                Some(Over::TimedOut(after)) => return Err(LinkError::TimedOut(after)),
                None => self.read_more(patience)?,
            }
        }
        Ok(())
    }

    fn read_more(&mut self, patience: Patience) -> Result<(), LinkError> {
        // The rest of a message is most often there already.
        if self.frames.is_inside() && self.read_now() {
            return Ok(());
        }
        if self.wait(Ready::ToRead, patience)? {
            self.read_now();
        }
        Ok(())
    }

    /// Reads what is there; false if that is nothing yet.
    fn read_now(&mut self) -> bool {
        match self.frames.fill(&mut self.channel) {
            Ok(1..) => self.since = Instant::now(),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
            Ok(0) | Err(_) => self.ends(Over::Gone),
        }
        true
    }

    /// Reaps the worker, then takes what it had to say and did not send.
    fn ends(&mut self, over: Over) {
        if self.over.is_some() {
            return;
        }
        self.over = Some(over);
        self.child.reap();
        self.frames.forget_partial();
        // Where the child was not the worker, that may still run, and write.
        let journal = self.journal.as_ref().filter(|_| self.is_faithful);
        let left = journal.and_then(|journal| journal.read().ok());
        let Some((before, left)) = left else { return };
        let mut left = left.as_slice();
        while let Ok(1..) = self.frames.fill(&mut left) {}
        // The journal is cleared after it was sent: these frames have come both ways.
        for _ in before..self.received {
            let _ = self.frames.take_buffered();
        }
    }

    /// Kills and reaps the worker, and says what that means for the job that it ran.
    pub(crate) fn end(&mut self, error: LinkError) -> ProcessError {
        let pid = self.child.pid();
        match error {
            LinkError::TooLong(why) => ProcessError::Encode(why),
            LinkError::TimedOut(after) => ProcessError::TimedOut { pid, after },
            LinkError::Garbage(why) => {
                self.child.kill();
                self.child.reap();
                ProcessError::Decode(format!("process {pid} sent no answer: {why}"))
            }
            LinkError::Gone | LinkError::NotYet => {
                let status = self.child.reap();
                let stderr = self.last_words.text();
                ProcessError::Crashed {
                    pid,
                    status,
                    stderr,
                }
            }
        }
    }

    /// Closes the channel, gives the worker a moment to end by itself, and reaps it.
    pub(crate) fn close(&mut self) {
        self.channel.close_write();
        let patience = Patience::of(GRACE);
        // The worker's end of the channel closes when the worker ends.
        while self.next_message(patience).is_ok() {}
        self.child.reap();
    }
}

fn garbage(error: io::Error) -> LinkError {
    LinkError::Garbage(error.to_string())
}
