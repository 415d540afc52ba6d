//! Whose fault a failure is: what the client, the system or the server did, as a [`DownloadError`].
//!
//! Each error has the URL without the user's name and password that it may carry.

use std::io;

use super::DownloadError;
use super::address::without_credentials;
use super::attempt::Attempt;

impl Attempt<'_> {
    pub(super) fn before_body(&self, error: ureq::Error) -> DownloadError {
        let url = self.shown_url();
        let bad_answer = |why: &str| DownloadError::BadAnswer {
            url: url.clone(),
            why: why.to_owned(),
        };
        match error {
            _ if self.stop.is_set() => self.stopped(),
            ureq::Error::Timeout(timeout) => self.timed_out(timeout),
            ureq::Error::TooManyRedirects => DownloadError::TooManyRedirects {
                url,
                limit: self.settings.redirects,
            },
            // Our own URL was checked, so both are about one that the server redirected to; their
            // texts would show that one with the password it may carry.
            ureq::Error::BadUri(_) => bad_answer("it redirects to what is no URL to fetch"),
            ureq::Error::RequireHttpsOnly(_) => bad_answer("it redirects from https to http"),
            ureq::Error::Protocol(error) => {
                // Behind the colon come the server's own words, which may be such a URL, too.
                let text = error.to_string();
                bad_answer(text.split(": ").next().unwrap_or_default())
            }
            other => self.cannot_connect(other),
        }
    }

    pub(super) fn cannot_connect(&self, why: impl ToString) -> DownloadError {
        DownloadError::Connect {
            url: self.shown_url(),
            why: why.to_string(),
        }
    }

    pub(super) fn in_body(
        &self,
        error: io::Error,
        expected: Option<u64>,
        got: u64,
    ) -> DownloadError {
        // The client puts its own errors inside an i/o error.
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
        match inner {
            Some(ureq::Error::Timeout(timeout)) => self.timed_out(*timeout),
            _ => DownloadError::Truncated {
                url: self.shown_url(),
                expected,
                got,
            },
        }
    }

    fn timed_out(&self, timeout: ureq::Timeout) -> DownloadError {
        let url = self.shown_url();
        match (timeout, self.settings.total) {
            (ureq::Timeout::Global, Some(after)) => DownloadError::DeadlineExceeded { url, after },
            (ureq::Timeout::Connect | ureq::Timeout::Resolve, _) => {
                let why = format!("no answer for {:?}", self.settings.connect);
                DownloadError::Connect { url, why }
            }
            _ => DownloadError::Stalled {
                url,
                after: self.settings.stall,
            },
        }
    }

    pub(super) fn stopped(&self) -> DownloadError {
        DownloadError::Stopped {
            url: self.shown_url(),
        }
    }

    pub(super) fn too_large(&self, limit: u64) -> DownloadError {
        DownloadError::TooLarge {
            url: self.shown_url(),
            limit,
        }
    }

    pub(super) fn cannot_write(&self, source: io::Error) -> DownloadError {
        DownloadError::Write {
            url: self.shown_url(),
            path: self.to.to_owned(),
            source,
        }
    }

    pub(super) fn shown_url(&self) -> String {
        without_credentials(self.url)
    }
}
