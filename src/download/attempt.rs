//! One try at one file, from the address to the file in its place.
//!
//! ```text
//!   target, part ──▶ request ──▶ head ──▶ plan ─┬─ Whole, Rest ──▶ sink ◀── body ──▶ Arrived ──▶ commit
//!                       ▲                       ├─ Complete ────────────────────────▶ Arrived
//!                       └────── for the whole ──┴─ Again
//! ```

use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use ureq::{Agent, Body};

use super::address::Address;
use super::link::{self, silence};
use super::part::Part;
use super::plan::{Plan, plan};
use super::request::{Answer, finish};
use super::sink::{self, Sink};
use super::version::Version;
use super::{DownloadError, DownloaderBuilder, Progress, Stop};

/// Large enough that a big file costs few system calls.
pub(super) const BUFFER: usize = 256 * 1024;

/// One try at one file.
pub(super) struct Attempt<'a> {
    pub(super) agent: &'a Agent,
    pub(super) address: &'a Address,
    /// What errors and notes may say of the address.
    pub(super) shown: &'a str,
    /// As the caller wrote it.
    pub(super) to: &'a Path,
    /// The same from the root: the program may change its folder meanwhile.
    pub(super) place: &'a Path,
    pub(super) stop: Stop<'a>,
    pub(super) settings: &'a DownloaderBuilder,
    pub(super) start: Instant,
}

/// An error, and how long the server asked to wait.
pub(super) struct Failure {
    pub(super) error: DownloadError,
    pub(super) retry_after: Option<Duration>,
}

impl From<DownloadError> for Failure {
    fn from(error: DownloadError) -> Self {
        let retry_after = None;
        Self { error, retry_after }
    }
}

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
    pub(super) bytes: u64,
}

impl Attempt<'_> {
    // ANCHOR: line
    pub(super) fn run(&self, progress: &mut dyn FnMut(Progress)) -> Result<Arrived, Failure> {
        if self.stop.is_set() {
            return Err(self.stopped().into());
        }
        sink::check(self.to, self.place).map_err(|source| self.cannot_write(source))?;
        let part = self.part_of_before()?;
        let (answer, plan) = self.ask_and_plan(part.as_ref())?;
        let (answer, plan) = match plan {
            Plan::Again => {
                finish(answer.body);
                self.ask_and_plan(None)?
            }
            plan => (answer, plan),
        };
        Ok(self.carry_out(plan, answer, part, progress)?)
    }

    fn ask_and_plan(&self, part: Option<&Part>) -> Result<(Answer, Plan), Failure> {
        let answer = self.ask(part)?;
        let asked = part.map(|part| (part.version(), part.bytes()));
        match plan(&answer.head, &answer.from, asked, self.settings.limits) {
            Ok(plan) => Ok((answer, plan)),
            Err(refusal) => {
                let retry_after = answer.head.retry_after;
                finish(answer.body);
                let error = self.refused(refusal);
                Err(Failure { error, retry_after })
            }
        }
    }
    // ANCHOR_END: line

    fn part_of_before(&self) -> Result<Option<Part>, DownloadError> {
        if !self.settings.resume {
            return Ok(None);
        }
        Part::find(self.place, self.shown).map_err(|source| self.cannot_write(source))
    }

    fn carry_out(
        &self,
        plan: Plan,
        answer: Answer,
        part: Option<Part>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Arrived, DownloadError> {
        match (plan, part) {
            (Plan::Complete { total: bytes }, Some(part)) => {
                let total = Some(bytes);
                progress(Progress { bytes, total });
                let sink = Sink::Part(part);
                Ok(Arrived { sink, bytes })
            }
            (Plan::Rest { end, total }, Some(part)) => {
                let extent = Extent {
                    already: part.bytes(),
                    end: Some(end),
                    total: Some(total),
                };
                self.save(answer.body, Sink::Part(part), extent, progress)
            }
            (_, part) => {
                let total = answer.head.length();
                let extent = Extent {
                    already: 0,
                    end: total,
                    total,
                };
                let sink = match self.settings.resume {
                    true => {
                        let version = Version::of(&answer.head, self.shown, &answer.from);
                        Sink::kept(self.place, version, part)
                    }
                    false => Sink::whole(self.place),
                };
                let sink = sink.map_err(|source| self.cannot_write(source))?;
                self.save(answer.body, sink, extent, progress)
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
        match self.fill(body, &mut sink, extent, progress) {
            Ok(bytes) => Ok(Arrived { sink, bytes }),
            Err(error) => {
                sink.give_up(&error);
                Err(error)
            }
        }
    }

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
            let read = self
                .read(&mut body, &mut buffer)?
                .map_err(|error| self.in_body(error, total, bytes))?;
            if read == 0 {
                break;
            }
            bytes += read as u64;
            if let Some(limit) = self
                .settings
                .limits
                .max_bytes
                .filter(|limit| bytes > *limit)
            {
                return Err(self.too_large(limit));
            }
            if extent.end.is_some_and(|end| bytes > end) {
                return Err(self.bad_answer("the body is longer than its head says"));
            }
            let written = sink.write_all(&buffer[..read]);
            written.map_err(|source| self.cannot_write(source))?;
            progress(Progress { bytes, total });
        }
        // ANCHOR: short
        if total.is_some_and(|total| bytes < total) {
            return Err(DownloadError::Truncated {
                url: self.shown.to_owned(),
                expected: total,
                got: bytes,
            });
        }
        Ok(bytes)
        // ANCHOR_END: short
    }

    // ANCHOR: read
    /// Reads a piece; between two looks at the connection it looks at the stop signal.
    fn read(
        &self,
        body: &mut impl Read,
        buffer: &mut [u8],
    ) -> Result<io::Result<usize>, DownloadError> {
        let mut silent = Duration::ZERO;
        loop {
            let look = Instant::now();
            let read = link::read(body, buffer);
            if self.stop.is_set() {
                return Err(self.stopped());
            }
            match read {
                Err(error) if is_look(&error) && silent < self.settings.stall => {
                    silent += silence(look);
                }
                read => return Ok(read),
            }
        }
    }
    // ANCHOR_END: read

    /// Makes the file durable and puts it in its place.
    pub(super) fn commit(&self, arrived: Arrived) -> Result<u64, DownloadError> {
        let committed = arrived.sink.commit(self.place);
        committed.map_err(|source| self.cannot_write(source))?;
        Ok(arrived.bytes)
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

/// Whether only a look is over.
fn is_look(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    matches!(inner, Some(ureq::Error::Timeout(ureq::Timeout::PerRead)))
}
