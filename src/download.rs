//! Downloads that arrive whole or not at all, can be stopped, and say what went wrong.
//!
//! ```text
//!   address ──▶ request ──▶ head ──▶ plan ──▶ sink ◀── body      commit ──▶ Receipt
//!                  ▲          │ redirect, status, length           ▲ fsync, rename
//!                  └──────────┘        └─ short, stalled, ─┐       │
//!                  back-off ◀── transient ─── too large, stopped   └── complete
//!                                                └──▶ DownloadError, the path untouched
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | a worker of `fetch_all` | a permit, until the body has come or the next attempt must wait | its own file | the next in line |
//! | an asker, one a request | nothing | the client's call | the worker that joins it, or has left |
//! | a worker that leaves its asker | nothing | `left` | the asker, which closes its connection |
//!
//! A file a stage, in `src/download`: `attempt` is the line, and what decides (`address`, `redirect`,
//! `head`, `version`, `plan`) knows no network and no disk.
//!
//! A blocked read cannot wait for an [`Event`] as well. So a read is a series of looks of 20 ms,
//! between which the stop signal is looked at; `link` has more of that. The look-up of a name and a
//! connect cannot be ended: they run on a thread of their own, the *asker*, which is joined until
//! the stop signal is set, and then left to itself. Connections outlive a call: a [`Downloader`] and
//! its clones share them, and a stop ends its own call's alone.
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
mod job;
mod later;
mod link;
mod note;
mod order;
mod part;
mod plan;
mod proxy;
mod redirect;
mod request;
mod settings;
mod sink;
mod version;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ureq::Agent;

use self::address::Address;
use self::job::{Job, Step};
use self::later::Later;
use self::order::{Order, Turn};
use crate::chunk_size::ChunkSize;
use crate::event::{Event, Wait};
use crate::scoped::scoped_map_in_chunks;

pub use self::address::without_credentials;
pub use self::error::DownloadError;
pub use self::settings::DownloaderBuilder;

/// Downloads files over HTTP and HTTPS.
///
/// Needs the feature `download`.
///
/// The final path holds what was there before or the complete new body, at every instant. Connections
/// are kept for later calls, for 15 s at most; clones share them. Proxies that the environment names
/// are not asked, unless [`DownloaderBuilder::proxies_of_environment`] says so.
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
#[derive(Clone)]
pub struct Downloader {
    settings: DownloaderBuilder,
    agent: Agent,
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
    /// From its begin to the file in its place, waits between attempts included.
    pub elapsed: Duration,
}

/// How far a download is. A new attempt begins again at 0 without a report, or at what a part has.
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

    /// Whether `url` can be asked, through the proxy that there is for it, if there is one.
    ///
    /// Never blocks, and asks nobody: a redirect may lead to what cannot be asked all the same.
    ///
    /// # Errors
    /// [`DownloadError::BadUrl`], [`DownloadError::BadProxy`].
    ///
    /// # Examples
    /// ```
    /// use threadproof::{DownloadError, Downloader};
    ///
    /// let downloader = Downloader::new();
    /// assert!(downloader.check("https://a.org/b").is_ok());
    /// assert!(matches!(downloader.check("ftp://a.org/b"), Err(DownloadError::BadUrl { .. })));
    /// ```
    pub fn check(&self, url: &str) -> Result<(), DownloadError> {
        let address = Address::read(url).map_err(|why| DownloadError::BadUrl {
            url: without_credentials(url),
            why: why.to_owned(),
        })?;
        self.settings.proxies.towards(&address).map(drop)
    }

    /// Downloads `url` to the file `to`.
    ///
    /// Spaces and letters beyond ASCII in `url` are encoded as browsers do it; redirects are followed
    /// as browsers do, but never from https to http. A user name and a password in `url` are sent to
    /// its own scheme, host and port, and to no other that a redirect leads to.
    ///
    /// # Blocking
    /// Until the file is complete or the download has failed; ends within 100 ms of `stop` being
    /// set (on Windows, whose sockets wait for half a second at least, within 600 ms), also while the
    /// system looks up a name or connects, and if `stop` is cleared at once. One
    /// that was set before the call, and still is, ends it before anything is asked. Only making the
    /// file durable, once all has come, is not cut short.
    ///
    /// # Errors
    /// See [`DownloadError`], also for what `to` is then. What is neither a file nor a link at `to`, such
    /// as a folder or a device, is [`DownloadError::Write`] before the server is asked.
    pub fn fetch(&self, url: &str, to: &Path, stop: &Event) -> Result<Receipt, DownloadError> {
        self.fetch_with(url, to, stop, &mut |_| {})
    }

    /// As [`fetch`](Self::fetch), with a report after each piece of the body.
    ///
    /// Within an attempt the bytes strictly increase, and the last report of a whole body has them all. `progress`
    /// is called on the calling thread, and not after the return.
    pub fn fetch_with(
        &self,
        url: &str,
        to: &Path,
        stop: &Event,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Receipt, DownloadError> {
        let (stop, mut job) = (Stop::of(stop), Job::new(url, to));
        loop {
            match job.step(self, stop, progress, None) {
                Step::Ended(outcome) => return outcome,
                // Whether it was the stop that ended the wait, the next step sees.
                Step::Later(wait) => drop(stop.wait_timeout(wait)),
            }
        }
    }

    /// Downloads many files, at most `workers` at a time; one outcome each, in the order given.
    ///
    /// They begin in the order given, too. A download whose body has come makes room for the next
    /// one before it is made durable; so does one that waits for its next attempt. All of them share
    /// connections to the same host. One failure changes no other download.
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
        let (stop, order, later) = (Stop::of(stop), Order::new(workers), Later::new());
        // While one download becomes durable, which needs no network, the next one is under way.
        let threads = workers.saturating_add(workers.get());
        // Each call ends one download. Which one, the order says; so there is one for each.
        let one = |_: &_| loop {
            let (turn, permit) = order.begin(|| later.take(stop));
            let (number, mut job) = match turn {
                Turn::Again(waited) => waited,
                Turn::New(number) => match downloads.get(number) {
                    Some((url, to)) => (number, Job::new(url, to)),
                    // All have begun, and those that no other call is at wait for their time.
                    None => {
                        drop(permit);
                        later.wait(stop);
                        continue;
                    }
                },
            };
            let mut progress = |progress| report(number, Update::Progress(progress));
            match job.step(self, stop, &mut progress, Some(permit)) {
                Step::Ended(outcome) => {
                    report(number, Update::Ended(&outcome));
                    break (number, outcome);
                }
                Step::Later(wait) => later.put(wait, (number, job)),
            }
        };
        // One at a time: the next download must not wait in a chunk behind a slow one.
        let outcomes = scoped_map_in_chunks(threads, downloads, &ChunkSize::fixed(1), one);
        let outcomes = outcomes.into_iter();
        let outcomes = outcomes.map(|ended| ended.unwrap_or_else(|panicked| panic!("{panicked}")));
        let in_order: BTreeMap<usize, _> = outcomes.collect();
        in_order.into_values().collect()
    }
    // ANCHOR_END: fetch_all
}

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

impl Default for Downloader {
    fn default() -> Self {
        DownloaderBuilder::default().build()
    }
}

impl fmt::Debug for Downloader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Downloader")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
