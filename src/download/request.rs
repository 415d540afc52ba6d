//! Asking for a file: one hop after the other, until an answer is no redirect.
//!
//! ```text
//!   address ──▶ asker ──▶ head ──▶ lead ──▶ Arrived: Answer { head, from, body }
//!      ▲                            └─────▶ Moved, and not too often ──┐
//!      └───────────────────────────────────────────────────────────────┘
//! ```

use std::sync::Arc;
use std::time::Duration;

use ureq::http::Response;
use ureq::{Body, Error};

use super::DownloadError;
use super::address::Address;
use super::attempt::Attempt;
use super::head::Head;
use super::link::{self, LOOK, Seen};
use super::part::Part;
use super::redirect::{Lead, lead};
use crate::event::Event;
use crate::lifecycle::start;

/// An answer that is no redirect.
pub(super) struct Answer {
    pub(super) head: Head,
    /// Who gave it.
    pub(super) from: Address,
    pub(super) body: Body,
}

/// Whether a connection of an earlier request may be used.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Connection {
    Any,
    New,
}

impl Attempt<'_> {
    /// Asks for the whole file, or for what is behind a part.
    pub(super) fn ask(&self, part: Option<&Part>) -> Result<Answer, DownloadError> {
        let mut from = self.address.clone();
        let mut hops = 0;
        loop {
            let response = self.ask_one(&from, part)?;
            let head = Head::of(&response);
            let next = match lead(&head, &from).map_err(|why| self.bad_answer(why))? {
                Lead::Arrived => {
                    let body = response.into_body();
                    return Ok(Answer { head, from, body });
                }
                Lead::Moved(next) => next,
            };
            if hops >= self.settings.redirects {
                return Err(self.too_many_redirects());
            }
            hops += 1;
            finish(response.into_body());
            from = next;
        }
    }

    /// Asks one address; once more if only an idle connection had ended.
    fn ask_one(
        &self,
        from: &Address,
        part: Option<&Part>,
    ) -> Result<Response<Body>, DownloadError> {
        let answer = match self.send(from, part, Connection::Any)? {
            (Err(Error::Io(_)), seen) if seen.was_stale() => {
                self.send(from, part, Connection::New)?.0
            }
            (answer, _) => answer,
        };
        answer.map_err(|error| self.before_body(error, from))
    }

    fn send(
        &self,
        from: &Address,
        part: Option<&Part>,
        connection: Connection,
    ) -> Result<(Result<Response<Body>, Error>, Seen), DownloadError> {
        let mut request = self.agent.get(from.to_ask());
        if let Some(part) = part {
            // What is behind the part, if the version is still the same.
            request = request
                .header("Range", format!("bytes={}-", part.bytes()))
                .header("If-Range", part.version().validator());
        }
        if let Some(who) = from.authorization() {
            request = request.header("Authorization", who);
        }
        let config = request
            .config()
            .timeout_global(self.time_left())
            .proxy(self.settings.proxies.towards(from)?);
        let config = match connection {
            Connection::Any => config,
            Connection::New => config.max_idle_age(Duration::ZERO),
        };
        let request = config.build();
        self.unless_stopped(move || request.call())
    }

    // ANCHOR: ask
    /// Asks on a thread of its own. Nothing can end the look-up of a name, or a connect, before its
    /// time is up; but nobody has to wait for it.
    fn unless_stopped<R: Send + 'static>(
        &self,
        ask: impl FnOnce() -> R + Send + 'static,
    ) -> Result<(R, Seen), DownloadError> {
        let left = Arc::new(Event::new());
        let asker = {
            let left = left.clone();
            move || link::asking(left, ask)
        };
        let mut asking =
            start("asker", asker).map_err(|error| self.cannot_ask(link::no_thread(error)))?;
        loop {
            match asking.join_timeout(LOOK) {
                Ok(answer) => return answer.map_err(|panicked| self.cannot_ask(panicked)),
                Err(running) if self.stop.is_set() => {
                    left.set();
                    running.detach();
                    return Err(self.stopped());
                }
                Err(running) => asking = running,
            }
        }
    }
    // ANCHOR_END: ask
}

/// Reads what little is left of an answer that nobody wants, so that its connection can be used
/// again; no more, and no longer, than costs less than a new one.
pub(super) fn finish(body: Body) {
    let mut body = body.into_reader();
    let mut rest = [0; 4096];
    for _ in 0..2 {
        if !matches!(link::read(&mut body, &mut rest), Ok(1..)) {
            break;
        }
    }
}
