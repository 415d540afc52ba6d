//! A thread that nobody waits for. Python's `daemon=True`.

use std::io;

use super::start;
use crate::event::Event;
use crate::sync::Arc;

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
#[doc(alias = "daemon")]
pub struct Daemon {
    pub(super) name: String,
    pub(super) finished: Arc<Event>,
}

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
#[doc(alias = "daemon")]
// ANCHOR: start_daemon
pub fn start_daemon<F>(name: &str, body: F) -> io::Result<Daemon>
where
    F: FnOnce() + Send + 'static,
{
    Ok(start(name, body)?.detach())
}
// ANCHOR_END: start_daemon

impl Daemon {
    /// Whether the body has returned or panicked, and its value been dropped. Never blocks.
    #[doc(alias = "is_alive")]
    pub fn is_finished(&self) -> bool {
        self.finished.is_set()
    }

    /// The thread's name.
    pub fn name(&self) -> &str {
        &self.name
    }
}
