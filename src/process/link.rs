//! The parent's end of a worker: it owns the child, and sends, reads, kills and reaps.

use std::io::{self, ErrorKind, IoSlice, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use super::channel::{Channel, Ready};
use super::journal::{Head, Journal, hand_over};
use super::last_words::LastWords;
use super::messages::{JobFailure, PROTOCOL, append, says};
use super::{ProcessError, WorkerProgram};
use crate::frame::{self, FrameReader, HEAD};

/// How long a read or a write waits before it asks whether the child is alive: a grandchild that
/// holds the channel open would hide the death.
const SLICE: Duration = Duration::from_millis(50);

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

/// How long to wait for a worker.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Patience {
    /// Until it dies.
    Endless,
    /// Until then; the worker goes on.
    Until(Instant),
    /// Until one job takes longer than this; then the worker is killed.
    JobTimeout(Duration),
}

impl Patience {
    pub(crate) fn of(timeout: Duration) -> Self {
        let deadline = Instant::now().checked_add(timeout);
        deadline.map_or(Self::Endless, Self::Until)
    }
}

/// Whether the first job without an answer had begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    Yes,
    No,
}

/// What a worker says about its jobs.
#[derive(Debug)]
pub(crate) enum Report<'a> {
    /// The first job of the chunk begins.
    Begun,
    /// Jobs have ended, and the next one of their chunk begins.
    Answers(Answers<'a>),
}

/// Answers of jobs that stand one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answers<'a> {
    /// Each a frame, back to back; see [`outcome_of`].
    pub(crate) frames: &'a [u8],
    pub(crate) jobs: usize,
    /// How many of the jobs have no output.
    pub(crate) failures: usize,
}

/// What an answer holds.
#[inline]
pub(crate) fn outcome_of(answer: &[u8]) -> Result<&[u8], JobFailure> {
    match answer.split_first() {
        Some((&says::OUTPUT, output)) => Ok(output),
        Some((_, failure)) => Err(postcard::from_bytes(failure)
            .unwrap_or_else(|error| JobFailure::Decode(error.to_string()))),
        None => Err(JobFailure::Decode("an empty answer".to_owned())),
    }
}

/// Kills a worker from any thread; harmless once it has been reaped.
#[derive(Clone, Debug)]
pub(crate) struct Killer(Arc<Mutex<Child>>);

impl Killer {
    pub(crate) fn kill(&self) {
        // An error means that it has ended already.
        let _ = self.child().kill();
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A worker. Dropping the link kills and reaps it.
#[derive(Debug)]
pub(crate) struct Link {
    killer: Killer,
    pid: u32,
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
    status: Option<ExitStatus>,
    /// Why nothing more comes through the channel; what the journal held is in `frames` then.
    over: Option<Over>,
}

#[derive(Clone, Copy, Debug)]
enum Over {
    Gone,
    TimedOut(Duration),
}

impl Link {
    /// Starts the program and waits for its hello, for at most `timeout`.
    pub(crate) fn start(
        program: &WorkerProgram,
        max_frame: usize,
        timeout: Duration,
    ) -> Result<Self, ProcessError> {
        if super::worker::is_worker() {
            return Err(ProcessError::InsideWorker);
        }
        let mut link = Self::spawn(program, max_frame).map_err(|error| {
            let why = format!("{}: {error}", program.executable().display());
            ProcessError::Start(io::Error::new(error.kind(), why))
        })?;
        let pid = link.pid;
        let why = match link.next_message(Patience::of(timeout)) {
            Ok(message) => match message.split_first() {
                Some((&says::HELLO, hello)) => match hello.strip_prefix(&PROTOCOL.to_le_bytes()) {
                    Some(holder) => {
                        link.is_faithful = holder == pid.to_le_bytes();
                        return Ok(link);
                    }
                    None => format!("it speaks version {hello:?} of the protocol"),
                },
                Some((&says::NOT_READY, why)) => {
                    let why = String::from_utf8_lossy(why).into_owned();
                    return Err(ProcessError::Initialiser { why, pid });
                }
                _ => "it answered before it was asked".to_owned(),
            },
            Err(LinkError::NotYet) if program.is_wrapped() => {
                let wrapper = program.executable().display();
                format!("nothing came through {wrapper} for {timeout:?}: does it keep bytes back?")
            }
            Err(LinkError::NotYet) => format!("it said nothing for {timeout:?}"),
            Err(LinkError::Garbage(why) | LinkError::TooLong(why)) => why,
            Err(LinkError::Gone | LinkError::TimedOut(_)) => {
                format!("it ended with {}", link.reap())
            }
        };
        let program = program.path().to_owned();
        Err(ProcessError::NotAWorker { program, why })
    }

    fn spawn(program: &WorkerProgram, max_frame: usize) -> io::Result<Self> {
        let mut command = program.command(max_frame);
        let (socket, theirs) = UnixStream::pair()?;
        // Without a journal the worker is slower, and as safe.
        let journal = Journal::new().ok();
        hand_over(journal.as_ref(), &socket)?;
        command.stdin(Stdio::from(OwnedFd::from(theirs)));
        command.stderr(Stdio::piped());
        if program.is_wrapped() {
            command.stdout(Stdio::piped());
        }
        let mut child = command.spawn()?;
        let pid = child.id();
        let stdout = child.stdout.take();
        let stderr = child.stderr.take().expect("it was asked for");
        // From here on the child is killed and reaped whatever happens.
        let mut child = Unowned(Some(child));
        let channel = Channel::new(socket, stdout)?;
        let last_words = LastWords::follow(pid, stderr)?;
        Ok(Self {
            killer: Killer(Arc::new(Mutex::new(child.take()))),
            pid,
            channel,
            is_faithful: false,
            journal,
            looked: Head::default(),
            frames: FrameReader::new(max_frame),
            received: 0,
            since: Instant::now(),
            envelope: Vec::new(),
            max_frame,
            last_words,
            status: None,
            over: None,
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    pub(crate) fn killer(&self) -> Killer {
        self.killer.clone()
    }

    /// Whether the worker has ended, as far as the system knows now.
    pub(crate) fn has_ended(&mut self) -> bool {
        if self.status.is_none() {
            self.status = self.killer.child().try_wait().unwrap_or_default();
        }
        self.status.is_some()
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

    /// Waits a moment for the channel; false if it is not ready, and then looks after the worker.
    fn wait(&mut self, ready: Ready, patience: Patience) -> Result<bool, LinkError> {
        let slice = match patience {
            Patience::Endless => SLICE,
            Patience::Until(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                left.min(SLICE)
            }
            Patience::JobTimeout(timeout) => {
                let left = timeout.saturating_sub(self.since.elapsed());
                left.min(SLICE).min(timeout / 8)
            }
        };
        // Below a millisecond the waiting would be busy.
        match self
            .channel
            .wait(ready, slice.max(Duration::from_millis(1)))
        {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(_) => self.ends(Over::Gone),
        }
        if self.has_ended() {
            // What it had sent stays readable.
            let has_more = matches!(ready, Ready::ToRead) && self.is_readable();
            if !has_more {
                self.ends(Over::Gone);
            }
            return Ok(has_more);
        }
        match patience {
            Patience::Until(deadline) if Instant::now() >= deadline => Err(LinkError::NotYet),
            Patience::JobTimeout(timeout) => {
                self.watch_the_clock(timeout);
                Ok(false)
            }
            _ => Ok(false),
        }
    }

    /// Sends SIGTERM, unless the worker was reaped: its number may be another process's by then.
    pub(crate) fn terminate(&self) {
        let pid = self.number().filter(|_| self.status.is_none());
        let _ = pid.map(|pid| kill_process(pid, Signal::TERM));
    }

    fn number(&self) -> Option<Pid> {
        i32::try_from(self.pid).ok().and_then(Pid::from_raw)
    }

    /// Kills the worker if its job has taken too long.
    ///
    /// It is stopped for the last look: a job that ends in this very moment has ended, and the one
    /// behind it must not die for it.
    fn watch_the_clock(&mut self, timeout: Duration) {
        if self.has_progressed() || self.since.elapsed() < timeout {
            return;
        }
        let Some(pid) = self.number() else {
            return;
        };
        // An error means that it has ended already.
        let _ = kill_process(pid, Signal::STOP);
        let quiet = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let _ = waitid(WaitId::Pid(pid), quiet);
        if self.has_progressed() {
            let _ = kill_process(pid, Signal::CONT);
        } else {
            self.killer.kill();
            self.ends(Over::TimedOut(timeout));
        }
    }

    /// Whether the worker has done anything since the last look.
    fn has_progressed(&mut self) -> bool {
        let head = self.journal.as_ref().and_then(|j| j.head().ok());
        let head = head.unwrap_or_default();
        let progressed = head != self.looked || self.is_readable();
        if progressed {
            self.looked = head;
            self.since = Instant::now();
        }
        progressed
    }

    fn is_readable(&mut self) -> bool {
        let at_once = Duration::ZERO;
        self.channel.wait(Ready::ToRead, at_once).unwrap_or(false)
    }

    /// Reaps the worker, then takes what it had to say and did not send.
    fn ends(&mut self, over: Over) {
        if self.over.is_some() {
            return;
        }
        self.over = Some(over);
        self.reap();
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
        let pid = self.pid;
        match error {
            LinkError::TooLong(why) => ProcessError::Encode(why),
            LinkError::TimedOut(after) => ProcessError::TimedOut { pid, after },
            LinkError::Garbage(why) => {
                self.killer.kill();
                self.reap();
                ProcessError::Decode(format!("process {pid} sent no answer: {why}"))
            }
            LinkError::Gone | LinkError::NotYet => {
                let status = self.reap();
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
        self.reap();
    }

    /// Kills the worker unless it has ended, and takes its status from the system.
    fn reap(&mut self) -> ExitStatus {
        if let Some(status) = self.status {
            return status;
        }
        // The end of the channel comes a moment before the end of the process: its own status
        // says more than our kill would.
        let start = Instant::now();
        while !self.has_ended() && start.elapsed() < Duration::from_millis(20) {
            std::thread::sleep(Duration::from_micros(100));
        }
        self.killer.kill();
        let status = self
            .killer
            .child()
            .wait()
            .expect("a child of ours that nobody else waits for");
        *self.status.insert(status)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.killer.kill();
        self.reap();
    }
}

fn garbage(error: io::Error) -> LinkError {
    LinkError::Garbage(error.to_string())
}

/// A child that has no link yet.
struct Unowned(Option<Child>);

impl Unowned {
    fn take(&mut self) -> Child {
        self.0.take().expect("it is taken once")
    }
}

impl Drop for Unowned {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
