//! One download, from its first attempt to its last.
//!
//! ```text
//!   step: attempt ── complete ──▶ permit given back ──▶ commit ──▶ Ended(Receipt)
//!      ▲     └────── transient, attempts left ──▶ Later ── its wait, without a permit ──┐
//!      │     └────── any other failure ──▶ Ended(DownloadError)                         │
//!      └───────────────────────────────────────────────────────────────────────────────┘
//! ```

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::address::{Address, without_credentials};
use super::attempt::{Attempt, Failure};
use super::{DownloadError, Downloader, Progress, Receipt, Stop};
use crate::semaphore::Permit;

/// The longest `Retry-After` that is waited for; nobody wants a program that sleeps for a week.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// One download, between its attempts.
pub(super) struct Job<'a> {
    shown: String,
    address: Result<Address, &'static str>,
    to: &'a Path,
    place: PathBuf,
    start: Instant,
    attempts: u32,
}

/// How an attempt ended.
pub(super) enum Step {
    Ended(Result<Receipt, DownloadError>),
    /// Another one may succeed after this time.
    Later(Duration),
}

impl<'a> Job<'a> {
    pub(super) fn new(url: &'a str, to: &'a Path) -> Self {
        Self {
            shown: without_credentials(url),
            address: Address::read(url),
            to,
            // What stands for no file is told apart when it is to be written.
            place: std::path::absolute(to).unwrap_or_else(|_| to.to_owned()),
            start: Instant::now(),
            attempts: 0,
        }
    }

    /// Makes one attempt; the permit is given back once the network is not needed any more.
    pub(super) fn step(
        &mut self,
        downloader: &Downloader,
        stop: Stop<'_>,
        progress: &mut dyn FnMut(Progress),
        permit: Option<Permit<'_>>,
    ) -> Step {
        let address = match &self.address {
            Ok(address) => address,
            Err(why) => {
                let (url, why) = (self.shown.clone(), (*why).to_owned());
                return Step::Ended(Err(DownloadError::BadUrl { url, why }));
            }
        };
        let settings = &downloader.settings;
        let attempt = Attempt {
            agent: &downloader.agent,
            address,
            shown: &self.shown,
            to: self.to,
            place: &self.place,
            stop,
            settings,
            start: self.start,
        };
        self.attempts += 1;
        let Failure { error, retry_after } = match attempt.run(progress) {
            Ok(arrived) => {
                drop(permit);
                return Step::Ended(attempt.commit(arrived).map(|bytes| self.receipt(bytes)));
            }
            Err(failure) => failure,
        };
        let is_too_long = retry_after.is_some_and(|wait| wait > LONGEST_WAIT);
        if !error.is_transient() || self.attempts > settings.retries || is_too_long {
            return Step::Ended(Err(error));
        }
        let wait = settings.back_off.wait(self.attempts, retry_after);
        if attempt.time_left().is_some_and(|left| left <= wait) {
            return Step::Ended(Err(error));
        }
        Step::Later(wait)
    }

    fn receipt(&self, bytes: u64) -> Receipt {
        Receipt {
            path: self.to.to_owned(),
            bytes,
            attempts: self.attempts,
            elapsed: self.start.elapsed(),
        }
    }
}
