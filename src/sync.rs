//! The one place that chooses between `std` and the model checker.
//!
//! Every pattern that is modelled takes its locks, condition variables and atomics from here, so
//! the file that ships is the file that loom explores. The switch is `cfg(all(test, loom))`: plain
//! `cfg(loom)` would also reach the doctests and the programs under test, where loom cannot run.
//!
//! **Poison.** A lock never reports poison: our critical sections run no caller's code and leave
//! the state whole at every step, and the one exception ([`LockedFlags`](crate::LockedFlags)) keeps
//! nothing of the caller's under its lock.

#[cfg(all(test, loom))]
use loom::sync as backend;
#[cfg(not(all(test, loom)))]
use std::sync as backend;

use std::sync::PoisonError;

pub(crate) use backend::MutexGuard;

/// Always `std`'s: with loom's own, a model that deadlocks aborts the whole test process.
pub(crate) use std::sync::Arc;

pub(crate) mod atomic {
    pub(crate) use super::backend::atomic::{AtomicBool, AtomicUsize, Ordering};
}

#[cfg(all(test, loom))]
pub(crate) use loom::thread_local;
#[cfg(not(all(test, loom)))]
pub(crate) use std::thread_local;

/// `std`'s mutex with the poison policy of this module.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(backend::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(backend::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `std`'s condition variable with the poison policy of this module.
#[derive(Debug, Default)]
pub(crate) struct Condvar(backend::Condvar);

impl Condvar {
    pub(crate) fn new() -> Self {
        Self(backend::Condvar::new())
    }

    pub(crate) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        #[cfg(all(test, loom))]
        if coin::wakes_for_no_reason() {
            return guard;
        }
        self.0.wait(guard).unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a notification or for the deadline. The caller loops and asks the deadline itself.
    pub(crate) fn wait_until<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        deadline: &Deadline,
    ) -> MutexGuard<'a, T> {
        match deadline.time_left() {
            None => self.wait(guard),
            #[cfg(not(all(test, loom)))]
            Some(left) => {
                let waited = self.0.wait_timeout(guard, left);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            #[cfg(all(test, loom))]
            Some(_) => guard,
        }
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}

/// Until when to wait; a timeout too long for the clock (`Duration::MAX`) is "for ever".
///
/// Under the model checker there is no time: a coin that another thread tosses decides at each wait
/// whether the deadline has come, so that a model sees both outcomes.
#[derive(Debug)]
pub(crate) struct Deadline {
    #[cfg(not(all(test, loom)))]
    at: Option<std::time::Instant>,
    #[cfg(all(test, loom))]
    passed: std::cell::Cell<bool>,
    #[cfg(all(test, loom))]
    never: bool,
}

#[cfg(not(all(test, loom)))]
impl Deadline {
    pub(crate) fn after(timeout: std::time::Duration) -> Self {
        let at = std::time::Instant::now().checked_add(timeout);
        Self { at }
    }

    pub(crate) fn never() -> Self {
        Self::after(std::time::Duration::MAX)
    }

    pub(crate) fn is_never(&self) -> bool {
        self.at.is_none()
    }

    pub(crate) fn has_passed(&self) -> bool {
        self.time_left().is_some_and(|left| left.is_zero())
    }

    fn time_left(&self) -> Option<std::time::Duration> {
        let at = self.at?;
        Some(at.saturating_duration_since(std::time::Instant::now()))
    }
}

#[cfg(all(test, loom))]
impl Deadline {
    pub(crate) fn after(timeout: std::time::Duration) -> Self {
        let passed = std::cell::Cell::new(timeout.is_zero());
        let never = timeout == std::time::Duration::MAX;
        Self { passed, never }
    }

    pub(crate) fn never() -> Self {
        Self::after(std::time::Duration::MAX)
    }

    pub(crate) fn is_never(&self) -> bool {
        self.never
    }

    pub(crate) fn has_passed(&self) -> bool {
        self.passed.get()
    }

    fn time_left(&self) -> Option<std::time::Duration> {
        if !self.passed.get() && !self.never {
            self.passed.set(coin::toss());
        }
        self.passed.get().then_some(std::time::Duration::ZERO)
    }
}

/// What loom leaves out, decided by a thread whose unsynchronised stores may or may not be seen:
/// timed waits that time out, and wake-ups for no reason.
#[cfg(all(test, loom))]
pub(crate) mod coin {
    use super::Arc;
    use loom::sync::atomic::{AtomicUsize, Ordering};
    use std::cell::{Cell, RefCell};

    // Std's thread-locals on purpose: loom runs all threads of a model on one real thread.
    std::thread_local! {
        static FLIPS: RefCell<Option<Arc<AtomicUsize>>> = const { RefCell::new(None) };
        static SEEN: Cell<usize> = const { Cell::new(0) };
        static SPURIOUS: Cell<bool> = const { Cell::new(false) };
    }

    /// Forgets the coin of the run before; a model begins with this.
    pub(crate) fn put_away() {
        FLIPS.set(None);
        SEEN.set(0);
        SPURIOUS.set(false);
    }

    /// Starts the thread that tosses: at most `times` of the waits in this run time out.
    pub(crate) fn times_out(times: usize) -> loom::thread::JoinHandle<()> {
        let flips = Arc::new(AtomicUsize::new(0));
        FLIPS.set(Some(flips.clone()));
        loom::thread::spawn(move || {
            for flip in 1..=times {
                flips.store(flip, Ordering::Relaxed);
            }
        })
    }

    /// As [`times_out`], for waits that return although nobody notified.
    pub(crate) fn spurious(times: usize) -> loom::thread::JoinHandle<()> {
        SPURIOUS.set(true);
        times_out(times)
    }

    pub(super) fn toss() -> bool {
        let Some(flips) = FLIPS.with_borrow(Clone::clone) else {
            return false;
        };
        let now = flips.load(Ordering::Relaxed);
        now > SEEN.replace(now.max(SEEN.get()))
    }

    pub(super) fn wakes_for_no_reason() -> bool {
        SPURIOUS.get() && toss()
    }
}
