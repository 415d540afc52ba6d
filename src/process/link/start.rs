//! How a worker comes up: started, handed its end of the channel and the journal, and heard of.
//!
//! ```text
//!   parent                                        worker
//!     spawn: a socket is its stdin ──────────────▶ `run_if_worker`
//!     through the socket: one byte, the journal ─▶ takes both
//!     a link ◀─── hello: protocol, who has the journal ─── the initialiser has run
//! ```

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{Link, LinkError, Patience};
use crate::frame::FrameReader;
use crate::process::channel::Channel;
use crate::process::child::OwnedChild;
use crate::process::journal::{Head, Journal, hand_over};
use crate::process::last_words::LastWords;
use crate::process::messages::{PROTOCOL, says};
use crate::process::worker::is_worker;
use crate::process::{ProcessError, WorkerProgram};

impl Link {
    /// Starts the program and waits for its hello, for at most `timeout`.
    pub(crate) fn start(
        program: &WorkerProgram,
        max_frame: usize,
        timeout: Duration,
    ) -> Result<Self, ProcessError> {
        if is_worker() {
            return Err(ProcessError::InsideWorker);
        }
        let mut link = Self::spawn(program, max_frame).map_err(|error| {
            let why = format!("{}: {error}", program.executable().display());
            ProcessError::Start(io::Error::new(error.kind(), why))
        })?;
        let pid = link.pid();
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
            Err(LinkError::Gone | LinkError::TimedOut(_)) => match link.child.reap() {
                Some(status) => format!("it ended with {status}"),
                None => "it ended, and nobody knows how".to_owned(),
            },
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
        let stdout = child.stdout.take();
        let stderr = child.stderr.take().expect("it was asked for");
        // From here on the child is killed and reaped whatever happens.
        let child = OwnedChild::new(child);
        let channel = Channel::new(socket, stdout)?;
        let last_words = LastWords::follow(child.pid(), stderr)?;
        Ok(Self {
            child,
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
            over: None,
        })
    }
}
