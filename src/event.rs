//! An event: one thread says "now", any number of threads wait for it. Python's `threading.Event`.
//!
//! ```text
//!             set                      set (changes nothing)
//!   unset ───────────▶ set ──┐
//!     ▲                 │    └──────────┘
//!     └──── clear ──────┘
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | `set` | the lock | `is_set`, `generation` | every waiter, after the unlock |
//! | `clear` | the lock | `is_set` | nobody |
//! | `wait` | the lock, given up while it sleeps | `waiting` | nobody |
//! | a `SetOnDrop` is dropped | as `set` | as `set` | as `set` |
//!
//! The generation counts the sets. A waiter remembers the generation that it found, so a `set`
//! that is followed at once by `clear` (a *pulse*) still releases everybody who was waiting.

mod generation;
mod set_on_drop;

use std::time::Duration;

pub use self::set_on_drop::SetOnDrop;
use crate::sync::{Condvar, Deadline, Mutex, MutexGuard, const_fn};

/// A flag that threads can wait for. Share it by reference, in an `Arc` or as a `static`.
///
/// As a *stop signal* it replaces `sleep` in a polling loop: [`wait_timeout`](Self::wait_timeout)
/// sleeps as long as `sleep` would, and ends the moment somebody calls [`set`](Self::set). A loop
/// that must not miss a `set` which a `clear` follows at once, while it works between two waits,
/// takes [`wait_since`](Self::wait_since).
///
/// # Memory ordering
/// Everything done before `set` happens before the return of each `wait` that it releases, and of
/// each `is_set` that gives `true` because of it.
///
/// # Differences from Python
/// [`threading.Event`](https://docs.python.org/3/library/threading.html#event-objects): the same
/// four methods. `set` and `clear` also say whether they changed anything, `wait_timeout` gives a
/// [`Wait`] that cannot be ignored by accident, and a pulse releases every waiter by design. An
/// event can be a `static` without a start-up cost, as a module's global can in Python.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use threadproof::{Event, Wait};
///
/// let stop = Event::new();
/// let (timed_out, polled) = std::sync::mpsc::channel();
/// let polls = std::thread::scope(|scope| {
///     let watcher = scope.spawn(|| {
///         let mut polls = 0;
///         while stop.wait_timeout(Duration::from_millis(1)) == Wait::TimedOut {
///             polls += 1;
///             timed_out.send(()).unwrap();
///         }
///         polls
///     });
///     polled.recv().unwrap();
///     stop.set();
///     watcher.join().unwrap()
/// });
/// assert!(polls >= 1 && stop.is_set());
/// ```
// ANCHOR: event
#[derive(Debug)]
#[doc(alias = "threading.Event")]
pub struct Event {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    is_set: bool,
    generation: u64,
    waiting: usize,
}
// ANCHOR_END: event

/// How a timed wait ended.
#[must_use = "a wait that timed out did not see the event"]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The event was set, before the wait or during it.
    Set,
    /// The whole timeout went by and nobody set the event.
    TimedOut,
}

impl Event {
    const_fn! {
        /// Makes an event that is not set.
        ///
        /// # Examples
        /// ```
        /// use threadproof::Event;
        ///
        /// static STOP: Event = Event::new();
        ///
        /// let watcher = std::thread::spawn(|| STOP.wait());
        /// STOP.set();
        /// watcher.join().unwrap();
        /// ```
        pub fn new() -> Self {
            let state = State { is_set: false, generation: 0, waiting: 0 };
            Self { state: Mutex::new(state), changed: Condvar::new() }
        }
    }

    /// Sets the event and releases every thread that waits; says whether this call changed it.
    ///
    /// # Blocking
    /// Never for longer than other threads' short critical sections.
    ///
    /// # Memory ordering
    /// Everything before `set` happens before the waits that it releases return.
    ///
    /// # Examples
    /// ```
    /// let event = threadproof::Event::new();
    /// assert!(event.set());
    /// assert!(!event.set(), "it was set already");
    /// ```
    // ANCHOR: set
    pub fn set(&self) -> bool {
        let mut state = self.state.lock();
        if state.is_set {
            return false;
        }
        state.is_set = true;
        state.generation += 1;
        drop(state);
        self.changed.notify_all();
        true
    }
    // ANCHOR_END: set

    /// Takes the event back to "not set"; says whether this call changed it.
    ///
    /// Threads that a `set` released before are released all the same.
    ///
    /// # Examples
    /// ```
    /// let event = threadproof::Event::new();
    /// event.set();
    /// assert!(event.clear());
    /// assert!(!event.is_set());
    /// ```
    pub fn clear(&self) -> bool {
        let mut state = self.state.lock();
        std::mem::replace(&mut state.is_set, false)
    }

    /// Whether the event is set at this moment. Never waits for the event.
    #[doc(alias = "isSet")]
    pub fn is_set(&self) -> bool {
        self.state.lock().is_set
    }

    /// Waits until the event is set; returns at once if it is.
    ///
    /// # Blocking
    /// Until some thread calls [`set`](Self::set), without a limit.
    ///
    /// # Examples
    /// ```
    /// let event = threadproof::Event::new();
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| event.set());
    ///     event.wait();
    /// });
    /// assert!(event.is_set());
    /// ```
    pub fn wait(&self) {
        // A timeout that the clock cannot reach is "for ever".
        let _ = self.wait_timeout(Duration::MAX);
    }

    /// Waits until the event is set, or for `timeout` at most.
    ///
    /// [`Wait::TimedOut`] comes only after at least `timeout`; a zero timeout looks and does not
    /// wait; `Duration::MAX` waits for ever.
    ///
    /// # Differences from Python
    /// [`Event.wait`](https://docs.python.org/3/library/threading.html#threading.Event.wait) gives
    /// the flag as a `bool`; a negative timeout cannot be written here.
    ///
    /// # Examples
    /// ```
    /// use std::time::{Duration, Instant};
    /// use threadproof::{Event, Wait};
    ///
    /// let (event, start) = (Event::new(), Instant::now());
    /// assert_eq!(event.wait_timeout(Duration::from_millis(5)), Wait::TimedOut);
    /// assert!(start.elapsed() >= Duration::from_millis(5));
    /// event.set();
    /// assert_eq!(event.wait_timeout(Duration::ZERO), Wait::Set);
    /// ```
    #[doc(alias = "wait")]
    // ANCHOR: wait
    pub fn wait_timeout(&self, timeout: Duration) -> Wait {
        let deadline = Deadline::after(timeout);
        let state = self.state.lock();
        let seen = state.generation;
        self.wait_for_set(state, seen, &deadline)
    }

    fn wait_for_set<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        seen: u64,
        deadline: &Deadline,
    ) -> Wait {
        state.waiting += 1;
        // A loop: a wake-up may be spurious.
        while !state.released_since(seen) && !deadline.has_passed() {
            state = self.changed.wait_until(state, deadline);
        }
        state.waiting -= 1;
        if state.released_since(seen) {
            Wait::Set
        } else {
            Wait::TimedOut
        }
    }
    // ANCHOR_END: wait

    /// How many threads are inside `wait`, `wait_timeout` or `wait_since` at this moment.
    ///
    /// For tests and reports: a thread that is counted has looked at the event, and the next
    /// `set` releases it.
    pub fn n_waiting(&self) -> usize {
        self.state.lock().waiting
    }
}

impl Default for Event {
    fn default() -> Self {
        Self::new()
    }
}

impl State {
    fn released_since(&self, seen: u64) -> bool {
        self.is_set || self.generation != seen
    }
}
