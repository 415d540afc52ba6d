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
//! | a worker of `fetch_all` | a permit, until the body has come | its own file | the next in line |
//! | the stopper | nothing | the connections | all workers: it closes their connections |
//! | an asker, one a request | nothing | the client's call | the worker that joins it, or has left |
//! | the end of a call | nothing | `finished` | the stopper |
//!
//! A blocked read cannot wait for an [`Event`] as well. So each call has one more thread, the
//! *stopper*: it sleeps until the call has finished, looks at the stop signal every 20 ms, and when
//! that is set it closes the call's connections under its readers. The look-up of a name and a
//! connect cannot be ended: they run on a thread of their own, the *asker*, which is joined until
//! the stop signal is set, and then left to itself.
//!
//! With [`resume`](DownloaderBuilder::resume) the bytes of a failed download stay, as a part with a
//! note of the version that they are from; the next attempt appends the rest of that version.
//!
//! Needs the feature `download`.

mod address;
mod attempt;
mod blame;
mod error;
mod head;
mod order;
mod part;
mod proxy;
mod settings;

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ureq::Agent;

use self::address::Address;
use self::attempt::Attempt;
use self::order::Order;
use crate::chunk_size::ChunkSize;
use crate::event::{Event, Wait};
use crate::scoped::scoped_map_in_chunks;
use crate::semaphore::Permit;

pub use self::address::without_credentials;
pub use self::error::DownloadError;
pub use self::settings::DownloaderBuilder;

/// How often the stopper looks at the stop signal.
const STOP_POLL: Duration = Duration::from_millis(20);

/// The longest `Retry-After` that is waited for; nobody wants a program that sleeps for a week.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Downloads files over HTTP and HTTPS.
///
/// Needs the feature `download`.
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
/// # #[cfg(feature = "program")] {
/// use threadproof::{Downloader, Event};
/// use threadproof::local_server::{LocalServer, Reply, Site};
///
/// let server = LocalServer::start(Site::new().page("/a.txt", Reply::ok(*b"hello")))?;
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("a.txt");
/// let receipt = Downloader::new().fetch(&server.url("/a.txt"), &path, &Event::new()).unwrap();
/// assert_eq!(receipt.bytes, 5);
/// assert_eq!(std::fs::read(&path)?, b"hello");
/// # }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Downloader {
    settings: DownloaderBuilder,
}

/// A file that arrived whole.
///
/// Needs the feature `download`.
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
///
/// Needs the feature `download`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the body so far.
    pub bytes: u64,
    /// Bytes of the whole body, if the server said so.
    pub total: Option<u64>,
}

/// What [`Downloader::fetch_all_with`] reports of one of its downloads.
#[derive(Clone, Copy, Debug)]
pub enum Update<'a> {
    /// A piece of the body has come.
    Progress(Progress),
    /// The last update: this is what the download will be in the list.
    Ended(&'a Result<Receipt, DownloadError>),
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
    /// set, except while the system connects or looks up a name. A `stop` that is cleared again
    /// within 20 ms may go unseen.
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
        let (agent, stop) = (self.settings.agent(NonZeroUsize::MIN), Stop::of(stop));
        stoppable(&agent, stop, || {
            self.attempts(&agent, url, to, stop, progress, None)
        })
    }

    /// Downloads many files, at most `workers` at a time; one outcome each, in the order given.
    ///
    /// They begin in the order given, too. A download whose body has come makes room for the next
    /// one before it is made durable. All of them share connections to the same host. One failure
    /// changes no other download.
    ///
    /// # Blocking
    /// Until every download has ended. After a stop the rest are [`DownloadError::Stopped`].
    pub fn fetch_all(
        &self,
        downloads: &[(String, PathBuf)],
        stop: &Event,
    ) -> Vec<Result<Receipt, DownloadError>> {
        self.fetch_all_with(downloads, stop, &|_, _| {})
    }

    /// As [`fetch_all`](Self::fetch_all), with a report of how each download goes on.
    ///
    /// `report` gets the download's index and what is new. It is called on the workers' threads, of
    /// several downloads at once, and not after the return.
    ///
    /// # Panics
    /// If `report` does, once the other downloads have ended.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(feature = "program")] {
    /// use threadproof::download::Update;
    /// use threadproof::local_server::{LocalServer, Reply, Site};
    /// use threadproof::{Downloader, Event};
    ///
    /// let server = LocalServer::start(Site::new().page("/a.txt", Reply::ok(*b"hello")))?;
    /// let folder = tempfile::tempdir()?;
    /// let downloads = [(server.url("/a.txt"), folder.path().join("a.txt"))];
    /// let ended = std::sync::Mutex::new(Vec::new());
    /// Downloader::new().fetch_all_with(&downloads, &Event::new(), &|index, update| {
    ///     if let Update::Ended(Ok(receipt)) = update {
    ///         ended.lock().unwrap().push((index, receipt.bytes));
    ///     }
    /// });
    /// assert_eq!(ended.into_inner().unwrap(), [(0, 5)]);
    /// # }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    // ANCHOR: fetch_all
    pub fn fetch_all_with(
        &self,
        downloads: &[(String, PathBuf)],
        stop: &Event,
        report: &(dyn Fn(usize, Update<'_>) + Sync),
    ) -> Vec<Result<Receipt, DownloadError>> {
        let workers = self.settings.workers;
        let (agent, stop) = (self.settings.agent(workers), Stop::of(stop));
        let order = Order::new(workers);
        // While one download becomes durable, which needs no network, the next one is under way.
        let threads = workers.saturating_add(workers.get());
        let outcomes = stoppable(&agent, stop, || {
            // One at a time: the next download must not wait in a chunk behind a slow one. Which of
            // them it is, the order says: there are as many calls as downloads.
            scoped_map_in_chunks(threads, downloads, &ChunkSize::fixed(1), |_| {
                let (number, permit) = order.begin();
                let (url, to) = &downloads[number];
                let mut progress = |progress| report(number, Update::Progress(progress));
                let outcome = self.attempts(&agent, url, to, stop, &mut progress, Some(permit));
                report(number, Update::Ended(&outcome));
                (number, outcome)
            })
        });
        let outcomes = outcomes.into_iter();
        let outcomes = outcomes.map(|ended| ended.unwrap_or_else(|panicked| panic!("{panicked}")));
        let in_order: BTreeMap<usize, _> = outcomes.collect();
        in_order.into_values().collect()
    }
    // ANCHOR_END: fetch_all

    fn attempts(
        &self,
        agent: &Agent,
        url: &str,
        to: &Path,
        stop: Stop<'_>,
        progress: &mut dyn FnMut(Progress),
        permit: Option<Permit<'_>>,
    ) -> Result<Receipt, DownloadError> {
        let address = Address::read(url).map_err(|why| {
            let (url, why) = (without_credentials(url), why.to_owned());
            DownloadError::BadUrl { url, why }
        })?;
        let (start, settings) = (Instant::now(), &self.settings);
        // What stands for no file is told apart when it is to be written.
        let place = std::path::absolute(to).unwrap_or_else(|_| to.to_owned());
        let mut attempts = 1;
        loop {
            let attempt = Attempt {
                url,
                address: &address,
                to,
                place: &place,
                stop,
                settings,
                start,
            };
            let (error, retry_after) = match attempt.run(agent, progress) {
                Ok(arrived) => {
                    drop(permit);
                    let bytes = attempt.commit(arrived)?;
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
            let is_too_long = retry_after.is_some_and(|wait| wait > LONGEST_WAIT);
            if !error.is_transient() || attempts > settings.retries || is_too_long {
                return Err(error);
            }
            let wait = settings.back_off.wait(attempts, retry_after);
            if attempt.time_left().is_some_and(|left| left <= wait) {
                return Err(error);
            }
            if stop.wait_timeout(wait) == Wait::Set {
                return Err(attempt.stopped());
            }
            attempts += 1;
        }
    }
}

/// Runs `body`; if `stop` is set meanwhile, closes the agent's connections so that it ends.
// ANCHOR: stoppable
fn stoppable<R>(agent: &Agent, stop: Stop<'_>, body: impl FnOnce() -> R) -> R {
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
        let _finish = finished.set_on_drop();
        body()
    })
}
// ANCHOR_END: stoppable

/// The caller's stop signal, from the beginning of a call: a pulse between two looks counts, too.
#[derive(Clone, Copy, Debug)]
struct Stop<'a> {
    event: &'a Event,
    before: u64,
}

impl<'a> Stop<'a> {
    fn of(event: &'a Event) -> Self {
        let before = event.generation();
        Self { event, before }
    }

    fn is_set(self) -> bool {
        self.event.is_set_since(self.before)
    }

    fn wait_timeout(self, timeout: Duration) -> Wait {
        self.event.wait_since(self.before, timeout)
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} bytes", self.path.display(), self.bytes)
    }
}
