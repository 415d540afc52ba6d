//! One try at one file: ask, check the head, save the body.
//!
//! ```text
//!   no part: ask for the whole ──────────────────────▶ head ──▶ body ──▶ temporary file or new part
//!   a part:  ask for the rest ──▶ 206 that fits ─────────────▶ body ──▶ the part
//!                     │     └──▶ 416: it is complete
//!                     └──▶ another version, whole, or no fit: the part begins again
//! ```

use std::io::{self, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use ureq::http::Response;
use ureq::{Agent, Body};

use super::address::Address;
use super::head::{announced_length, retry_after};
use super::part::{Answer, Origin, Part};
use super::{DownloadError, DownloaderBuilder, Progress, STOP_POLL, Stop};
use crate::atomic_file::AtomicFile;
use crate::lifecycle::start;

/// Large enough that a big file costs few system calls.
pub(super) const BUFFER: usize = 256 * 1024;

/// One try at one file.
pub(super) struct Attempt<'a> {
    pub(super) url: &'a str,
    pub(super) address: &'a Address,
    /// As the caller wrote it.
    pub(super) to: &'a Path,
    /// The same from the root: the program may change its folder meanwhile.
    pub(super) place: &'a Path,
    pub(super) stop: Stop<'a>,
    pub(super) settings: &'a DownloaderBuilder,
    pub(super) start: Instant,
}

/// An error, and how long the server asked to wait.
type Failure = (DownloadError, Option<Duration>);

/// What a body belongs to: the bytes that are there already, and the ends that it may have.
struct Extent {
    already: u64,
    /// Where this body ends, counted from the file's first byte.
    end: Option<u64>,
    /// Where the file ends.
    total: Option<u64>,
}

/// A body that has come whole and does not have its name yet.
pub(super) struct Arrived {
    sink: Sink,
    bytes: u64,
}

/// Where a body goes.
enum Sink {
    /// To a temporary file that is removed if the download fails.
    Whole(AtomicFile),
    /// To a part that is kept then.
    Part(Part),
}

impl Attempt<'_> {
    pub(super) fn run(
        &self,
        agent: &Agent,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Arrived, Failure> {
        if self.stop.is_set() {
            return Err((self.stopped(), None));
        }
        let part = if self.settings.resume {
            Part::find(self.place, &self.shown_url())
                .map_err(|source| (self.cannot_write(source), None))?
        } else {
            None
        };
        let response = self.ask(agent, part.as_ref())?;
        let Some(part) = part else {
            return self.take_whole(response, None, progress);
        };
        match part.judge(&response) {
            Answer::Rest { end, total } => {
                let already = part.bytes();
                let (end, total) = (Some(end), Some(total));
                let extent = Extent {
                    already,
                    end,
                    total,
                };
                self.check_size(total).map_err(|error| (error, None))?;
                self.save(response.into_body(), Sink::Part(part), extent, progress)
                    .map_err(|error| (error, None))
            }
            Answer::Complete => {
                let bytes = part.bytes();
                self.check_size(Some(bytes))
                    .map_err(|error| (error, None))?;
                progress(Progress {
                    bytes,
                    total: Some(bytes),
                });
                let sink = Sink::Part(part);
                Ok(Arrived { sink, bytes })
            }
            Answer::Unusable => {
                drop(response);
                let again = self.ask(agent, None)?;
                self.take_whole(again, Some(part), progress)
            }
            // Another version, which came whole; or an error, and the part stays for another time.
            Answer::Other => self.take_whole(response, Some(part), progress),
        }
    }

    fn ask(&self, agent: &Agent, part: Option<&Part>) -> Result<Response<Body>, Failure> {
        let proxy = self.settings.proxies.towards(self.address);
        let proxy = proxy.map_err(|error| (error, None))?;
        let mut request = agent.get(self.url);
        if let Some(part) = part {
            for (name, value) in part.request_headers() {
                request = request.header(name, value);
            }
        }
        let request = request
            .config()
            .timeout_global(self.time_left())
            // Who asked for https must not be led to http by a redirect.
            .proxy(proxy)
            .https_only(self.address.is_https())
            .build();
        let answer = self.unless_stopped(move || request.call());
        answer.map_err(|error| (error, None))
    }

    // ANCHOR: ask
    /// Asks on a thread of its own. Nothing can end the look-up of a name, or a connect, before its
    /// time is up; but nobody has to wait for it.
    fn unless_stopped(
        &self,
        ask: impl FnOnce() -> Result<Response<Body>, ureq::Error> + Send + 'static,
    ) -> Result<Response<Body>, DownloadError> {
        let mut asking = start("asker", ask).map_err(|error| self.cannot_connect(error))?;
        loop {
            match asking.join_timeout(STOP_POLL) {
                Ok(answer) => {
                    let answer = answer.map_err(|panicked| self.cannot_connect(panicked))?;
                    return answer.map_err(|error| self.before_body(error));
                }
                Err(running) if self.stop.is_set() => {
                    running.detach();
                    return Err(self.stopped());
                }
                Err(running) => asking = running,
            }
        }
    }
    // ANCHOR_END: ask

    /// Saves an answer that holds the whole file; `part` is what is left of another version.
    fn take_whole(
        &self,
        response: Response<Body>,
        part: Option<Part>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Arrived, Failure> {
        self.check_head(&response)
            .map_err(|error| (error, retry_after(&response)))?;
        let total = announced_length(&response);
        let extent = Extent {
            already: 0,
            end: total,
            total,
        };
        let sink = self.open(&response, part, total);
        sink.map_err(|source| self.cannot_write(source))
            .and_then(|sink| self.save(response.into_body(), sink, extent, progress))
            .map_err(|error| (error, None))
    }

    /// A part can be kept only if the server has said how its version is told from others.
    fn open(
        &self,
        response: &Response<Body>,
        part: Option<Part>,
        length: Option<u64>,
    ) -> io::Result<Sink> {
        if !self.settings.resume {
            return Ok(Sink::Whole(AtomicFile::create(self.place)?));
        }
        match (Origin::of(response, self.shown_url(), length), part) {
            (Some(origin), Some(part)) => Ok(Sink::Part(part.begin_again(origin)?)),
            (Some(origin), None) => Ok(Sink::Part(Part::begin(self.place, origin)?)),
            (None, part) => {
                part.map_or_else(|| Part::forget(self.place), Part::discard)?;
                Ok(Sink::Whole(AtomicFile::create(self.place)?))
            }
        }
    }

    /// Saves the body; what came of one that did not come whole is kept in a part, or gone.
    fn save(
        &self,
        body: Body,
        mut sink: Sink,
        extent: Extent,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Arrived, DownloadError> {
        match (self.fill(body, &mut sink, extent, progress), sink) {
            (Ok(bytes), sink) => Ok(Arrived { sink, bytes }),
            (Err(error), Sink::Whole(_)) => Err(error),
            (Err(error), Sink::Part(part)) => {
                // More than the answer may have is no part of it; the failure is known already.
                let _ = match error {
                    DownloadError::TooLarge { .. } | DownloadError::BadAnswer { .. } => {
                        part.discard()
                    }
                    _ => part.keep(),
                };
                Err(error)
            }
        }
    }

    // ANCHOR: whole
    /// Puts the body in its place; gives its length.
    pub(super) fn commit(&self, arrived: Arrived) -> Result<u64, DownloadError> {
        let committed = match arrived.sink {
            Sink::Whole(file) => file.commit(),
            Sink::Part(part) => part.commit(self.place),
        };
        committed.map_err(|source| self.cannot_write(source))?;
        Ok(arrived.bytes)
    }
    // ANCHOR_END: whole

    fn fill(
        &self,
        body: Body,
        sink: &mut Sink,
        extent: Extent,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<u64, DownloadError> {
        let (mut bytes, total) = (extent.already, extent.total);
        if bytes > 0 {
            progress(Progress { bytes, total });
        }
        let mut body = body.into_reader();
        let mut buffer = vec![0; BUFFER];
        loop {
            let read = body.read(&mut buffer);
            // A connection that the stopper closed can look like the body's end.
            if self.stop.is_set() {
                return Err(self.stopped());
            }
            let read = read.map_err(|error| self.in_body(error, total, bytes))?;
            if read == 0 {
                break;
            }
            bytes += read as u64;
            if let Some(limit) = self.settings.max_bytes.filter(|limit| bytes > *limit) {
                return Err(self.too_large(limit));
            }
            if extent.end.is_some_and(|end| bytes > end) {
                return Err(DownloadError::BadAnswer {
                    url: self.shown_url(),
                    why: "the body is longer than its head says".to_owned(),
                });
            }
            let written = match sink {
                Sink::Whole(file) => file.write_all(&buffer[..read]),
                Sink::Part(part) => part.write_all(&buffer[..read]),
            };
            written.map_err(|source| self.cannot_write(source))?;
            progress(Progress { bytes, total });
        }
        // ANCHOR: short
        if total.is_some_and(|total| bytes < total) {
            return Err(DownloadError::Truncated {
                url: self.shown_url(),
                expected: total,
                got: bytes,
            });
        }
        Ok(bytes)
        // ANCHOR_END: short
    }

    /// What is left of the total timeout, if there is one.
    pub(super) fn time_left(&self) -> Option<Duration> {
        let total = self.settings.total?;
        // Zero would mean "no limit" to the client.
        Some(
            total
                .saturating_sub(self.start.elapsed())
                .max(Duration::from_millis(1)),
        )
    }
}
