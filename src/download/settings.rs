//! What a downloader allows and how long it waits.

use std::io;
use std::num::NonZeroUsize;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use super::Downloader;
use super::attempt::BUFFER;
use super::link;
use super::plan::Limits;
use super::proxy::Proxies;
use crate::back_off::BackOff;

/// What a [`Downloader`] allows and how long it waits. Made by [`Downloader::builder`].
///
/// Needs the feature `download`.
#[derive(Clone, Debug)]
pub struct DownloaderBuilder {
    pub(super) stall: Duration,
    pub(super) connect: Duration,
    pub(super) total: Option<Duration>,
    pub(super) redirects: u32,
    pub(super) retries: u32,
    pub(super) limits: Limits,
    pub(super) resume: bool,
    roots: RootCerts,
    pub(super) proxies: Proxies,
    pub(super) workers: NonZeroUsize,
    pub(super) back_off: BackOff,
}

impl Default for DownloaderBuilder {
    fn default() -> Self {
        Self {
            stall: Duration::from_secs(30),
            connect: Duration::from_secs(10),
            total: None,
            redirects: 10,
            retries: 0,
            limits: Limits::default(),
            resume: false,
            roots: RootCerts::WebPki,
            proxies: Proxies::default(),
            workers: NonZeroUsize::new(4).expect("4 is not 0"),
            back_off: BackOff::default(),
        }
    }
}

impl DownloaderBuilder {
    /// How long the server may say nothing before the download is
    /// [`DownloadError::Stalled`](super::DownloadError::Stalled); 30 s.
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
    ///
    /// Each waits for the back-off, or as long as the server's `Retry-After` says if that is longer; if
    /// it is more than an hour, the download fails at once. A name that nobody knows and a certificate that is not trusted do not pass. A connection
    /// of an earlier request that turns out to be closed costs no attempt.
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
        self.limits.max_bytes = Some(limit);
        self
    }

    /// Takes a body whose end only the end of the connection tells; refused by default.
    ///
    /// It is [`DownloadError::Truncated`](super::DownloadError::Truncated) if the connection ends by an
    /// error, or without TLS's farewell. A server that breaks off in good order cannot be told from one that
    /// has said everything.
    pub fn allow_unknown_length(mut self, allow: bool) -> Self {
        self.limits.allow_unknown_length = allow;
        self
    }

    /// Keeps what has come of a download that fails, and goes on from there the next time; off.
    ///
    /// The bytes are kept beside the file, as `.threadproof-NAME.part` (a number for a `NAME` of more
    /// than a hundred bytes) with a note of the version that they are from. The next attempt, or the
    /// next program, asks for the rest of that version. If the answer does not say that it is of that
    /// version, the download begins again. So the file is always one version, byte for byte: never the
    /// beginning of one and the end of another.
    ///
    /// Only a version with a name can be resumed: a strong `ETag`, or a `Last-Modified` that is at
    /// least a second old (a minute, without a `Date`). Else nothing is kept; nor where there are no locks, which
    /// [`left_out`](crate::atomic_file::left_out()) tells, or where another user's part is in the way. A
    /// part belongs to one download at a time; a second one to the same path is
    /// [`DownloadError::Write`](super::DownloadError::Write), and so is a part that is no plain file or
    /// has a second name, or has no note: that is somebody's own file, and is not touched.
    ///
    /// # Differences from Python
    /// `urllib` leaves it to the program. curl `-C -`, wget `-c` and aria2 ask for the rest of
    /// whatever the server has now, and exit with 0 when two versions were joined into one file.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(feature = "program")] {
    /// use threadproof::local_server::{Fault, Hangup, LocalServer, Reply, Site};
    /// use threadproof::{Downloader, Event};
    ///
    /// let whole = Reply::ok(*b"Hello 1, Hello 2").header("ETag", "\"v1\"").ranges();
    /// let cut = whole.clone().fault(Fault::Cut { after: 9, how: Hangup::Fin });
    /// let server = LocalServer::start(Site::new().script("/a.txt", [cut, whole]))?;
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("a.txt");
    ///
    /// let downloader = Downloader::builder().resume(true).build();
    /// downloader.fetch(&server.url("/a.txt"), &path, &Event::new()).unwrap_err();
    /// downloader.fetch(&server.url("/a.txt"), &path, &Event::new()).unwrap();
    /// assert_eq!(std::fs::read(&path)?, b"Hello 1, Hello 2");
    /// assert_eq!(server.requests()[1].header("Range"), Some("bytes=9-"));
    /// # }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn resume(mut self, resume: bool) -> Self {
        self.resume = resume;
        self
    }

    /// How many downloads [`Downloader::fetch_all`] has on the network at a time; 4. Twice as many
    /// threads share the work, since a file is made durable while the next one is under way.
    pub fn workers(mut self, workers: NonZeroUsize) -> Self {
        self.workers = workers;
        self
    }

    /// Trusts these authorities, and no others, to say who a server of https is.
    ///
    /// `pem` holds their certificates as text. Unless told, those are trusted that browsers trust.
    ///
    /// # Errors
    /// `InvalidData`: the text holds no certificate, or one that cannot be read.
    pub fn root_certificates(mut self, pem: &str) -> io::Result<Self> {
        let bad = |why: String| {
            let why = format!("{why}: give the authorities' certificates as PEM text");
            io::Error::new(io::ErrorKind::InvalidData, why)
        };
        let mut authorities = Vec::new();
        for item in parse_pem(pem.as_bytes()) {
            if let PemItem::Certificate(authority) = item.map_err(|error| bad(error.to_string()))? {
                authorities.push(authority);
            }
        }
        if authorities.is_empty() {
            return Err(bad("no certificate in it".to_owned()));
        }
        self.roots = RootCerts::new_with_certs(&authorities);
        Ok(self)
    }

    /// Asks every server through this proxy, such as `http://user:password@proxy.example.org:3128`.
    ///
    /// Replaces what was said of proxies before; an empty text is no proxy. None is asked unless told.
    /// `http` is asked for in absolute form, for `https` the proxy opens a tunnel, inside of which the
    /// server's certificate is checked as ever. What cannot be used is an error of each download,
    /// [`DownloadError::BadProxy`](super::DownloadError::BadProxy). No error and no output shows the
    /// proxy's user name or password.
    ///
    /// # Differences from Python
    /// [`urllib.request.ProxyHandler`](https://docs.python.org/3/library/urllib.request.html#urllib.request.ProxyHandler)
    /// takes a dict of them; without one `urllib` asks the environment. Proxies that speak SOCKS are
    /// not supported in either; here the error says so.
    ///
    /// # Examples
    /// ```
    /// use threadproof::Downloader;
    ///
    /// let settings = Downloader::builder().proxy("http://alice:secret@proxy.example.org:3128");
    /// assert!(!format!("{settings:?}").contains("secret"));
    /// ```
    #[doc(alias = "ProxyHandler")]
    pub fn proxy(mut self, url: impl AsRef<str>) -> Self {
        self.proxies = Proxies::all(url.as_ref());
        self
    }

    /// Asks servers through the proxies that the environment names, as most programs do.
    ///
    /// Replaces what was said of proxies before. `http_proxy` and `https_proxy` are for the two schemes,
    /// `all_proxy` for one whose own variable is not set; `no_proxy` lists the hosts that are asked
    /// directly: names with all names below them, addresses, either with `:port` behind it, or `*`.
    /// Small letters go before capitals. A library that does this unasked lets the environment decide
    /// whom it speaks to, so nothing else here does.
    ///
    /// # Differences from Python
    /// [`urllib.request.getproxies`](https://docs.python.org/3/library/urllib.request.html#urllib.request.getproxies)
    /// is called by the first `urlopen`.
    #[doc(alias = "getproxies")]
    pub fn proxies_of_environment(mut self) -> Self {
        self.proxies = Proxies::of(|name| std::env::var_os(name));
        self
    }

    /// Makes the downloader.
    pub fn build(self) -> Downloader {
        let agent = self.agent();
        let settings = self;
        Downloader { settings, agent }
    }

    fn agent(&self) -> Agent {
        let connections = self.workers.get();
        let tls = TlsConfig::builder().root_certs(self.roots.clone()).build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .proxy(None)
            // Each hop is checked here; the client would follow to where we would not.
            .max_redirects(0)
            .timeout_per_read(Some(self.stall))
            .timeout_per_write(Some(self.stall))
            .timeout_resolve(Some(self.connect))
            .timeout_connect(Some(self.connect))
            .max_idle_connections(connections)
            .max_idle_connections_per_host(connections)
            .input_buffer_size(BUFFER)
            // The file itself: silence would allow a server to send it in any coding.
            .accept_encoding("identity")
            .user_agent(concat!("threadproof/", env!("CARGO_PKG_VERSION")))
            .build();
        link::client(config)
    }
}
