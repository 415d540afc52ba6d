//! The connections of a downloader: who dials, who is waited for, and what was sent on which.
//!
//! ```text
//!   client ──▶ Spoken ──▶ TLS ──▶ Heard ──▶ socket
//!              │                  └ reads in looks of 20 ms, and asks after each whether to go on
//!              └ notes whether anything of an answer has come; speaks to a proxy in its form
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | a look on an asker's thread | nothing | its own call's `left` | nobody |
//! | a look on a reader's thread | nothing | – | its reader, who decides |
//!
//! The client keeps connections for later calls, and could end only all of them at once. So nobody
//! ends a connection from outside: each read is a series of looks, between which its own call can
//! give up. And silence is counted in looks, not by the clock: in a program that was stopped and
//! goes on, the look that was interrupted is one look.

use std::cell::{Cell, RefCell};
use std::io::Read;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fmt, io};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectProxyConnector, ConnectionDetails, Connector, Either, NextTimeout,
    RustlsConnector, TcpConnector, Transport,
};
use ureq::{Agent, Error, Timeout};

use super::proxy::Form;
use crate::event::Event;
use crate::lifecycle::start;

/// How long a look takes if nothing comes: how late a stop may be noticed.
pub(super) const LOOK: Duration = Duration::from_millis(20);

/// How long a look may take by itself. Windows takes less than half a second for half a second, it says of
/// sends: <https://learn.microsoft.com/en-us/dotnet/api/system.net.sockets.socket.sendtimeout>.
const LONGEST_LOOK: Duration = match cfg!(windows) {
    true => Duration::from_millis(500),
    false => LOOK,
};

/// A client with connections of this kind.
pub(super) fn client(config: Config) -> Agent {
    let connector =
        ().chain(Dial::default())
            .chain(ConnectProxyConnector::default())
            .chain(RustlsConnector::default())
            .chain(Speak);
    Agent::with_parts(config, connector, LookUp)
}

/// Looks names up as the client does by itself, who panics if it cannot start a thread for that.
#[derive(Debug)]
struct LookUp;

impl Resolver for LookUp {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let (uri, config, mut without) = (uri.clone(), config.clone(), timeout);
        without.after = ureq::unversioned::transport::time::Duration::NotHappening;
        // An address is no name.
        if uri.host().is_some_and(is_address) {
            return DefaultResolver::default().resolve(&uri, &config, without);
        }
        let look_up = move || DefaultResolver::default().resolve(&uri, &config, without);
        let looking = start("resolver", look_up).map_err(no_thread)?;
        match looking.join_timeout(*timeout.after) {
            Ok(found) => found.unwrap_or_else(|panicked| Err(io::Error::other(panicked).into())),
            // Nothing can end it before its time is up.
            Err(running) => {
                running.detach();
                Err(Error::Timeout(timeout.reason))
            }
        }
    }
}

fn is_address(host: &str) -> bool {
    host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}

/// The error of a thread that could not be started, and what to do.
pub(super) fn no_thread(error: io::Error) -> io::Error {
    let why = format!("cannot start a thread: {error}; use fewer workers");
    io::Error::new(error.kind(), why)
}

/// How much of a wait counts as silence: what a look took, but no more than two of its length.
pub(super) fn silence(look: Instant) -> Duration {
    look.elapsed().min(2 * LONGEST_LOOK)
}

thread_local! {
    /// The request that is asked on this thread, if it is an asker's.
    static ASKING: RefCell<Option<Asking>> = const { RefCell::new(None) };

    /// When the look into a body began that is under way on this thread.
    static LOOKING: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// What is known of a request while it is asked.
#[derive(Debug)]
struct Asking {
    /// Set when nobody waits for the answer any more.
    left: Arc<Event>,
    seen: Seen,
}

/// What a request met on its way.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    has_dialled: bool,
    has_answer: bool,
}

impl Seen {
    /// Whether an older connection was used, and closed before anything of an answer came: the
    /// server had ended it while it was idle, and may never have seen the request.
    pub(super) fn was_stale(self) -> bool {
        !self.has_dialled && !self.has_answer
    }
}

/// Lets the client ask on this thread, until the answer's head has come or `left` is set.
pub(super) fn asking<R>(left: Arc<Event>, ask: impl FnOnce() -> R) -> (R, Seen) {
    let seen = Seen::default();
    ASKING.with_borrow_mut(|asking| *asking = Some(Asking { left, seen }));
    let answer = ask();
    let asked = ASKING.with_borrow_mut(Option::take);
    (answer, asked.map_or(seen, |asked| asked.seen))
}

fn note(what: impl FnOnce(&mut Seen)) {
    ASKING.with_borrow_mut(|asking| {
        if let Some(asking) = asking {
            what(&mut asking.seen);
        }
    });
}

/// Reads a piece of a body, on a thread that asks for nothing. If nothing of the body has come after a
/// look, it returns the error of one that is over, whatever else came: the lines behind a body need not
/// have an end.
pub(super) fn read(body: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    LOOKING.set(Some(Instant::now()));
    let read = body.read(buffer);
    LOOKING.set(None);
    read
}

/// Whether to look once more.
enum Next {
    /// The asker waits for an answer.
    Look,
    /// The reader is on this thread, has looked for so long, and decides itself.
    Tell(Duration),
    /// Nobody waits for the answer.
    Leave,
}

fn next() -> Next {
    ASKING.with_borrow(|asking| match asking {
        None => Next::Tell(LOOKING.get().map_or(Duration::ZERO, |look| look.elapsed())),
        Some(asking) if asking.left.is_set() => Next::Leave,
        Some(_) => Next::Look,
    })
}

/// Connects to the server, or to the proxy that is asked in absolute form. The tunnel for https
/// is the business of the next one in line.
#[derive(Debug, Default)]
struct Dial(Tcp);

#[derive(Default)]
struct Tcp(TcpConnector);

impl Connector<()> for Dial {
    type Out = Box<dyn Transport>;

    fn connect(&self, to: &ConnectionDetails, _: Option<()>) -> Result<Option<Self::Out>, Error> {
        note(|seen| seen.has_dialled = true);
        let proxy = to.config.proxy().filter(|proxy| proxy.uri() != to.uri);
        match proxy {
            Some(_) if to.needs_tls() => Ok(None),
            Some(proxy) => {
                let addrs = to.resolver.resolve(proxy.uri(), to.config, to.timeout)?;
                let proxy = ConnectionDetails {
                    uri: proxy.uri(),
                    addrs,
                    config: to.config,
                    request_level: to.request_level,
                    resolver: to.resolver,
                    now: to.now,
                    timeout: to.timeout,
                    current_time: to.current_time.clone(),
                    run_connector: to.run_connector.clone(),
                    register_shutdown: to.register_shutdown.clone(),
                };
                (to.run_connector)(&proxy).map(Some)
            }
            None => {
                let socket: Option<Either<(), _>> = self.0.0.connect(to, None)?;
                Ok(socket.map(|socket| Box::new(Heard(socket)) as Box<dyn Transport>))
            }
        }
    }
}

/// A socket that is read in looks.
#[derive(Debug)]
struct Heard<T>(T);

impl<T: Transport> Transport for Heard<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.0.transmit_output(amount, timeout)
    }

    // ANCHOR: looks
    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let (start, mut silent) = (Instant::now(), Duration::ZERO);
        loop {
            match next() {
                Next::Leave => return Err(io::Error::from(io::ErrorKind::ConnectionAborted).into()),
                Next::Tell(looked) if looked >= LOOK => break,
                Next::Tell(_) | Next::Look => {}
            }
            let look = Instant::now();
            match self.0.await_input(one_look(timeout)) {
                Err(Error::Timeout(_)) => silent += silence(look),
                heard => return heard,
            }
            // The clock decides how long all may take, the looks how long nothing may come.
            if start.elapsed() >= *timeout.after {
                return Err(Error::Timeout(timeout.reason));
            }
            if timeout.per_read.is_some_and(|most| silent >= *most) {
                break;
            }
        }
        Err(Error::Timeout(Timeout::PerRead))
    }
    // ANCHOR_END: looks

    fn is_open(&mut self) -> bool {
        self.0.is_open()
    }
}

fn one_look(timeout: NextTimeout) -> NextTimeout {
    let mut look = timeout;
    look.per_read = Some(
        look.per_read
            .map_or(LOOK.into(), |most| most.min(LOOK.into())),
    );
    look
}

/// Makes the client's end of a connection.
#[derive(Debug)]
struct Speak;

impl<In: Transport> Connector<In> for Speak {
    type Out = Spoken<In>;

    fn connect(
        &self,
        to: &ConnectionDetails,
        inner: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let proxy = to.config.proxy().filter(|proxy| proxy.uri() != to.uri);
        let form = proxy
            .filter(|_| !to.needs_tls())
            .map(|proxy| Form::of(to.uri, proxy));
        Ok(inner.map(|inner| Spoken { inner, form }))
    }
}

/// The client's end of a connection.
struct Spoken<T> {
    inner: T,
    form: Option<Form>,
}

impl<T: Transport> Transport for Spoken<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let output = self.inner.buffers().output();
        let Some(head) = self
            .form
            .as_ref()
            .and_then(|form| form.apply(&output[..amount]))
        else {
            return self.inner.transmit_output(amount, timeout);
        };
        let Some(room) = output.get_mut(..head.len()) else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the URL is too long").into());
        };
        room.copy_from_slice(&head);
        self.inner.transmit_output(head.len(), timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let heard = self.inner.await_input(timeout);
        // Of what is inside, a tunnel or TLS, nothing is an answer.
        let has_answer = !self.inner.buffers().input().is_empty();
        note(|seen| seen.has_answer = has_answer);
        match (heard, next()) {
            (Err(Error::Io(error)), Next::Tell(_)) => Err(Error::Io(no_end(error))),
            (heard, _) => heard,
        }
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

/// The client takes some errors for the end of a body. That is told by no error: a connection that is
/// reset, or of TLS that was cut, may have had more to say.
fn no_end(error: io::Error) -> io::Error {
    // Not what the client has put into it, by which a reader knows a look.
    match error.get_ref().is_some_and(|inner| inner.is::<Error>()) {
        true => error,
        false => io::Error::other(error),
    }
}

impl fmt::Debug for Tcp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tcp")
    }
}

/// Without what a proxy is told.
impl<T: fmt::Debug> fmt::Debug for Spoken<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Spoken").field(&self.inner).finish()
    }
}
