//! Who is connected, what is in flight, and one connection from its first byte to its last.

use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind, Read, Write};
use std::iter;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::reply::{Hangup, Reply};
use super::request::Request;

/// The largest request head that is read.
const MAX_HEAD: usize = 16 * 1024;
/// How often a sleeping connection looks whether its client is still there, and one that reads whether the
/// server stops.
pub(super) const LOOK: Duration = Duration::from_millis(20);
/// How often a connection looks whether its client has taken some of what it was sent.
const NAP: Duration = Duration::from_millis(5);
/// How long a connection that said goodbye waits for more, or for the client's own end.
const LINGER: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Shared {
    patience: Duration,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
pub(super) struct State {
    stopping: bool,
    pages: HashMap<String, VecDeque<Reply>>,
    pub(super) requests: Vec<Request>,
    /// The index in `requests`, and the most that were in flight at one moment since it came.
    in_flight: HashMap<usize, usize>,
    pub(super) most_at_once: usize,
    pub(super) connections: usize,
    /// The sockets of the connections that have not ended, for `drop` to shut down.
    open: HashMap<usize, Arc<TcpStream>>,
}

impl Shared {
    pub(super) fn new(pages: HashMap<String, VecDeque<Reply>>, patience: Duration) -> Self {
        let state = State {
            pages,
            ..State::default()
        };
        Self {
            patience,
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    /// Ends every read, write and sleep of the connections.
    pub(super) fn stop(&self) {
        let mut state = self.lock();
        state.stopping = true;
        for socket in state.open.values() {
            // An error means that the client was faster.
            let _ = socket.shutdown(Shutdown::Both);
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Nothing that can panic runs under the lock, so a poisoned one still guards a whole state.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn accept(&self, listener: &TcpListener) {
        // The scope waits for the connections, after `drop` has ended their reads, writes and sleeps.
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
pub(super) enum Ending {
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
        // On Windows a read need not end when another thread shuts the socket down.
        let _ = self.stream.set_read_timeout(Some(LOOK));
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

        let reply = reply.for_request(request);
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
            self.send(piece)?;
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

    /// Not by writes that wait: on Windows they need not end when another thread shuts the socket down.
    fn send(&self, mut piece: &[u8]) -> Result<(), Gone> {
        self.stream.set_nonblocking(true)?;
        while !piece.is_empty() {
            match (&*self.stream).write(piece) {
                Ok(0) => return Err(Gone),
                Ok(sent) => piece = &piece[sent..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let state = self.shared.lock();
                    if state.stopping {
                        return Err(Gone);
                    }
                    drop(self.shared.changed.wait_timeout(state, NAP));
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(Gone),
            }
        }
        Ok(self.stream.set_nonblocking(false)?)
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

    /// Reads what is there, or comes within [`LOOK`], into `unread`. The end of the file is `Gone`, nothing
    /// is not.
    fn fill(&mut self) -> Result<(), Gone> {
        let mut some = [0; MAX_HEAD];
        match (&*self.stream).read(&mut some) {
            Ok(0) => return Err(Gone),
            Ok(n) => self.unread.extend_from_slice(&some[..n]),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {}
                _ => return Err(Gone),
            },
        }
        if self.shared.lock().stopping {
            return Err(Gone);
        }
        Ok(())
    }

    fn hang_up(&mut self, how: Hangup) {
        match how {
            Hangup::Rst => {
                // No time to linger: the close that follows sends RST.
                let _ = rustix::net::sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO));
            }
            Hangup::Fin => {
                // A close with bytes still unread would send RST and take the reply with it, so read
                // until the client has closed too, or the server stops.
                let mut end = Instant::now() + LINGER;
                let _ = self.stream.shutdown(Shutdown::Write);
                while Instant::now() < end && self.fill().is_ok() {
                    if !self.unread.is_empty() {
                        self.unread.clear();
                        end = Instant::now() + LINGER;
                    }
                }
            }
        }
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        self.shared.lock().open.remove(&self.number);
    }
}
