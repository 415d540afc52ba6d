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
//! | drop | state | `stopping`, the sockets in `open` | sleepers; readers and writers through their sockets; the acceptor through a connection to itself |
//!
//! GET and HEAD are answered, other methods get a 405, paths without a page a 404. `Range` is not
//! honoured. A client that goes away, or closes its sending side, is forgotten within some 20 ms.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{fmt, iter};

/// The largest request head that is read.
const MAX_HEAD: usize = 16 * 1024;
/// The body bytes in one chunk of [`Framing::Chunked`], and the most that go out in one write.
const CHUNK: usize = 4 * 1024;
const PIECE: usize = 64 * 1024;
/// How often a sleeping connection looks whether its client is still there.
const LOOK: Duration = Duration::from_millis(20);
/// How long a connection that said goodbye waits for the client's own end.
const LINGER: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(5);

/// Serves a [`Site`] on a free loopback port until it is dropped.
///
/// # Blocking
/// No method waits for a client. Dropping joins every thread, and is prompt even while replies
/// stall, drip, or wait for a gate.
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

/// One request, as the client sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method, such as `GET`.
    pub method: String,
    /// The path with its query, if there is one; pages are found by the part before the `?`.
    pub path: String,
    /// The header lines in their order; see [`Request::header`].
    pub headers: Vec<(String, String)>,
}

/// The pages of a server: which path gets which replies.
#[derive(Clone, Debug, Default)]
pub struct Site {
    pages: HashMap<String, VecDeque<Reply>>,
    patience: Option<Duration>,
}

/// What a request gets: status, headers, body, when, in which framing, and what goes wrong.
///
/// A clone shares the body. Both latency and gate may be set: the latency begins when the gate opens.
///
/// # Examples
/// ```
/// use std::io::{Read, Write};
/// use std::net::TcpStream;
/// use threadproof::local_server::{Fault, Hangup, LocalServer, Reply, Site};
///
/// let cut = Fault::Cut { after: 5, how: Hangup::Fin };
/// let site = Site::new().page("/", Reply::ok(*b"Hello 1, Hello 2").fault(cut));
/// let server = LocalServer::start(site)?;
/// let mut client = TcpStream::connect(server.address())?;
/// client.write_all(b"GET / HTTP/1.1\r\n\r\n")?;
/// let mut reply = String::new();
/// client.read_to_string(&mut reply)?;
/// assert!(reply.contains("Content-Length: 16\r\n") && reply.ends_with("\r\n\r\nHello"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Reply {
    code: u16,
    headers: Vec<(String, String)>,
    body: Body,
    gate: usize,
    latency: Duration,
    /// Seconds for each byte of the body.
    per_byte: f64,
    framing: Framing,
    fault: Option<Fault>,
}

/// How the client learns where the body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Framing {
    /// A `Content-Length` that is true.
    ContentLength,
    /// `Transfer-Encoding: chunked`, in chunks of 4 KiB.
    Chunked,
    /// No length at all: the body ends when the connection does.
    UntilClose,
    /// This `Content-Length`, whatever the body is; then the connection ends.
    WrongLength(u64),
}

/// What goes wrong with a reply, once per request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Sends the head and the first `after` bytes of the body, then hangs up; a chunked body ends
    /// inside a chunk, and even with all its bytes sent it lacks its end.
    Cut {
        /// Bytes of the body, not counting the lines of a chunked framing.
        after: usize,
        /// The last thing the client sees.
        how: Hangup,
    },
    /// Sends only `after` bytes of the head, then hangs up.
    CutHead {
        /// Bytes of the head.
        after: usize,
        /// The last thing the client sees.
        how: Hangup,
    },
    /// Sends like `Cut`, then says nothing until the client goes or the server stops.
    Stall {
        /// Bytes of the body, as in `Cut`.
        after: usize,
    },
    /// Sends the head, then the body one byte at a time.
    Drip {
        /// The time before each byte.
        every: Duration,
    },
}

/// How the server ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hangup {
    /// In order: the client reads all that was sent, then the end of the file.
    Fin,
    /// At once: the client gets `ConnectionReset`, and may lose what it had not read yet. Where
    /// there is no Unix this is a plain close.
    Rst,
}

impl LocalServer {
    /// Starts to serve `site` on a free port of 127.0.0.1; clients may connect when this returns.
    ///
    /// # Errors
    /// The operating system gave no port or no thread; then nothing was started.
    pub fn start(site: Site) -> io::Result<LocalServer> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            patience: site.patience.unwrap_or(PATIENCE),
            state: Mutex::new(State {
                pages: site.pages,
                ..State::default()
            }),
            changed: Condvar::new(),
        });
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
        let mut state = self.shared.lock();
        state.stopping = true;
        for socket in state.open.values() {
            // An error means that the client was faster.
            let _ = socket.shutdown(Shutdown::Both);
        }
        drop(state);
        self.shared.changed.notify_all();
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

impl Request {
    /// Returns the value of the first header `name`, in whatever case it was written.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// Reads a head without its empty line; says also what the request wants done afterwards.
    fn parse(head: &[u8]) -> Option<(Request, Ending)> {
        let mut lines = std::str::from_utf8(head).ok()?.split("\r\n");
        let words: Vec<&str> = lines.next()?.split(' ').collect();
        let &[method, path, version @ ("HTTP/1.0" | "HTTP/1.1")] = &words[..] else {
            return None;
        };
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            let is_name = !name.is_empty() && !name.contains(char::is_whitespace);
            is_name.then(|| (name.to_owned(), value.trim().to_owned()))
        };
        let headers = lines.map(header).collect::<Option<Vec<_>>>()?;
        if method.is_empty() || !path.starts_with('/') {
            return None;
        }
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            headers,
        };
        // A body is never read, so no further request can be found behind one.
        let has_body = request
            .header("Content-Length")
            .is_some_and(|length| length != "0")
            || request.header("Transfer-Encoding").is_some();
        let ending = if version == "HTTP/1.0" || has_body || says_close(&request.headers) {
            Ending::HangUp(Hangup::Fin)
        } else {
            Ending::KeepAlive
        };
        Some((request, ending))
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

impl Reply {
    /// Makes a 200 with this body: a `Vec<u8>`, a `&[u8]`, an array such as `*b"Hello"`.
    pub fn ok(body: impl Into<Arc<[u8]>>) -> Self {
        Reply {
            code: 200,
            headers: Vec::new(),
            body: Body(body.into()),
            gate: 0,
            latency: Duration::ZERO,
            per_byte: 0.0,
            framing: Framing::ContentLength,
            fault: None,
        }
    }

    /// Makes a reply with this status and a short text that says it; 1xx, 204 and 304 have no body.
    pub fn status(code: u16) -> Self {
        Reply {
            code,
            ..Reply::ok(format!("{code} {}\n", reason(code)).into_bytes())
        }
    }

    /// Makes a 302 to an absolute URL or to a path of this server.
    pub fn redirect(to: impl Into<String>) -> Self {
        Reply::status(302).header("Location", &to.into())
    }

    /// Replaces the body, for a status that has one of its own.
    pub fn body(mut self, body: impl Into<Arc<[u8]>>) -> Self {
        self.body = Body(body.into());
        self
    }

    /// Adds a header line as it is; the framing adds its own.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets how long the server waits between the request and the first byte of the head.
    pub fn latency(mut self, before_first_byte: Duration) -> Self {
        self.latency = before_first_byte;
        self
    }

    /// Sets how fast the body goes out: each byte has its time, counted from the first, so the
    /// whole takes at least its length divided by this, and 0 is never.
    pub fn bandwidth(mut self, bytes_per_second: u64) -> Self {
        self.per_byte = 1.0 / bytes_per_second as f64;
        self
    }

    /// Sets how the end of the body is told; [`Framing::ContentLength`] unless told.
    pub fn framing(mut self, framing: Framing) -> Self {
        self.framing = framing;
        self
    }

    /// Sets what goes wrong; the last one set counts.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    /// Sets a gate: the reply waits for a moment at which `n` requests, of any page, are in flight.
    ///
    /// Everyone in flight at that moment passes, also who looks later. A client that does one after
    /// the other would wait for ever; it gets a 503 after 5 s (see [`Site::gate_patience`]).
    pub fn after_requests_in_flight(mut self, n: usize) -> Self {
        self.gate = n;
        self
    }

    fn head(&self, ending: Ending) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.code, reason(self.code));
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        match self.framing {
            _ if self.is_bodiless() => {}
            Framing::ContentLength => head += &format!("Content-Length: {}\r\n", self.body.0.len()),
            Framing::WrongLength(length) => head += &format!("Content-Length: {length}\r\n"),
            Framing::Chunked => head += "Transfer-Encoding: chunked\r\n",
            Framing::UntilClose => {}
        }
        if ending != Ending::KeepAlive && !says_close(&self.headers) {
            head += "Connection: close\r\n";
        }
        (head + "\r\n").into_bytes()
    }

    /// What goes over the wire, and what happens then: `ending`, unless the reply knows better.
    fn wire(&self, request: &Request, ending: Ending) -> (Vec<u8>, Cow<'_, [u8]>, Ending) {
        let needs_close = matches!(self.framing, Framing::UntilClose | Framing::WrongLength(_));
        let ending = match ending {
            _ if needs_close || says_close(&self.headers) => Ending::HangUp(Hangup::Fin),
            ending => ending,
        };
        let mut head = self.head(ending);
        let (cut, ending) = match self.fault {
            Some(Fault::Cut { after, how }) => (Some(after), Ending::HangUp(how)),
            Some(Fault::CutHead { after, how }) => {
                head.truncate(after);
                return (head, Cow::Borrowed(&[]), Ending::HangUp(how));
            }
            Some(Fault::Stall { after }) => (Some(after), Ending::Stall),
            Some(Fault::Drip { .. }) | None => (None, ending),
        };
        if request.method == "HEAD" || self.is_bodiless() {
            return (head, Cow::Borrowed(&[]), ending);
        }
        (head, self.framed(cut), ending)
    }

    /// The body with its chunk lines, up to its byte `cut` if there is a cut.
    fn framed(&self, cut: Option<usize>) -> Cow<'_, [u8]> {
        let body = &*self.body.0;
        let mut left = cut.unwrap_or(usize::MAX);
        if self.framing != Framing::Chunked {
            return Cow::Borrowed(&body[..left.min(body.len())]);
        }
        let mut wire = Vec::new();
        for chunk in body.chunks(CHUNK) {
            wire.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            if left <= chunk.len() {
                wire.extend_from_slice(&chunk[..left]);
                return Cow::Owned(wire);
            }
            wire.extend_from_slice(chunk);
            wire.extend_from_slice(b"\r\n");
            left -= chunk.len();
        }
        if cut.is_none() {
            wire.extend_from_slice(b"0\r\n\r\n");
        }
        Cow::Owned(wire)
    }

    fn is_bodiless(&self) -> bool {
        matches!(self.code, 100..=199 | 204 | 304)
    }

    /// Bytes in a write, and seconds for each.
    fn pace(&self) -> (usize, f64) {
        match self.fault {
            Some(Fault::Drip { every }) => (1, self.per_byte.max(every.as_secs_f64())),
            // A write each 10 ms.
            _ => (
                ((0.01 / self.per_byte) as usize).clamp(1, PIECE),
                self.per_byte,
            ),
        }
    }
}

#[derive(Clone)]
struct Body(Arc<[u8]>);

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

#[derive(Debug)]
struct Shared {
    patience: Duration,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    stopping: bool,
    pages: HashMap<String, VecDeque<Reply>>,
    requests: Vec<Request>,
    /// The index in `requests`, and the most that were in flight at one moment since it came.
    in_flight: HashMap<usize, usize>,
    most_at_once: usize,
    connections: usize,
    /// The sockets of the connections that have not ended, for `drop` to shut down.
    open: HashMap<usize, Arc<TcpStream>>,
}

impl Shared {
    /// Nothing that can panic runs under the lock, so a poisoned one still guards a whole state.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(&self, listener: &TcpListener) {
        // The scope joins the connections, after `drop` has ended their reads, writes and sleeps.
        thread::scope(|scope| {
            loop {
                let accepted = listener.accept();
                let mut state = self.lock();
                if state.stopping {
                    return;
                }
                let Ok((stream, _)) = accepted else {
                    // No file descriptor is left, or the client was gone already.
                    drop(self.changed.wait_timeout(state, LOOK));
                    continue;
                };
                let (number, stream) = (state.connections, Arc::new(stream));
                state.connections += 1;
                state.open.insert(number, Arc::clone(&stream));
                drop(state);
                let connection = Connection {
                    shared: self,
                    number,
                    stream,
                    unread: Vec::new(),
                };
                let thread = thread::Builder::new().name(format!("connection-{number}"));
                // Without a thread the connection is dropped, which the client sees.
                let _ = thread.spawn_scoped(scope, move || connection.serve());
            }
        });
    }

    /// Notes a request that was read; returns its index and its reply.
    fn arrive(&self, request: &Request) -> (usize, Reply) {
        let mut guard = self.lock();
        let state = &mut *guard;
        let turn = state.requests.len();
        state.in_flight.insert(turn, 0);
        let at_once = state.in_flight.len();
        state.most_at_once = state.most_at_once.max(at_once);
        for peak in state.in_flight.values_mut() {
            *peak = at_once.max(*peak);
        }
        let path = request.path.split('?').next().unwrap_or_default();
        let reply = match state.pages.get_mut(path) {
            _ if !matches!(&*request.method, "GET" | "HEAD") => {
                Some(Reply::status(405).header("Allow", "GET, HEAD"))
            }
            Some(replies) if replies.len() > 1 => replies.pop_front(),
            Some(replies) => replies.front().cloned(),
            None => None,
        };
        state.requests.push(request.clone());
        drop(guard);
        self.changed.notify_all();
        (turn, reply.unwrap_or_else(|| Reply::status(404)))
    }

    fn finish(&self, turn: usize) {
        self.lock().in_flight.remove(&turn);
    }
}

impl State {
    fn has_passed(&self, turn: usize, gate: usize) -> bool {
        self.in_flight.get(&turn).is_some_and(|most| *most >= gate)
    }
}

/// What happens to the connection once a reply is out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    KeepAlive,
    HangUp(Hangup),
    Stall,
}

/// The client has gone or the server stops: there is nobody to tell.
struct Gone;

impl From<io::Error> for Gone {
    fn from(_: io::Error) -> Self {
        Gone
    }
}

struct Connection<'server> {
    shared: &'server Shared,
    number: usize,
    stream: Arc<TcpStream>,
    /// What was received and not yet parsed.
    unread: Vec<u8>,
}

impl Connection<'_> {
    fn serve(mut self) {
        let _ = self.stream.set_nodelay(true);
        if let Ok(how) = self.converse() {
            self.hang_up(how);
        }
    }

    fn converse(&mut self) -> Result<Hangup, Gone> {
        loop {
            let (request, ending) = match self.read_head()? {
                Ok(read) => read,
                Err(code) => {
                    let (refusal, ending) = (Reply::status(code), Ending::HangUp(Hangup::Fin));
                    let head = refusal.head(ending);
                    (&*self.stream).write_all(&[&head, &*refusal.body.0].concat())?;
                    return Ok(Hangup::Fin);
                }
            };
            let (turn, reply) = self.shared.arrive(&request);
            let answered = self.answer(turn, reply, &request, ending);
            self.shared.finish(turn);
            if let Ending::HangUp(how) = answered? {
                return Ok(how);
            }
        }
    }

    /// Reads the next head, or says with which status it is refused.
    fn read_head(&mut self) -> Result<Result<(Request, Ending), u16>, Gone> {
        loop {
            let end = self.unread.windows(4).position(|four| four == b"\r\n\r\n");
            if end.unwrap_or(self.unread.len()) > MAX_HEAD {
                return Ok(Err(431));
            }
            if let Some(end) = end {
                let parsed = Request::parse(&self.unread[..end]);
                self.unread.drain(..end + 4);
                return Ok(parsed.ok_or(400));
            }
            self.fill()?;
        }
    }

    fn answer(
        &mut self,
        turn: usize,
        mut reply: Reply,
        request: &Request,
        ending: Ending,
    ) -> Result<Ending, Gone> {
        let (shared, gate) = (self.shared, reply.gate);
        let patience = Instant::now().checked_add(shared.patience);
        self.wait(patience, |state| state.has_passed(turn, gate))?;
        if !shared.lock().has_passed(turn, gate) {
            reply = Reply::status(503);
        }
        self.wait(Instant::now().checked_add(reply.latency), |_| false)?;

        let (head, body, ending) = reply.wire(request, ending);
        let (size, per_byte) = reply.pace();
        let mut pieces = iter::once(&*head).chain(body.chunks(size)).peekable();
        let (start, mut sent, mut due) = (Instant::now(), 0, Some(Instant::now()));
        while let Some(piece) = pieces.next() {
            self.wait(due, |_| false)?;
            // Before the write: once the client has the last byte, it may send its next request
            // over another connection, and the two were never in flight at the same time.
            if pieces.peek().is_none() && ending != Ending::Stall {
                shared.finish(turn);
            }
            (&*self.stream).write_all(piece)?;
            sent += pieces.peek().map_or(0, |next| next.len());
            // From the start and not from the piece before, so that late wake-ups do not add up.
            let after = Duration::try_from_secs_f64(sent as f64 * per_byte).ok();
            due = after.and_then(|after| start.checked_add(after));
        }
        if ending == Ending::Stall {
            self.wait(None, |_| false)?;
        }
        Ok(ending)
    }

    /// Sleeps until `due` (`None`: for ever) or until `ready`; fails once the client has gone or
    /// the server stops.
    fn wait(&mut self, due: Option<Instant>, ready: impl Fn(&State) -> bool) -> Result<(), Gone> {
        loop {
            let state = self.shared.lock();
            if state.stopping {
                return Err(Gone);
            }
            let left = due.map(|due| due.saturating_duration_since(Instant::now()));
            if ready(&state) || left == Some(Duration::ZERO) {
                return Ok(());
            }
            let nap = left.unwrap_or(LOOK).min(LOOK);
            drop(self.shared.changed.wait_timeout(state, nap));
            if self.unread.len() <= MAX_HEAD {
                self.stream.set_nonblocking(true)?;
                let filled = self.fill();
                self.stream.set_nonblocking(false)?;
                filled?;
            }
        }
    }

    /// Reads what is there into `unread`. The end of the file is `Gone`, nothing (possible only
    /// while the socket does not block) is not.
    fn fill(&mut self) -> Result<(), Gone> {
        let mut some = [0; 4096];
        match (&*self.stream).read(&mut some) {
            Ok(0) => return Err(Gone),
            Ok(n) => self.unread.extend_from_slice(&some[..n]),
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(_) => return Err(Gone),
        }
        Ok(())
    }

    fn hang_up(&mut self, how: Hangup) {
        match how {
            Hangup::Rst => {
                // No time to linger: the close that follows sends RST.
                #[cfg(unix)]
                let _ = rustix::net::sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO));
            }
            Hangup::Fin => {
                // A close with bytes still unread would send RST and take the reply with it, so read
                // until the client has closed too. `drop` ends this through the socket.
                let end = Instant::now() + LINGER;
                let _ = self.stream.shutdown(Shutdown::Write);
                let _ = self.stream.set_read_timeout(Some(LINGER));
                while Instant::now() < end
                    && (&*self.stream).read(&mut [0; 4096]).is_ok_and(|n| n > 0)
                {}
            }
        }
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        self.shared.lock().open.remove(&self.number);
    }
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let (_, value) = headers
        .iter()
        .find(|(found, _)| found.eq_ignore_ascii_case(name))?;
    Some(value)
}

fn says_close(headers: &[(String, String)]) -> bool {
    find(headers, "Connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
}

fn reason(code: u16) -> &'static str {
    match code {
        200 => "OK",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Status",
    }
}
