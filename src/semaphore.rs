//! A semaphore: at most so many at a time, first come, first served. Python's `threading.Semaphore`.
//!
//! ```text
//!              a permit is free
//!   acquire ─────────────────────────────▶ permit held ── drop ──▶ to the first in line,
//!      │ none is                              ▲                    or free if nobody waits
//!      └──▶ in line ── first, one comes back ─┘
//!              │ the timeout is over
//!              └──▶ None, out of the line
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | `acquire`, `try_acquire` | the lock, given up while it sleeps | `free` or `line` | nobody |
//! | a timeout is over | the lock | its own place in `line` | nobody |
//! | drop of a `Permit` | the lock | `line` or `free` | the first in line, after the unlock |
//!
//! **Nobody overtakes.** A permit that comes back is handed to the first in line before the lock is
//! given back; it becomes free only if nobody waits. So while anybody waits no permit is free, and
//! a thread that comes later finds none, however long the thread that was served takes to wake up.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::time::Duration;

use crate::sync::{Arc, Condvar, Deadline, Mutex, const_fn};

/// Lets at most so many threads at a time go on. Share it by reference, in an `Arc` or as a `static`.
///
/// A thread that has a [`Permit`] may go on; dropping the permit gives it back. A semaphore of one
/// permit is a fair lock that guards no data.
///
/// # Memory ordering
/// What a thread did before its permit came back happens before the return of each `acquire` that is
/// served later.
///
/// # Differences from Python
/// [`threading.Semaphore`](https://docs.python.org/3/library/threading.html#semaphore-objects): the
/// permit is a value, so it comes back when a panic unwinds (as after `with`) and cannot come back
/// twice, which is what
/// [`BoundedSemaphore`](https://docs.python.org/3/library/threading.html#threading.BoundedSemaphore)
/// checks at run time. There the order in which threads are woken is not to be relied on, and one
/// that comes later may overtake them. A semaphore of no permits cannot be made here; where its
/// `release(n)` starts everybody, take an [`Event`](crate::Event).
///
/// # Examples
/// ```
/// use std::num::NonZeroUsize;
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use threadproof::Semaphore;
///
/// let two_at_a_time = Semaphore::new(NonZeroUsize::new(2).unwrap());
/// let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
/// std::thread::scope(|scope| {
///     for _ in 0..8 {
///         scope.spawn(|| {
///             let _permit = two_at_a_time.acquire();
///             most.fetch_max(1 + inside.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
///             std::thread::yield_now();
///             inside.fetch_sub(1, Ordering::Relaxed);
///         });
///     }
/// });
/// assert!(most.into_inner() <= 2);
/// ```
// ANCHOR: semaphore
#[doc(alias = "threading.Semaphore")]
#[doc(alias = "threading.BoundedSemaphore")]
#[derive(Debug)]
pub struct Semaphore {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: usize,
    /// The waiters, by the number that each drew; empty while a permit is free.
    line: BTreeMap<u64, Arc<Condvar>>,
    next_number: u64,
}

/// The right to go on, until it is dropped. Any thread may drop it.
#[derive(Debug)]
#[must_use = "dropping the permit gives it back at once"]
pub struct Permit<'a>(&'a Semaphore);
// ANCHOR_END: semaphore

impl Semaphore {
    const_fn! {
        /// Makes a semaphore with so many permits, all of them free.
        ///
        /// # Examples
        /// ```
        /// use std::num::NonZeroUsize;
        /// use threadproof::Semaphore;
        ///
        /// static FOUR_AT_A_TIME: Semaphore = Semaphore::new(NonZeroUsize::new(4).unwrap());
        ///
        /// let permit = FOUR_AT_A_TIME.acquire();
        /// drop(permit);
        /// ```
        pub fn new(permits: NonZeroUsize) -> Self {
            let state = State { free: permits.get(), line: BTreeMap::new(), next_number: 0 };
            Self { state: Mutex::new(state) }
        }
    }

    /// Waits for a permit, behind all threads that wait already.
    ///
    /// # Blocking
    /// Not while one is free; else until those before it have been served or have given up, and one more
    /// has come back. A thread that keeps one while it asks for another may wait for itself: nothing finds that.
    ///
    /// # Examples
    /// ```
    /// # use std::num::NonZeroUsize;
    /// use threadproof::Semaphore;
    ///
    /// let one = Semaphore::new(NonZeroUsize::MIN);
    /// let permit = one.acquire();
    /// std::thread::scope(|scope| {
    ///     let waiter = scope.spawn(|| drop(one.acquire()));
    ///     while one.n_waiting() == 0 {
    ///         std::thread::yield_now();
    ///     }
    ///     assert!(!waiter.is_finished());
    ///     drop(permit);
    /// });
    /// assert!(one.try_acquire().is_some());
    /// ```
    pub fn acquire(&self) -> Permit<'_> {
        let permit = self.acquire_until(&Deadline::never());
        permit.expect("this deadline does not pass")
    }

    /// Takes a permit if one is free. Never waits for one.
    ///
    /// While others wait none is free, so it overtakes nobody.
    #[must_use = "dropping the permit gives it back at once"]
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        let mut state = self.state.lock();
        state.take_free().then(|| Permit(self))
    }

    /// Waits for a permit as [`acquire`](Self::acquire) does, for `timeout` at most.
    ///
    /// `None` comes only after at least `timeout`, and then the place in the line is gone. A zero
    /// timeout looks and does not wait; `Duration::MAX` waits for ever.
    ///
    /// # Examples
    /// ```
    /// # use std::num::NonZeroUsize;
    /// use std::time::Duration;
    /// use threadproof::Semaphore;
    ///
    /// let one = Semaphore::new(NonZeroUsize::MIN);
    /// let permit = one.acquire_timeout(Duration::ZERO);
    /// assert!(permit.is_some());
    /// assert!(one.acquire_timeout(Duration::from_millis(5)).is_none());
    /// drop(permit);
    /// assert!(one.acquire_timeout(Duration::from_millis(5)).is_some());
    /// ```
    #[must_use = "dropping the permit gives it back at once"]
    pub fn acquire_timeout(&self, timeout: Duration) -> Option<Permit<'_>> {
        self.acquire_until(&Deadline::after(timeout))
    }

    /// How many threads wait in line at this moment.
    ///
    /// For tests and reports: none of those that ask from now on is served before one that is counted.
    pub fn n_waiting(&self) -> usize {
        self.state.lock().line.len()
    }

    // ANCHOR: acquire
    fn acquire_until(&self, deadline: &Deadline) -> Option<Permit<'_>> {
        let mut state = self.state.lock();
        if state.take_free() {
            return Some(Permit(self));
        }
        let (number, served) = state.draw_number();
        // A loop: a wake-up may be spurious.
        while state.line.contains_key(&number) {
            if deadline.has_passed() {
                state.line.remove(&number);
                return None;
            }
            state = served.wait_until(state, deadline);
        }
        Some(Permit(self))
    }
    // ANCHOR_END: acquire
}

impl State {
    fn take_free(&mut self) -> bool {
        let is_free = self.free > 0;
        self.free -= usize::from(is_free);
        is_free
    }

    fn draw_number(&mut self) -> (u64, Arc<Condvar>) {
        let (number, served) = (self.next_number, Arc::new(Condvar::new()));
        self.next_number += 1;
        self.line.insert(number, served.clone());
        (number, served)
    }
}

impl Drop for Permit<'_> {
    // ANCHOR: give_back
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        let Some((_, served)) = state.line.pop_first() else {
            state.free += 1;
            return;
        };
        drop(state);
        served.notify_one();
    }
    // ANCHOR_END: give_back
}
