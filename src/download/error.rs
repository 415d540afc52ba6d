//! Why a download failed.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a download failed. The final path is as it was before (after a [`Write`](Self::Write) it may be the new file); no temporary
/// file is left, unless [`DownloaderBuilder::resume`](super::DownloaderBuilder::resume) keeps what has come.
///
/// Needs the feature `download`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// The text is no URL that can be fetched: it needs `http://` or `https://` and a host.
    #[error("{url}: not a URL to fetch ({why}){}", must_begin(why))]
    BadUrl {
        /// The text.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// What was given as a proxy is none that can be used.
    #[error("{proxy}: not a proxy to use ({why}){}", must_begin(why))]
    BadProxy {
        /// The text, and the variable that has it, if it is one of the environment's.
        proxy: String,
        /// What is wrong with it.
        why: String,
    },
    /// The server's name was not found, nobody listens there, its certificate is not trusted, or the
    /// connection broke before a whole answer's head had come.
    #[error("{url}: cannot connect{}: {why}", through(.proxy.as_deref()))]
    Connect {
        /// What was to be fetched.
        url: String,
        /// The proxy that was to be asked, and the variable that names it, if that is one of the
        /// environment's.
        proxy: Option<String>,
        /// What the system or the protocol said.
        why: String,
        /// Whether it may be otherwise a little later: not if nobody knows the name, if the
        /// certificate is not trusted, or if a proxy says no.
        may_pass: bool,
    },
    /// The server answered with a status that is no success, or a success without the file: 202, 204,
    /// 205, 206, 207 or 226.
    #[error("{url}: the server answered with status {code}")]
    Status {
        /// What was to be fetched.
        url: String,
        /// The status code.
        code: u16,
    },
    /// The server's answer is no HTTP, contradicts itself, cannot be read, is coded in a way that nobody
    /// asked for, redirects to nowhere or to what is neither http nor https, or from https to http.
    #[error("{url}: the server's answer makes no sense: {why}")]
    BadAnswer {
        /// What was to be fetched.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The server redirected more often than allowed.
    #[error("{url}: redirected more than {limit} times")]
    TooManyRedirects {
        /// What was to be fetched.
        url: String,
        /// How many redirects are allowed.
        limit: u32,
    },
    /// The body ended early.
    #[error("{url}: the body ended after {got} bytes{}", of_expected(*.expected))]
    Truncated {
        /// What was to be fetched.
        url: String,
        /// The length that the server had announced, if it had.
        expected: Option<u64>,
        /// The bytes that came.
        got: u64,
    },
    /// The server announced no length, so that an early end could not be told from the end.
    #[error("{url}: the server gave no length; allow_unknown_length takes what comes")]
    LengthUnknown {
        /// What was to be fetched.
        url: String,
    },
    /// The body is longer than allowed. No more than the limit was written.
    #[error("{url}: larger than the limit of {limit} bytes")]
    TooLarge {
        /// What was to be fetched.
        url: String,
        /// The most bytes that a body may have.
        limit: u64,
    },
    /// The server said nothing for too long.
    #[error("{url}: the server said nothing for {after:?}")]
    Stalled {
        /// What was to be fetched.
        url: String,
        /// The stall timeout.
        after: Duration,
    },
    /// The whole download took too long.
    #[error("{url}: not complete after {after:?}")]
    DeadlineExceeded {
        /// What was to be fetched.
        url: String,
        /// The total timeout.
        after: Duration,
    },
    /// The stop signal was set.
    #[error("{url}: stopped")]
    Stopped {
        /// What was to be fetched.
        url: String,
    },
    /// The file could not be written; or it is in its place, and its name not durable, or a part's note not removed.
    #[error("{url}: cannot write {}", once(path, source))]
    Write {
        /// What was to be fetched.
        url: String,
        /// Where the file was to be.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// What to write instead, if the scheme is what is wrong.
fn must_begin(why: &str) -> &'static str {
    match why.contains("scheme") {
        true => "; it must begin with http:// or https://",
        false => "",
    }
}

fn through(proxy: Option<&str>) -> String {
    proxy.map_or(String::new(), |proxy| format!(" through the proxy {proxy}"))
}

/// The path and what is wrong with it, which may begin with the path once more.
fn once(path: &Path, source: &io::Error) -> String {
    let (text, whole) = (source.to_string(), std::path::absolute(path));
    let mut names = [Some(path), whole.as_deref().ok()].into_iter().flatten();
    let why = names.find_map(|name| text.strip_prefix(&format!("{}: ", name.display())));
    format!("{}: {}", path.display(), why.unwrap_or(&text))
}

fn of_expected(expected: Option<u64>) -> String {
    expected.map_or(String::new(), |bytes| format!(" of {bytes}"))
}

impl DownloadError {
    /// Whether the same request may succeed a little later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Connect { may_pass, .. } => *may_pass,
            Self::Truncated { .. } | Self::Stalled { .. } => true,
            Self::Status { code, .. } => matches!(code, 408 | 425 | 429 | 500 | 502 | 503 | 504),
            _ => false,
        }
    }
}
