//! A worker's first words: whether it is one, and how it will answer.
//!
//! ```text
//!   silent ── hello, this version ──▶ ready          ── not ready, another version, anything else ──▶ no worker
//! ```

use super::super::ProcessError;
use super::super::messages::{PROTOCOL, says};
use super::Link;
use super::news::{News, State};

impl Link {
    pub(super) fn hello(&mut self) -> Option<News> {
        let message = match self.channel.message() {
            Ok(message) => message?,
            Err(error) => return Some(self.is_none(error.to_string())),
        };
        let why = match message.split_first() {
            Some((&says::HELLO, hello)) => match hello.strip_prefix(&PROTOCOL.to_le_bytes()) {
                Some(has_ring) => {
                    if has_ring == [1] {
                        self.is_direct = self.channel.speaker() == Some(self.pid());
                        self.channel.use_ring();
                    }
                    self.state = State::Ready;
                    return Some(News::Hello);
                }
                None => format!("it speaks version {hello:?} of the protocol"),
            },
            Some((&says::NOT_READY, why)) => {
                let why = String::from_utf8_lossy(why).into_owned();
                let pid = self.pid();
                self.is_doubtful = true;
                return Some(News::NotReady(ProcessError::Initialiser { why, pid }));
            }
            _ => "it answered before it was asked".to_owned(),
        };
        Some(self.is_none(why))
    }

    fn is_none(&mut self, why: String) -> News {
        self.is_doubtful = true;
        News::NotReady(self.no_worker(why))
    }

    /// Why this is no worker.
    pub(crate) fn no_worker(&self, why: String) -> ProcessError {
        let program = self.program.path().to_owned();
        ProcessError::NotAWorker { program, why }
    }
}
