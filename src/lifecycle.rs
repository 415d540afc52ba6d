//! A thread's life: started, joined, or left behind. Python's `Thread.start`, `join`, `daemon=True`.
//!
//! ```text
//!            start                   join ──▶ the value, or Panicked
//!   (name) ────────▶ Running ──┬── join_timeout ──▶ the same, or the Running back
//!                              ├── drop ──▶ joins, the value is lost
//!                              └── detach ──▶ Daemon
//!            start_daemon                        │ drop: nothing
//!   (name) ─────────────────────────▶ Daemon ────┴─▶ ends with its body, or with the program
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | the body returns or panics | nothing | `finished` | who waits in `join_timeout` |
//! | `join`, drop of `Running` | nothing | – | waits for the thread's end |
//!
//! A thread is started once because `start` makes it, and joined once because `join` takes the
//! handle: what Python checks at run time does not compile here.

mod panicked;

use std::io;
use std::time::Duration;

pub use self::panicked::Panicked;
pub(crate) use self::panicked::{caught, discard, note_places};
use crate::event::{Event, Wait};
use crate::sync::Arc;
use crate::sync::thread::{self, JoinHandle};

/// A thread that this handle owns: joined by [`join`](Self::join) or when the handle is dropped.
///
/// # Differences from Python
/// A [`Thread`](https://docs.python.org/3/library/threading.html#thread-objects) that nobody joins
/// is joined by the interpreter at its exit; here at the end of the handle's scope. `join` gives
/// the body's value, or its panic: Python prints the exception and `join` returns `None`.
///
/// # Examples
/// ```
/// let running = threadproof::start("adder", || 1 + 2)?;
/// assert_eq!(running.join().unwrap(), 3);
/// # Ok::<(), std::io::Error>(())
/// ```
// ANCHOR: running
#[derive(Debug)]
#[must_use = "dropping the handle waits for the thread; call `detach` to leave it"]
pub struct Running<T> {
    name: String,
    finished: Arc<Event>,
    thread: Option<JoinHandle<Result<T, Panicked>>>,
}
// ANCHOR_END: running

/// A thread that nobody waits for: it ends with its body, or is cut off when the program ends.
///
/// Between two instructions, whatever it was doing: a daemon that writes files writes them through
/// [`AtomicFile`](crate::AtomicFile), so that each is whole or absent.
///
/// # Differences from Python
/// [`daemon=True`](https://docs.python.org/3/library/threading.html#threading.Thread.daemon): the
/// same promise. Python's daemons can crash the interpreter's shutdown; a Rust program that returns
/// from `main` ends them all at once.
#[derive(Debug)]
pub struct Daemon {
    name: String,
    finished: Arc<Event>,
}

/// Why a join gives no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// The thread's body panicked.
    #[error(transparent)]
    Panicked(Panicked),
    /// A thread tried to join itself. The handle is spent; the thread goes on, detached.
    #[error("a thread cannot wait for its own end")]
    WouldDeadlock,
}

/// Starts a thread called `name` that runs `body`, and gives the handle that owns it.
///
/// The operating system shows the first 15 bytes of the name.
///
/// # Errors
/// The system cannot start a thread, or the name contains a zero byte (`InvalidInput`). Nothing
/// was started then and `body` is dropped.
///
/// # Examples
/// ```
/// let running = threadproof::start("greeter", || {
///     std::thread::current().name().map(str::to_owned)
/// })?;
/// assert_eq!(running.join().unwrap().as_deref(), Some("greeter"));
/// # Ok::<(), std::io::Error>(())
/// ```
// ANCHOR: start
pub fn start<T, F>(name: &str, body: F) -> io::Result<Running<T>>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let finished = Arc::new(Event::new());
    let at_end = SetAtEnd(finished.clone());
    let (name, worker) = (name.to_owned(), name.to_owned());
    let thread = builder(&name)?.spawn(move || {
        let _at_end = at_end;
        // Here and not in `join`: of a thread that nobody joins, a payload that panics when it is
        // dropped would abort the program.
        caught(&worker, body)
    })?;
    Ok(Running {
        name,
        finished,
        thread: Some(thread),
    })
}
// ANCHOR_END: start

/// Starts a thread called `name` that nobody will wait for.
///
/// # Errors
/// As [`start`].
///
/// # Examples
/// ```
/// let daemon = threadproof::start_daemon("ticker", || loop {
///     std::thread::park();
/// })?;
/// assert!(!daemon.is_finished());
/// # Ok::<(), std::io::Error>(())
/// ```
// ANCHOR: start_daemon
pub fn start_daemon<F>(name: &str, body: F) -> io::Result<Daemon>
where
    F: FnOnce() + Send + 'static,
{
    Ok(start(name, body)?.detach())
}
// ANCHOR_END: start_daemon

impl<T> Running<T> {
    /// Waits for the thread's end and gives what its body returned.
    ///
    /// # Blocking
    /// Until the body has returned or panicked.
    ///
    /// # Memory ordering
    /// Everything the thread did happens before the return.
    ///
    /// # Errors
    /// [`JoinError::Panicked`] with the panic's text; [`JoinError::WouldDeadlock`] at once if the
    /// caller is the thread itself.
    ///
    /// # Examples
    /// ```
    /// use threadproof::JoinError;
    /// let running = threadproof::start("unlucky", || panic!("no such file"))?;
    /// let Err(JoinError::Panicked(panicked)) = running.join() else { unreachable!() };
    /// assert_eq!(panicked.to_string(), "unlucky panicked: no such file");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    // ANCHOR: join
    pub fn join(mut self) -> Result<T, JoinError> {
        let thread = self
            .thread
            .take()
            .expect("only join and detach take it, and they end self");
        if is_current(&thread) {
            return Err(JoinError::WouldDeadlock);
        }
        let outcome = thread.join().expect("the body's panic was caught");
        outcome.map_err(JoinError::Panicked)
    }
    // ANCHOR_END: join

    /// Waits for at most `timeout`: the outcome, or the handle back. Nothing is lost.
    ///
    /// # Blocking
    /// Until the thread ended or `timeout` went by. A zero timeout looks and does not wait.
    ///
    /// # Errors
    /// The handle itself, if the thread still runs.
    ///
    /// # Differences from Python
    /// [`join(timeout)`](https://docs.python.org/3/library/threading.html#threading.Thread.join)
    /// returns `None` either way.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// let (go, gate) = std::sync::mpsc::channel();
    /// let running = threadproof::start("waiter", move || gate.recv().unwrap())?;
    /// let running = running.join_timeout(Duration::ZERO).unwrap_err();
    /// go.send(7).unwrap();
    /// assert_eq!(running.join().unwrap(), 7);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn join_timeout(self, timeout: Duration) -> Result<Result<T, JoinError>, Running<T>> {
        if self.thread.as_ref().is_some_and(is_current) {
            return Ok(self.join());
        }
        match self.finished.wait_timeout(timeout) {
            Wait::Set => Ok(self.join()),
            Wait::TimedOut => Err(self),
        }
    }

    /// Whether the body has returned or panicked. Never blocks.
    pub fn is_finished(&self) -> bool {
        self.finished.is_set()
    }

    /// The thread's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gives up the permission to join: the thread becomes a daemon and its value is lost.
    pub fn detach(mut self) -> Daemon {
        self.thread = None;
        let name = self.name.clone();
        let finished = self.finished.clone();
        Daemon { name, finished }
    }
}

/// Joins, and drops the value. A handle that is dropped on its own thread detaches it.
impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take()
            && !is_current(&thread)
        {
            // The panic hook has printed a panic already; its text is not needed.
            let _ = thread.join();
        }
    }
}

impl Daemon {
    /// Whether the body has returned or panicked. Never blocks.
    pub fn is_finished(&self) -> bool {
        self.finished.is_set()
    }

    /// The thread's name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// `std`'s builder; a name with a zero byte is an error and no panic.
pub(crate) fn builder(name: &str) -> io::Result<thread::Builder> {
    note_places();
    if name.contains('\0') {
        let why = format!("a thread's name cannot contain a zero byte: {name:?}");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    Ok(thread::Builder::new().name(name.to_owned()))
}

fn is_current<T>(thread: &JoinHandle<T>) -> bool {
    thread.thread().id() == thread::current().id()
}

/// Sets the event when the body ends, however it ends.
struct SetAtEnd(Arc<Event>);

impl Drop for SetAtEnd {
    fn drop(&mut self) {
        self.0.set();
    }
}
