//! The parent's end of a worker: it owns the child, and sends, reads, kills and reaps.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_bytes::{ByteBuf, Bytes};

use super::{ProcessError, WORKER_ARGUMENT, WorkerProgram};
use crate::event::Event;
use crate::frame::{FrameReader, write_frame};
use crate::lifecycle::{Daemon, start_daemon};

/// Worker and parent must speak the same version.
pub(super) const PROTOCOL: u32 = 1;

/// A process that has not said hello by then is no worker.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How long a read or a write waits before it asks whether the child is alive: a grandchild that
/// holds the channel open would hide the death.
const SLICE: Duration = Duration::from_millis(50);

/// How long a worker has to end by itself once its channel is closed.
const GRACE: Duration = Duration::from_millis(500);

/// How much of a worker's stderr is kept for the error.
const TAIL: usize = 8 * 1024;

/// What the parent says: run these inputs one after the other.
#[derive(Serialize, Deserialize)]
pub(super) struct Run<'a> {
    pub(super) work: &'a str,
    #[serde(borrow)]
    pub(super) inputs: Vec<&'a Bytes>,
}

/// What the worker says.
#[derive(Serialize, Deserialize)]
pub(super) enum Answer {
    Hello {
        protocol: u32,
    },
    /// The outcome of the next input, in the order of the inputs.
    Ended(Result<ByteBuf, JobFailure>),
}

/// Why a job that ran in a worker that lives has no output.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum JobFailure {
    Panicked {
        message: String,
        location: Option<String>,
    },
    Decode(String),
    Encode(String),
    UnknownWork(String),
}

impl JobFailure {
    pub(crate) fn into_error(self, pid: u32) -> ProcessError {
        match self {
            Self::Panicked { message, location } => ProcessError::Panicked {
                message,
                location,
                pid,
            },
            Self::Decode(why) => ProcessError::Decode(why),
            Self::Encode(why) => ProcessError::Encode(why),
            Self::UnknownWork(name) => ProcessError::UnknownWork { name },
        }
    }
}

/// Why nothing more comes from a worker, or nothing came yet.
#[derive(Debug)]
pub(crate) enum LinkError {
    /// It has died, or its end of the channel is closed.
    Gone,
    /// It lives and said nothing for this long.
    TimedOut(Duration),
    /// It said something that no worker says.
    Garbage(String),
    /// The input is too long for a frame; nothing was sent.
    TooLong(String),
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

/// A living worker. Dropping the link kills and reaps it.
#[derive(Debug)]
pub(crate) struct Link {
    killer: Killer,
    pid: u32,
    channel: UnixStream,
    frames: FrameReader,
    max_frame: usize,
    stderr: Tail,
    status: Option<ExitStatus>,
}

impl Link {
    /// Starts the program and waits for its hello.
    pub(crate) fn start(program: &WorkerProgram, max_frame: usize) -> Result<Self, ProcessError> {
        if super::worker::is_worker() {
            return Err(ProcessError::InsideWorker);
        }
        let start = || -> io::Result<Self> {
            let (ours, theirs) = UnixStream::pair()?;
            ours.set_write_timeout(Some(SLICE))?;
            let mut child = Command::new(program.path())
                .arg(format!("{WORKER_ARGUMENT}={max_frame}"))
                .stdin(Stdio::from(OwnedFd::from(theirs)))
                .stderr(Stdio::piped())
                .spawn()?;
            let pid = child.id();
            let stderr = child.stderr.take().expect("it was asked for");
            let killer = Killer(Arc::new(Mutex::new(child)));
            let mut link = Self {
                killer,
                pid,
                channel: ours,
                frames: FrameReader::new(max_frame),
                max_frame,
                stderr: Tail::default(),
                status: None,
            };
            link.stderr.follow(pid, stderr)?;
            Ok(link)
        };
        let mut link = start().map_err(|error| {
            let why = format!("{}: {error}", program.path().display());
            ProcessError::Start(io::Error::new(error.kind(), why))
        })?;
        let why = match link.answer(Some(HANDSHAKE)) {
            Ok(Answer::Hello { protocol: PROTOCOL }) => return Ok(link),
            Ok(Answer::Hello { protocol }) => {
                format!("it speaks version {protocol} of the protocol")
            }
            Ok(Answer::Ended(_)) => "it answered before it was asked".to_owned(),
            Err(LinkError::TimedOut(after)) => format!("it said nothing for {after:?}"),
            Err(LinkError::Garbage(why) | LinkError::TooLong(why)) => why,
            Err(LinkError::Gone) => format!("it ended with {}", link.reap()),
        };
        let program = program.path().to_owned();
        Err(ProcessError::NotAWorker { program, why })
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

    /// Sends one chunk of inputs.
    pub(crate) fn send(
        &mut self,
        work: &str,
        inputs: &[&[u8]],
        timeout: Option<Duration>,
    ) -> Result<(), LinkError> {
        let inputs = inputs.iter().map(|input| Bytes::new(input)).collect();
        let message = postcard::to_allocvec(&Run { work, inputs });
        let message = message.map_err(|error| LinkError::TooLong(error.to_string()))?;
        let mut patient = PatientWriter {
            link: self,
            timeout,
            start: Instant::now(),
            failed: None,
        };
        let max_frame = patient.link.max_frame;
        match write_frame(&mut patient, &message, max_frame) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::InvalidInput => {
                Err(LinkError::TooLong(error.to_string()))
            }
            Err(_) => Err(patient.failed.unwrap_or(LinkError::Gone)),
        }
    }

    /// The outcome of the next input.
    pub(crate) fn receive(
        &mut self,
        timeout: Option<Duration>,
    ) -> Result<Result<Vec<u8>, JobFailure>, LinkError> {
        match self.answer(timeout)? {
            Answer::Ended(outcome) => Ok(outcome.map(ByteBuf::into_vec)),
            Answer::Hello { .. } => Err(LinkError::Garbage("a second hello".to_owned())),
        }
    }

    fn answer(&mut self, timeout: Option<Duration>) -> Result<Answer, LinkError> {
        let start = Instant::now();
        loop {
            let left = timeout.map(|timeout| timeout.saturating_sub(start.elapsed()));
            // What a dead worker had sent is in the socket already: no need to wait for it.
            let most = if self.status.is_some() {
                Duration::ZERO
            } else {
                SLICE
            };
            let slice = left.unwrap_or(most).min(most).max(Duration::from_millis(1));
            self.channel
                .set_read_timeout(Some(slice))
                .map_err(|_| LinkError::Gone)?;
            match self.frames.read_frame(&mut self.channel) {
                Ok(Some(message)) => {
                    let answer = postcard::from_bytes(&message);
                    return answer.map_err(|error| LinkError::Garbage(error.to_string()));
                }
                Err(error) if is_timeout(&error) => {
                    if self.status.is_some() {
                        return Err(LinkError::Gone);
                    }
                    if !self.has_ended()
                        && let Some(timeout) = timeout.filter(|_| left.is_some_and(|l| l <= slice))
                    {
                        return Err(LinkError::TimedOut(timeout));
                    }
                }
                Err(error) if error.kind() == ErrorKind::InvalidData => {
                    return Err(LinkError::Garbage(error.to_string()));
                }
                Ok(None) | Err(_) => return Err(LinkError::Gone),
            }
        }
    }

    /// Kills and reaps the worker, and says what that means for the job that it ran.
    pub(crate) fn end(&mut self, error: LinkError) -> ProcessError {
        let pid = self.pid;
        match error {
            LinkError::TooLong(why) => ProcessError::Encode(why),
            LinkError::TimedOut(after) => {
                self.killer.kill();
                self.reap();
                ProcessError::TimedOut { pid, after }
            }
            LinkError::Garbage(why) => {
                self.killer.kill();
                self.reap();
                ProcessError::Decode(format!("process {pid} sent no answer: {why}"))
            }
            LinkError::Gone => {
                let status = self.reap();
                let stderr = self.stderr.text();
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
        let _ = self.channel.shutdown(std::net::Shutdown::Write);
        // The worker's end of the channel closes when the worker ends.
        while self.answer(Some(GRACE)).is_ok() {}
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
            std::thread::sleep(Duration::from_micros(200));
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

/// Writes in slices, so that a worker that died or does not read cannot hold us for ever.
struct PatientWriter<'a> {
    link: &'a mut Link,
    timeout: Option<Duration>,
    start: Instant,
    failed: Option<LinkError>,
}

impl Write for PatientWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.link.channel.write(bytes) {
                Err(error) if is_timeout(&error) => {
                    if self.link.has_ended() {
                        return Err(error);
                    }
                    if let Some(timeout) = self.timeout
                        && self.start.elapsed() >= timeout
                    {
                        self.failed = Some(LinkError::TimedOut(timeout));
                        return Err(io::Error::other("the worker does not read"));
                    }
                }
                other => return other,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// The last words of a worker, which also go to our own stderr as they come.
#[derive(Debug, Default)]
struct Tail {
    kept: Arc<Mutex<VecDeque<u8>>>,
    ended: Arc<Event>,
    copier: Option<Daemon>,
}

impl Tail {
    fn follow(&mut self, pid: u32, mut stderr: ChildStderr) -> io::Result<()> {
        let (kept, ended) = (self.kept.clone(), self.ended.clone());
        let copier = start_daemon(&format!("stderr-{pid}"), move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = stderr.read(&mut buffer) {
                let _ = io::stderr().write_all(&buffer[..read]);
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend(&buffer[..read]);
                let extra = kept.len().saturating_sub(TAIL);
                kept.drain(..extra);
            }
            ended.set();
        })?;
        self.copier = Some(copier);
        Ok(())
    }

    /// What was kept; a grandchild that holds stderr open is not waited for.
    fn text(&self) -> String {
        let _ = self.ended.wait_timeout(Duration::from_millis(100));
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(kept.make_contiguous()).into_owned()
    }
}
