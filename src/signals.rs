//! Ctrl-C as an event: the first signal asks the program to stop, the second ends it.
//!
//! ```text
//!   waiting ── SIGHUP · SIGINT · SIGTERM ──▶ the event is set ── one more ──▶ the program ends at once
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | the first signal's handler | nothing | `HAS_COME`, a socket | the thread `signals` |
//! | the thread `signals` | the event's lock | `FIRST`, then `STOP` | everybody who waits for `STOP` |
//! | the second signal's handler | nothing | – | ends the program |
//!
//! A handler may come between any two instructions, also of a thread that holds the lock which it
//! would need. So it writes to a socket, and a thread that reads at its other end sets the event. The second
//! signal needs no thread: it ends a program in which nothing goes on any more.
//!
//! One more signal would end a program unasked: SIGXFSZ, for a write above the limit on the size of a
//! file (`ulimit -f`). From here on it does nothing, and the write is an error like any other.
//!
//! Windows starts a thread for a handler, so there a single thread, `ctrl-c`, does all of it.
//!
//! Needs the feature `program`.

#[cfg_attr(unix, path = "signals/unix.rs")]
#[cfg_attr(windows, path = "signals/windows.rs")]
mod system;

use std::io;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::event::Event;
use crate::sync::Mutex;

static STOP: Event = Event::new();
/// The exit code that the first signal asks for; 0 before it.
static FIRST: AtomicU8 = AtomicU8::new(0);
static IS_LISTENING: Mutex<bool> = Mutex::new(false);

/// Listens for the signals that ask a program to end: gives the event that the first of them sets.
///
/// Needs the feature `program`.
///
/// They are SIGINT (Ctrl-C), SIGTERM, and SIGHUP (the terminal was closed). The second one, of
/// whichever kind, ends the program at once with its own exit code: 130, 143, 129. A program that has
/// stopped because of the first one ends with [`exit_code`].
///
/// A signal that was ignored when the program was started stays ignored, as `nohup` and a shell's `&`
/// ask for. Only Linux tells; elsewhere all three are heeded.
///
/// A write above the system's limit on the size of a file is an error from now on
/// ([`FileTooLarge`](io::ErrorKind::FileTooLarge)); its signal, SIGXFSZ, ends the program no more.
///
/// Windows has Ctrl-C and Ctrl-Break, and the exit code is 130 for both. Where they do not reach a program,
/// as in a process group of its own, they still do not. A console that is closed ends the program there,
/// whatever it does with the event.
///
/// Every call gives the same event. It is the program's: a library takes an event from its caller.
///
/// # Blocking
/// Never blocks. The first call starts a thread, `signals` (`ctrl-c` on Windows), which lives as long as the
/// program.
///
/// # Errors
/// The system cannot start the thread, or refuses a handler. Signals then do what they did before, or
/// some of them set the event already; a later call tries again.
///
/// # Differences from Python
/// [`signal`](https://docs.python.org/3/library/signal.html): a handler there runs on the main thread
/// between two of its instructions, so Ctrl-C is a `KeyboardInterrupt` in the midst of whatever that
/// does, and comes late in a long calculation in C. An event is looked at where it suits.
/// SIGXFSZ is ignored in every program there, unasked.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use threadproof::{Wait, stop_on_signals};
///
/// let stop = stop_on_signals()?;
/// let mut polls = 0;
/// while polls < 3 && stop.wait_timeout(Duration::from_millis(1)) == Wait::TimedOut {
///     polls += 1;
/// }
/// assert_eq!(polls, 3, "nobody has pressed Ctrl-C");
/// assert!(std::ptr::eq(stop, stop_on_signals()?));
/// # Ok::<(), std::io::Error>(())
/// ```
#[doc(alias = "signal.signal")]
#[doc(alias = "KeyboardInterrupt")]
// ANCHOR: stop_on_signals
pub fn stop_on_signals() -> io::Result<&'static Event> {
    let mut is_listening = IS_LISTENING.lock();
    if !*is_listening {
        system::listen()?;
        *is_listening = true;
    }
    Ok(&STOP)
}
// ANCHOR_END: stop_on_signals

/// With what the program should end, as a shell would say it: 128 and the number of the first signal
/// that has come since [`stop_on_signals`] was called. `None` if none has.
///
/// # Memory ordering
/// Whoever has seen the event set by a signal gets that signal's code.
///
/// # Examples
/// ```
/// threadproof::stop_on_signals()?;
/// assert_eq!(threadproof::signals::exit_code(), None);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn exit_code() -> Option<u8> {
    // ORDERING: Relaxed. The value is all there is to read, and the event orders it.
    Some(FIRST.load(Ordering::Relaxed)).filter(|code| *code != 0)
}

/// Sets the event; says whether this signal, which asks for this exit code, is the first.
fn has_come(code: u8) -> bool {
    // ORDERING: Relaxed. Whoever reads it because of the event is ordered by that.
    let first = FIRST.compare_exchange(0, code, Ordering::Relaxed, Ordering::Relaxed);
    STOP.set();
    first.is_ok()
}
