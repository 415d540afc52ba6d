//! Ctrl-C as an event: the first signal asks the program to stop, the second ends it.
//!
//! ```text
//!   waiting ── SIGHUP · SIGINT · SIGTERM ──▶ the event is set ── one more ──▶ the program ends at once
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | the first signal's handler | nothing | `HAS_COME`, a pipe | the thread `signals` |
//! | the thread `signals` | the event's lock | `FIRST`, then `STOP` | everybody who waits for `STOP` |
//! | the second signal's handler | nothing | – | ends the program |
//!
//! A handler may come between any two instructions, also of a thread that holds the lock which it
//! would need. So it writes to a pipe, and a thread that reads there sets the event. The second
//! signal needs no thread: it ends a program in which nothing goes on any more.
//!
//! One more signal would end a program unasked: SIGXFSZ, for a write above the limit on the size of a
//! file (`ulimit -f`). From here on it does nothing, and the write is an error like any other.
//!
//! Needs the feature `program`.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, mpsc};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;

use crate::event::Event;
use crate::lifecycle::start_daemon;
use crate::sync::Mutex;

static STOP: Event = Event::new();
static HAS_COME: AtomicBool = AtomicBool::new(false);
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
/// Every call gives the same event. It is the program's: a library takes an event from its caller.
///
/// # Blocking
/// Never blocks. The first call starts a thread, `signals`, which lives as long as the program.
///
/// # Errors
/// The system cannot start the thread, or refuses a handler. Signals then do what they did before, or
/// some of them set the event already; a later call tries again.
///
/// # Differences from Python
/// [`signal`](https://docs.python.org/3/library/signal.html): a handler there runs on the main thread
/// between two of its instructions, so Ctrl-C is a `KeyboardInterrupt` in the midst of whatever that
/// does, and comes late if it waits in a call of the system's. An event is looked at where it suits.
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
        listen()?;
        *is_listening = true;
    }
    Ok(&STOP)
}

fn listen() -> io::Result<()> {
    // To be caught is enough. Unlike a signal that is ignored it is as before in a child program.
    flag::register(SIGXFSZ, Arc::default())?;
    // The thread comes first: a handler that nobody hears would swallow Ctrl-C.
    let (hand_over, handed_over) = mpsc::channel();
    start_daemon("signals", move || {
        if let Ok(signals) = handed_over.recv() {
            set_at_each(signals);
        }
    })?;
    let signals = Signals::new::<_, i32>([])?;
    let handle = signals.handle();
    let _ = hand_over.send(signals);
    let is_ignored = ignored_from_the_start();
    let heeded = [SIGHUP, SIGINT, SIGTERM].map(|signal| (signal, is_ignored(signal)));
    let heeded = heeded.iter().filter(|(_, is_ignored)| !is_ignored);
    for (signal, _) in heeded.clone() {
        handle.add_signal(*signal)?;
    }
    for (signal, _) in heeded {
        // In this order: a signal looks whether one has come before, and then says that it has.
        flag::register_conditional_shutdown(*signal, 128 + signal, &HAS_COME)?;
        flag::register(*signal, &HAS_COME)?;
    }
    Ok(())
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

fn set_at_each(mut signals: Signals) {
    for signal in signals.forever() {
        let code = u8::try_from(128 + signal).unwrap_or(u8::MAX);
        // ORDERING: Relaxed. Whoever reads it because of the event is ordered by that.
        let _ = FIRST.compare_exchange(0, code, Ordering::Relaxed, Ordering::Relaxed);
        STOP.set();
    }
}

/// Which signals this process was told to ignore, by whoever started it.
fn ignored_from_the_start() -> impl Fn(i32) -> bool {
    // The program's name stands there as well, and may be no UTF-8.
    let status = std::fs::read("/proc/self/status").unwrap_or_default();
    let mask = String::from_utf8_lossy(&status)
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    move |signal| mask.unwrap_or(0) >> (signal - 1) & 1 == 1
}
