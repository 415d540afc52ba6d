//! Downloads that arrive whole or not at all, can be stopped, and say what went wrong.
//!
//! ```text
//!   fetch: attempt ──▶ head ──▶ body ──▶ temporary file ── complete ──▶ fsync, rename ──▶ Receipt
//!             ▲          │ status, redirects, length      │ short, stalled, too large, stopped
//!             └─ back-off┴──── transient, attempts left ──┴──▶ DownloadError, the path untouched
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | a worker of `fetch_all` | nothing | its own file | nobody |
//! | the stopper | nothing | the connections | all workers: it closes their connections |
//! | the end of a call | nothing | `finished` | the stopper |
//!
//! A blocked read cannot wait for an [`Event`] as well. So each call has one more thread, the
//! *stopper*: it sleeps until the call has finished, looks at the stop signal every 20 ms, and when
//! that is set it closes the call's connections under its readers.

use std::fmt;
use std::io::{self, Read, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ureq::http::{Response, Uri, Version};
use ureq::{Agent, Body};

use crate::atomic_file::AtomicFile;
use crate::back_off::BackOff;
use crate::claims::Pace;
use crate::event::{Event, Wait};
use crate::thread_pool::scoped_map_in_runs;

/// How often the stopper looks at the stop signal.
const STOP_POLL: Duration = Duration::from_millis(20);

/// Large enough that a big file costs few system calls.
const BUFFER: usize = 256 * 1024;

/// Downloads files over HTTP and HTTPS.
///
/// The final path holds what was there before or the complete new body, at every instant. Proxies
/// that the environment names are not used.
///
/// # Differences from Python
/// [`urllib.request`](https://docs.python.org/3/library/urllib.request.html) with `open(path, "wb")`
/// leaves half a body under the final name, waits for ever by default, and cannot be stopped;
/// `requests.get` also saves error pages as if they were the file.
///
/// # Examples
/// ```
/// use threadproof::{Downloader, Event};
/// use threadproof::local_server::{LocalServer, Reply, Site};
///
/// let server = LocalServer::start(Site::new().page("/a.txt", Reply::ok(*b"hello")))?;
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("a.txt");
/// let receipt = Downloader::new().fetch(&server.url("/a.txt"), &path, &Event::new()).unwrap();
/// assert_eq!(receipt.bytes, 5);
/// assert_eq!(std::fs::read(&path)?, b"hello");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Downloader {
    settings: DownloaderBuilder,
}

/// What a [`Downloader`] allows and how long it waits. Made by [`Downloader::builder`].
#[derive(Clone, Debug)]
pub struct DownloaderBuilder {
    stall: Duration,
    connect: Duration,
    total: Option<Duration>,
    redirects: u32,
    retries: u32,
    max_bytes: Option<u64>,
    allow_unknown_length: bool,
    workers: NonZeroUsize,
    back_off: BackOff,
}

/// A file that arrived whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Where it is.
    pub path: PathBuf,
    /// Its length in bytes.
    pub bytes: u64,
    /// How many attempts it took: 1 if the first succeeded.
    pub attempts: u32,
    /// From the call to the file in its place, waits between attempts included.
    pub elapsed: Duration,
}

/// How far a download is. A new attempt begins again at 0 without a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the body so far.
    pub bytes: u64,
    /// Bytes of the whole body, if the server said so.
    pub total: Option<u64>,
}

/// Why a download failed. The final path is as it was before; no temporary file is left.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// The text is no URL that can be fetched: it needs `http://` or `https://` and a host.
    #[error("{url}: not a URL to fetch ({why}); it must begin with http:// or https://")]
    BadUrl {
        /// The text.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The server's name was not found, nobody listens there, or the connection broke before a
    /// whole answer's head had come.
    #[error("{url}: cannot connect: {why}")]
    Connect {
        /// What was to be fetched.
        url: String,
        /// What the system or the protocol said.
        why: String,
    },
    /// The server answered with a status that is no success.
    #[error("{url}: the server answered with status {code}")]
    Status {
        /// What was to be fetched.
        url: String,
        /// The status code.
        code: u16,
    },
    /// The server's answer is no HTTP, or redirects to nowhere.
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
    #[error("{url}: the server gave no length; allow unknown lengths to take what comes")]
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
    /// The file could not be written.
    #[error("{url}: cannot write {}: {source}", path.display())]
    Write {
        /// What was to be fetched.
        url: String,
        /// Where the file was to be.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn of_expected(expected: Option<u64>) -> String {
    expected.map_or(String::new(), |bytes| format!(" of {bytes}"))
}

impl Downloader {
    /// A downloader with the defaults that [`DownloaderBuilder`]'s methods name.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins with the defaults.
    pub fn builder() -> DownloaderBuilder {
        DownloaderBuilder::default()
    }

    /// Downloads `url` to the file `to`.
    ///
    /// # Blocking
    /// Until the file is complete or the download has failed; ends within 100 ms of `stop` being
    /// set, except while the system connects or looks up a name.
    ///
    /// # Errors
    /// See [`DownloadError`]; `to` is as it was before.
    pub fn fetch(&self, url: &str, to: &Path, stop: &Event) -> Result<Receipt, DownloadError> {
        self.fetch_with(url, to, stop, &mut |_| {})
    }

    /// As [`fetch`](Self::fetch), with a report after each piece of the body.
    ///
    /// Within an attempt the bytes strictly increase and the last report has them all. `progress`
    /// is called on the calling thread, and not after the return.
    pub fn fetch_with(
        &self,
        url: &str,
        to: &Path,
        stop: &Event,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Receipt, DownloadError> {
        let agent = self.settings.agent(NonZeroUsize::MIN);
        stoppable(&agent, stop, || {
            self.attempts(&agent, url, to, stop, progress)
        })
    }

    /// Downloads many files, at most `workers` at a time; one outcome each, in the order given.
    ///
    /// All of them share connections to the same host. One failure changes no other download.
    ///
    /// # Blocking
    /// Until every download has ended. After a stop the rest are [`DownloadError::Stopped`].
    // ANCHOR: fetch_all
    pub fn fetch_all(
        &self,
        downloads: &[(String, PathBuf)],
        stop: &Event,
    ) -> Vec<Result<Receipt, DownloadError>> {
        let workers = self.settings.workers;
        let agent = self.settings.agent(workers);
        let outcomes = stoppable(&agent, stop, || {
            // One at a time: the next download must not wait in a run behind a slow one.
            scoped_map_in_runs(workers, downloads, Pace::single, |(url, to)| {
                self.attempts(&agent, url, to, stop, &mut |_| {})
            })
        });
        let outcomes = outcomes.into_iter();
        outcomes
            .map(|outcome| outcome.unwrap_or_else(|panicked| panic!("{panicked}")))
            .collect()
    }
    // ANCHOR_END: fetch_all

    fn attempts(
        &self,
        agent: &Agent,
        url: &str,
        to: &Path,
        stop: &Event,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Receipt, DownloadError> {
        check_url(url)?;
        let (start, settings) = (Instant::now(), &self.settings);
        let mut attempts = 1;
        loop {
            let attempt = Attempt {
                url,
                to,
                stop,
                settings,
                start,
            };
            let (error, retry_after) = match attempt.run(agent, progress) {
                Ok(bytes) => {
                    let (path, elapsed) = (to.to_owned(), start.elapsed());
                    return Ok(Receipt {
                        path,
                        bytes,
                        attempts,
                        elapsed,
                    });
                }
                Err(failure) => failure,
            };
            if !error.is_transient() || attempts > settings.retries {
                return Err(error);
            }
            let wait = settings.back_off.wait(attempts, retry_after);
            if attempt.time_left().is_some_and(|left| left <= wait) {
                return Err(error);
            }
            if stop.wait_timeout(wait) == Wait::Set {
                return Err(DownloadError::Stopped {
                    url: url.to_owned(),
                });
            }
            attempts += 1;
        }
    }
}

/// Runs `body`; if `stop` is set meanwhile, closes the agent's connections so that it ends.
// ANCHOR: stoppable
fn stoppable<R>(agent: &Agent, stop: &Event, body: impl FnOnce() -> R) -> R {
    let finished = Event::new();
    std::thread::scope(|scope| {
        let stopper = std::thread::Builder::new().name("stopper".to_owned());
        // Without a stopper the body still looks at the signal between two reads.
        let _ = stopper.spawn_scoped(scope, || {
            while finished.wait_timeout(STOP_POLL) == Wait::TimedOut {
                if stop.is_set() {
                    return agent.clone().shutdown();
                }
            }
        });
        let _finish = SetOnDrop(&finished);
        body()
    })
}
// ANCHOR_END: stoppable

struct SetOnDrop<'a>(&'a Event);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.set();
    }
}

/// One try at one file.
struct Attempt<'a> {
    url: &'a str,
    to: &'a Path,
    stop: &'a Event,
    settings: &'a DownloaderBuilder,
    start: Instant,
}

/// An error, and how long the server asked to wait.
type Failure = (DownloadError, Option<Duration>);

impl Attempt<'_> {
    fn run(&self, agent: &Agent, progress: &mut dyn FnMut(Progress)) -> Result<u64, Failure> {
        if self.stop.is_set() {
            return Err((DownloadError::Stopped { url: self.url() }, None));
        }
        let request = agent
            .get(self.url)
            .config()
            .timeout_global(self.time_left())
            .build();
        let response = request
            .call()
            .map_err(|error| (self.before_body(error), None))?;
        self.check_head(&response)
            .map_err(|error| (error, retry_after(&response)))?;
        self.save(response.into_body(), progress)
            .map_err(|error| (error, None))
    }

    fn check_head(&self, response: &Response<Body>) -> Result<(), DownloadError> {
        let (url, code) = (self.url(), response.status().as_u16());
        let limit = self.settings.redirects;
        let headers = response.headers();
        if (300..400).contains(&code) && headers.contains_key("location") {
            return Err(DownloadError::TooManyRedirects { url, limit });
        }
        // 206 is a part of the body, and nobody asked for a part.
        if !response.status().is_success() || code == 206 {
            return Err(DownloadError::Status { url, code });
        }
        let length = announced_length(response);
        if let (Some(length), Some(limit)) = (length, self.settings.max_bytes)
            && length > limit
        {
            return Err(DownloadError::TooLarge { url, limit });
        }
        // Chunks say where the body ends; without them only the connection's end does.
        if length.is_none() && !is_chunked(response) && !self.settings.allow_unknown_length {
            return Err(DownloadError::LengthUnknown { url });
        }
        Ok(())
    }

    fn save(&self, body: Body, progress: &mut dyn FnMut(Progress)) -> Result<u64, DownloadError> {
        let total = body.content_length();
        let cannot_write = |source| DownloadError::Write {
            url: self.url(),
            path: self.to.to_owned(),
            source,
        };
        let mut file = AtomicFile::create(self.to).map_err(cannot_write)?;
        let mut body = body.into_reader();
        let mut buffer = vec![0; BUFFER];
        let mut bytes = 0;
        loop {
            let read = body.read(&mut buffer);
            // A connection that the stopper closed can look like the body's end.
            if self.stop.is_set() {
                return Err(DownloadError::Stopped { url: self.url() });
            }
            let read = read.map_err(|error| self.in_body(error, total, bytes))?;
            if read == 0 {
                break;
            }
            bytes += read as u64;
            if let Some(limit) = self.settings.max_bytes.filter(|limit| bytes > *limit) {
                return Err(DownloadError::TooLarge {
                    url: self.url(),
                    limit,
                });
            }
            file.write_all(&buffer[..read]).map_err(cannot_write)?;
            progress(Progress { bytes, total });
        }
        // ANCHOR: whole
        if total.is_some_and(|total| bytes < total) {
            return Err(DownloadError::Truncated {
                url: self.url(),
                expected: total,
                got: bytes,
            });
        }
        file.commit().map_err(cannot_write)?;
        Ok(bytes)
        // ANCHOR_END: whole
    }

    fn before_body(&self, error: ureq::Error) -> DownloadError {
        let url = self.url();
        match error {
            _ if self.stop.is_set() => DownloadError::Stopped { url },
            ureq::Error::Timeout(timeout) => self.timed_out(timeout),
            ureq::Error::TooManyRedirects => DownloadError::TooManyRedirects {
                url,
                limit: self.settings.redirects,
            },
            // The URL itself was checked, so this is one that the server redirected to.
            ureq::Error::BadUri(why) => DownloadError::BadAnswer { url, why },
            ureq::Error::Protocol(error) => DownloadError::BadAnswer {
                url,
                why: error.to_string(),
            },
            other => DownloadError::Connect {
                url,
                why: other.to_string(),
            },
        }
    }

    fn in_body(&self, error: io::Error, expected: Option<u64>, got: u64) -> DownloadError {
        // The client puts its own errors inside an i/o error.
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
        match inner {
            Some(ureq::Error::Timeout(timeout)) => self.timed_out(*timeout),
            _ => DownloadError::Truncated {
                url: self.url(),
                expected,
                got,
            },
        }
    }

    fn timed_out(&self, timeout: ureq::Timeout) -> DownloadError {
        let url = self.url();
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

    /// What is left of the total timeout, if there is one.
    fn time_left(&self) -> Option<Duration> {
        let total = self.settings.total?;
        // Zero would mean "no limit" to the client.
        Some(
            total
                .saturating_sub(self.start.elapsed())
                .max(Duration::from_millis(1)),
        )
    }

    fn url(&self) -> String {
        without_password(self.url)
    }
}

/// The body's length as the head tells it; the client itself knows no length of an empty body.
fn announced_length(response: &Response<Body>) -> Option<u64> {
    let header = || {
        response
            .headers()
            .get("content-length")?
            .to_str()
            .ok()?
            .parse()
            .ok()
    };
    let no_content = (response.status() == 204).then_some(0);
    response
        .body()
        .content_length()
        .or_else(header)
        .or(no_content)
}

/// Whether chunks say where the body ends; no other coding does, and HTTP/1.0 has none.
fn is_chunked(response: &Response<Body>) -> bool {
    let codings = response.headers().get_all("transfer-encoding").into_iter();
    let mut codings = codings.filter_map(|value| value.to_str().ok());
    response.version() != Version::HTTP_10
        && codings.any(|value| {
            let mut names = value.split(',');
            names.any(|name| name.trim().eq_ignore_ascii_case("chunked"))
        })
}

/// The seconds of a `Retry-After` header; its other form, a date, is left aside.
fn retry_after(response: &Response<Body>) -> Option<Duration> {
    let value = response.headers().get("retry-after")?.to_str().ok()?;
    Some(Duration::from_secs(value.trim().parse().ok()?))
}

fn check_url(url: &str) -> Result<(), DownloadError> {
    let bad = |why: &str| {
        // Nobody knows where a password ends in what is no URL: at the last `@` at the latest.
        let url = url.rsplit_once('@').map_or(url, |(_, behind)| behind);
        let (url, why) = (url.to_owned(), why.to_owned());
        Err(DownloadError::BadUrl { url, why })
    };
    let Ok(uri) = url.parse::<Uri>() else {
        return bad("it cannot be read as a URL");
    };
    match (uri.scheme_str(), uri.authority()) {
        (Some("http" | "https"), Some(authority)) if !authority.host().is_empty() => {
            // The client would take the scheme's port instead of one that it cannot read.
            let has_port = !authority.as_str().ends_with(authority.host());
            if has_port && authority.port_u16().is_none() {
                return bad("its port is no number up to 65535");
            }
            Ok(())
        }
        (Some("http" | "https"), _) => bad("it names no host"),
        (Some(scheme), _) => bad(&format!("{scheme} is not supported")),
        (None, _) => bad("it has no scheme"),
    }
}

/// The URL without the user name and password that it may carry.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (authority, _) = rest.split_once(['/', '?', '#']).unwrap_or((rest, ""));
    match authority.rsplit_once('@') {
        Some((user, _)) => format!("{scheme}://{}", &rest[user.len() + 1..]),
        None => url.to_owned(),
    }
}

impl DownloadError {
    /// Whether the same request may succeed a little later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Truncated { .. } | Self::Stalled { .. } => true,
            Self::Status { code, .. } => matches!(code, 408 | 425 | 429 | 500 | 502 | 503 | 504),
            _ => false,
        }
    }
}

impl Default for DownloaderBuilder {
    fn default() -> Self {
        Self {
            stall: Duration::from_secs(30),
            connect: Duration::from_secs(10),
            total: None,
            redirects: 10,
            retries: 0,
            max_bytes: None,
            allow_unknown_length: false,
            workers: NonZeroUsize::new(4).expect("4 is not 0"),
            back_off: BackOff::default(),
        }
    }
}

impl DownloaderBuilder {
    /// How long the server may say nothing before the download is [`DownloadError::Stalled`]; 30 s.
    pub fn stall(mut self, timeout: Duration) -> Self {
        self.stall = timeout;
        self
    }

    /// How long the look-up of the server's name may take, and then connecting to it; 10 s each.
    pub fn connect(mut self, timeout: Duration) -> Self {
        self.connect = timeout;
        self
    }

    /// How long the whole download may take, all attempts together; no limit.
    pub fn total(mut self, timeout: Duration) -> Self {
        self.total = Some(timeout);
        self
    }

    /// How many redirects are followed; 10.
    pub fn redirects(mut self, limit: u32) -> Self {
        self.redirects = limit;
        self
    }

    /// How many more attempts follow a transient failure; none.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// The waits between attempts; from 200 ms doubling up to 10 s.
    pub fn back_off(mut self, back_off: BackOff) -> Self {
        self.back_off = back_off;
        self
    }

    /// The most bytes that a body may have; no limit.
    pub fn max_bytes(mut self, limit: u64) -> Self {
        self.max_bytes = Some(limit);
        self
    }

    /// Takes a body whose end only the end of the connection tells; refused by default.
    pub fn allow_unknown_length(mut self, allow: bool) -> Self {
        self.allow_unknown_length = allow;
        self
    }

    /// How many downloads [`Downloader::fetch_all`] runs at a time; 4.
    pub fn workers(mut self, workers: NonZeroUsize) -> Self {
        self.workers = workers;
        self
    }

    /// Makes the downloader.
    pub fn build(self) -> Downloader {
        Downloader { settings: self }
    }

    fn agent(&self, connections: NonZeroUsize) -> Agent {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .max_redirects(self.redirects)
            .timeout_per_read(Some(self.stall))
            .timeout_per_write(Some(self.stall))
            .timeout_resolve(Some(self.connect))
            .timeout_connect(Some(self.connect))
            .max_idle_connections(connections.get())
            .max_idle_connections_per_host(connections.get())
            .input_buffer_size(BUFFER)
            .user_agent(concat!("threadproof/", env!("CARGO_PKG_VERSION")))
            .build();
        Agent::new_with_config(config)
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} bytes", self.path.display(), self.bytes)
    }
}
