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
//! | the body returns or panics | the outcome's lock | `outcome`, then `finished` | who waits in `join_timeout` |
//! | `join_timeout` | the outcome's lock, to take it | `outcome` | nobody |
//! | `join`, drop of `Running` | as `join_timeout`, after the thread's end | `outcome` | nobody |
//!
//! What is the caller's and nobody wants any more (a body that cannot be started, the value of a daemon, a
//! panic's payload) is dropped here, under no lock, and a panic in that is caught.
//!
//! A thread is started once because `start` makes it, and joined once because `join` takes the
//! handle: what Python checks at run time does not compile here.

mod daemon;
mod outcome;
mod panicked;

use std::fmt;
use std::io;
use std::time::Duration;

pub use self::daemon::{Daemon, start_daemon};
use self::outcome::Outcome;
pub use self::panicked::Panicked;
pub(crate) use self::panicked::{Theirs, caught, discard, forget_place, note_places};
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
#[must_use = "dropping the handle waits for the thread; call `detach` to leave it"]
#[doc(alias = "Thread")]
pub struct Running<T> {
    name: String,
    /// Set once `outcome` is there.
    finished: Arc<Event>,
    outcome: Arc<Outcome<T>>,
    thread: Option<JoinHandle<()>>,
}
// ANCHOR_END: running

/// Why a join gives no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
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
/// Linux shows the first 15 bytes of the name.
///
/// A panic of the body is data, also one in the drop of what it owns. What no thread of Rust survives
/// ends the program here, too: a second panic while one unwinds, and one in the drop of a thread-local.
///
/// # Errors
/// The system cannot start a thread, or the name contains a zero byte (`InvalidInput`). Nothing
/// was started then and `body` is dropped; a panic in that goes no further than the panic hook.
///
/// # Examples
/// ```
/// let running = threadproof::start("greeter", || {
///     std::thread::current().name().map(str::to_owned)
/// })?;
/// assert_eq!(running.join().unwrap().as_deref(), Some("greeter"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[doc(alias = "Thread")]
// ANCHOR: start
pub fn start<T, F>(name: &str, body: F) -> io::Result<Running<T>>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let (finished, outcome) = (Arc::new(Event::new()), Arc::new(Outcome::new()));
    let thread = {
        let (worker, body) = (name.to_owned(), Theirs::new(body));
        let (finished, outcome) = (finished.clone(), outcome.clone());
        builder(name)?.spawn(move || {
            let _finished = finished.set_on_drop();
            // Caught here and not in `join`, which nobody may call.
            outcome.store(caught(&worker, body.into_inner()));
        })?
    };
    Ok(Running {
        name: name.to_owned(),
        finished,
        outcome,
        thread: Some(thread),
    })
}
// ANCHOR_END: start

impl<T> Running<T> {
    /// Waits for the thread's end and gives what its body returned.
    ///
    /// # Blocking
    /// Until the thread has ended: its body has returned or panicked, and its thread-locals have been
    /// dropped.
    ///
    /// # Memory ordering
    /// Everything the thread did happens before the return.
    ///
    /// # Errors
    /// [`JoinError::Panicked`] with the panic's text and place; [`JoinError::WouldDeadlock`] at once
    /// if the caller is the thread itself. Threads that join one another in a circle may wait for ever.
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
        thread.join().expect("the body's panic was caught");
        self.outcome.take().map_err(JoinError::Panicked)
    }
    // ANCHOR_END: join

    /// Waits for at most `timeout`: the outcome, or the handle back. Nothing is lost.
    ///
    /// # Blocking
    /// Until the body has returned or panicked, or `timeout` went by. A zero timeout looks and does
    /// not wait. The thread's thread-locals are not waited for, unlike in [`join`](Self::join).
    ///
    /// # Memory ordering
    /// Everything the body did happens before the outcome is given.
    ///
    /// # Errors
    /// The handle itself, if the body still runs; to the thread itself what [`join`](Self::join) gives.
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
    #[doc(alias = "join")]
    // ANCHOR: join_timeout
    pub fn join_timeout(mut self, timeout: Duration) -> Result<Result<T, JoinError>, Running<T>> {
        if self.thread.as_ref().is_some_and(is_current) {
            return Ok(self.join());
        }
        match self.finished.wait_timeout(timeout) {
            Wait::Set => {
                // The body has returned; the thread may have thread-locals to drop, which takes its time.
                self.thread = None;
                Ok(self.outcome.take().map_err(JoinError::Panicked))
            }
            Wait::TimedOut => Err(self),
        }
    }
    // ANCHOR_END: join_timeout

    /// Whether the body has returned or panicked: then a [`join_timeout`](Self::join_timeout) of zero
    /// gives the outcome. Never blocks.
    #[doc(alias = "is_alive")]
    pub fn is_finished(&self) -> bool {
        self.finished.is_set()
    }

    /// The thread's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gives up the permission to join: the thread becomes a daemon and its value is lost.
    ///
    /// The value is dropped by whoever is last, the thread or this call. A panic in that goes no further
    /// than the panic hook.
    #[doc(alias = "daemon")]
    pub fn detach(mut self) -> Daemon {
        self.thread = None;
        let name = self.name.clone();
        let finished = self.finished.clone();
        Daemon { name, finished }
    }
}

/// Joins, and drops the value; a panic in that goes no further than the panic hook. A handle that is
/// dropped on its own thread detaches it.
impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take()
            && !is_current(&thread)
        {
            // The outcome is not wanted, and the panic hook has printed a panic already.
            let _ = thread.join();
        }
    }
}

impl<T> fmt::Debug for Running<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("name", &self.name)
            .field("is_finished", &self.is_finished())
            .finish_non_exhaustive()
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
