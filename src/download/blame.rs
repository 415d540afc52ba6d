//! Whose fault a failure is: what the client, the system or the server did, as a [`DownloadError`].
//!
//! Each error has the URL without the user's name and password that it may carry.

use std::io;

use super::DownloadError;
use super::address::Address;
use super::attempt::Attempt;
use super::plan::Refusal;

impl Attempt<'_> {
    pub(super) fn before_body(&self, error: ureq::Error, from: &Address) -> DownloadError {
        match error {
            _ if self.stop.is_set() => self.stopped(),
            ureq::Error::Timeout(timeout) => self.timed_out(timeout),
            ureq::Error::LargeResponseHeader(_, limit) => {
                self.bad_answer(&format!("its head is longer than {} KiB", limit / 1024))
            }
            ureq::Error::Protocol(error) => {
                // Behind the colon come the server's own words, which may hold a password.
                let text = error.to_string();
                match text.split(": ").next().unwrap_or_default() {
                    "http parse fail" => self.bad_answer("it is no answer of HTTP/1"),
                    text => self.bad_answer(text),
                }
            }
            other => {
                let may_pass = may_pass(&other);
                DownloadError::Connect {
                    url: self.shown.to_owned(),
                    proxy: self.settings.proxies.shown_towards(from),
                    why: self.redirected(from) + &words_of(&other),
                    may_pass,
                }
            }
        }
    }

    /// Where the way led, if that is not what the URL says.
    fn redirected(&self, from: &Address) -> String {
        let url = from.url();
        let (host, port) = (url.host_str(), url.port_or_known_default());
        match (host, port) {
            (Some(host), Some(port)) if from != self.address => {
                format!("redirected to {host}:{port}: ")
            }
            _ => String::new(),
        }
    }

    /// The thread that asks could not be started, or it panicked.
    pub(super) fn cannot_ask(&self, why: impl ToString) -> DownloadError {
        self.connect(why, true)
    }

    fn connect(&self, why: impl ToString, may_pass: bool) -> DownloadError {
        DownloadError::Connect {
            url: self.shown.to_owned(),
            proxy: None,
            why: why.to_string(),
            may_pass,
        }
    }

    pub(super) fn refused(&self, refusal: Refusal) -> DownloadError {
        let url = self.shown.to_owned();
        match refusal {
            Refusal::Status(code) => DownloadError::Status { url, code },
            Refusal::BadAnswer(why) => self.bad_answer(why),
            Refusal::LengthUnknown => DownloadError::LengthUnknown { url },
            Refusal::TooLarge(limit) => self.too_large(limit),
        }
    }

    pub(super) fn bad_answer(&self, why: &str) -> DownloadError {
        DownloadError::BadAnswer {
            url: self.shown.to_owned(),
            why: why.to_owned(),
        }
    }

    pub(super) fn too_many_redirects(&self) -> DownloadError {
        DownloadError::TooManyRedirects {
            url: self.shown.to_owned(),
            limit: self.settings.redirects,
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
            // What should say where a piece of the body ends says nothing of the kind.
            Some(ureq::Error::Protocol(_)) => self.bad_answer("its chunks cannot be read"),
            _ => DownloadError::Truncated {
                url: self.shown.to_owned(),
                expected,
                got,
            },
        }
    }

    fn timed_out(&self, timeout: ureq::Timeout) -> DownloadError {
        let url = self.shown.to_owned();
        match (timeout, self.settings.total) {
            (ureq::Timeout::Global, Some(after)) => DownloadError::DeadlineExceeded { url, after },
            (ureq::Timeout::Connect | ureq::Timeout::Resolve, _) => {
                let why = format!("no answer for {:?}", self.settings.connect);
                self.connect(why, true)
            }
            _ => DownloadError::Stalled {
                url,
                after: self.settings.stall,
            },
        }
    }

    pub(super) fn stopped(&self) -> DownloadError {
        DownloadError::Stopped {
            url: self.shown.to_owned(),
        }
    }

    pub(super) fn too_large(&self, limit: u64) -> DownloadError {
        DownloadError::TooLarge {
            url: self.shown.to_owned(),
            limit,
        }
    }

    pub(super) fn cannot_write(&self, source: io::Error) -> DownloadError {
        DownloadError::Write {
            url: self.shown.to_owned(),
            path: self.to.to_owned(),
            source,
        }
    }
}

/// What the client says, in words for who asked.
fn words_of(error: &ureq::Error) -> String {
    let text = error.to_string();
    if let (ureq::Error::ConnectProxyFailed(_), Some((_, said))) =
        (error, text.rsplit_once("responded "))
    {
        // The client says the number twice.
        let status = said.split('/').next().unwrap_or_default();
        return format!("it answered with status {status}");
    }
    let text = text.strip_prefix("io: ").unwrap_or(&text);
    if text.starts_with("Peer disconnected") {
        return "the connection was closed before an answer had come".to_owned();
    }
    if text.contains("InvalidContentType") {
        return format!("no TLS is spoken there, so it may be http:// ({text})");
    }
    if text.contains("CaUsedAsEndEntity") {
        return format!("the certificate is not trusted, it may be self-signed ({text})");
    }
    text.to_owned()
}

/// Whether what kept the client from an answer may be otherwise a little later: not a name that
/// nobody knows, not a certificate that is not trusted, not a proxy that says no.
fn may_pass(error: &ureq::Error) -> bool {
    let text = error.to_string();
    match error {
        // What std says of a name has no kind; the system's words tell "not now" from "not at all".
        ureq::Error::Io(_) if text.contains("failed to lookup address") => {
            ["emporary failure", "ry again"]
                .iter()
                .any(|words| text.contains(words))
        }
        // WSAHOST_NOT_FOUND and WSANO_DATA: Windows has its words in the user's language.
        ureq::Error::Io(error)
            if cfg!(windows) && matches!(error.raw_os_error(), Some(11_001 | 11_004)) =>
        {
            false
        }
        // TLS says it with this kind.
        ureq::Error::Io(error) => !matches!(
            error.kind(),
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
        ),
        ureq::Error::ConnectProxyFailed(_) => !text.contains("responded 4"),
        ureq::Error::ConnectionFailed => true,
        _ => false,
    }
}
