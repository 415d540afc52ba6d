//! A scripted HTTP server on loopback, for examples and for fault tests (Python: `http.server`).
//!
//! One thread accepts; each connection has a thread that reads a request, answers it, and reads on.
//!
//! ```text
//!                 ┌───────────────────── keep-alive ─────────────────────┐
//!                 ▼                                                      │
//! accepted ─▶ reading ─▶ in flight: at the gate ─▶ in its latency ─▶ sending ─▶ hung up
//!                 └── 400 or 431 for a head that cannot be used ───────────────────▲
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | accept | state | `open`, `connections` | – |
//! | a head was read | state | `requests`, `pages`, `in_flight` | the gates |
//! | gate, latency, pace | state, not while asleep | – | – |
//! | the last piece is due | state | `in_flight` | – |
//! | drop | state | `stopping`, the sockets in `open` | sleepers; readers and writers through their sockets, readers also by themselves; the acceptor through a connection to itself |
//!
//! GET and HEAD are answered, other methods get a 405, paths without a page a 404. `Range` is
//! honoured by pages that say so ([`Reply::ranges`]). A client that goes away, or closes its sending side, is forgotten within some 20 ms.
//!
//! Needs the feature `program`.

mod connection;
mod reply;
mod request;

use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use self::connection::{LOOK, Shared};
pub use self::reply::{Fault, Framing, Hangup, Reply};
pub use self::request::Request;

/// How long a request waits at a gate unless told.
const PATIENCE: Duration = Duration::from_secs(5);

/// Serves a [`Site`] on a free loopback port until it is dropped.
///
/// Needs the feature `program`.
///
/// # Blocking
/// No method waits for a client. Dropping joins every thread, and is prompt even while replies
/// stall, drip, or wait for a gate. On Windows it may take the half second that a read waits at least there.
///
/// # Differences from Python
/// `ThreadingHTTPServer` (<https://docs.python.org/3/library/http.server.html>) runs a handler's
/// code for each request. Here replies are data, so that a fault hits the same byte in every run.
///
/// # Examples
/// ```
/// use std::io::{Read, Write};
/// use std::net::TcpStream;
/// use threadproof::local_server::{LocalServer, Reply, Site};
///
/// let server = LocalServer::start(Site::new().page("/hello", Reply::ok(*b"Hello 1")))?;
/// let mut client = TcpStream::connect(server.address())?;
/// client.write_all(b"GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n")?;
/// let mut reply = String::new();
/// client.read_to_string(&mut reply)?;
/// assert!(reply.starts_with("HTTP/1.1 200 OK\r\n") && reply.ends_with("\r\n\r\nHello 1"));
/// assert_eq!(server.requests()[0].path, "/hello");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct LocalServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

/// The pages of a server: which path gets which replies.
#[derive(Clone, Debug, Default)]
pub struct Site {
    pages: HashMap<String, VecDeque<Reply>>,
    patience: Option<Duration>,
}

impl LocalServer {
    /// Starts to serve `site` on a free port of 127.0.0.1; clients may connect when this returns.
    ///
    /// # Errors
    /// The operating system gave no port or no thread; then nothing was started.
    pub fn start(site: Site) -> io::Result<LocalServer> {
        Self::start_on(0, site)
    }

    /// As [`start`](Self::start), on this port; 0 is a free one.
    ///
    /// # Errors
    /// Also if somebody has the port.
    pub fn start_on(port: u16, site: Site) -> io::Result<LocalServer> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = listener.local_addr()?;
        let patience = site.patience.unwrap_or(PATIENCE);
        let shared = Arc::new(Shared::new(site.pages, patience));
        let theirs = Arc::clone(&shared);
        let acceptor = thread::Builder::new()
            .name("local-server".to_owned())
            .spawn(move || theirs.accept(&listener))?;
        Ok(LocalServer {
            address,
            shared,
            acceptor: Some(acceptor),
        })
    }

    /// Returns the URL of `path` on this server; a missing first slash is added.
    pub fn url(&self, path: &str) -> String {
        format!(
            "http://{}/{}",
            self.address,
            path.strip_prefix('/').unwrap_or(path)
        )
    }

    /// Returns the address that the server listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns every request so far in order of arrival, also those that got a 404 or a 405, but
    /// not those with a head that could not be used.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.lock().requests.clone()
    }

    /// Returns the most requests that were in flight at one moment: read, and the last piece of
    /// the reply (at most 64 KiB) not yet handed to the system.
    ///
    /// A client that does one after the other is never seen as two, unless it gives a reply up
    /// before its end: such a request counts until the server notices.
    pub fn most_at_once(&self) -> usize {
        self.shared.lock().most_at_once
    }

    /// Returns how many connections were accepted so far.
    pub fn connections(&self) -> usize {
        self.shared.lock().connections
    }
}

impl Drop for LocalServer {
    fn drop(&mut self) {
        self.shared.stop();
        // The acceptor sits in `accept`: this is its wake-up. "Refused" says that it has ended; any
        // other error (no file descriptor left) goes away as the connections end.
        while let Err(error) = TcpStream::connect_timeout(&self.address, LOOK)
            && error.kind() != ErrorKind::ConnectionRefused
        {
            thread::yield_now();
        }
        if let Some(Err(panic)) = self.acceptor.take().map(JoinHandle::join)
            && !thread::panicking()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

impl Site {
    /// Returns a site without pages: every request gets a 404.
    pub fn new() -> Self {
        Site::default()
    }

    /// Gives every request of `path` this reply; replaces what the path had before.
    pub fn page(self, path: &str, reply: Reply) -> Self {
        self.script(path, [reply])
    }

    /// Gives the n-th request of `path` the n-th reply; the last one repeats. HEAD counts too. No
    /// replies at all are no page.
    pub fn script(mut self, path: &str, replies: impl IntoIterator<Item = Reply>) -> Self {
        self.pages
            .insert(path.to_owned(), replies.into_iter().collect());
        self
    }

    /// Sets how long a request waits at a gate before it gets a 503; 5 s unless told.
    pub fn gate_patience(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }
}
