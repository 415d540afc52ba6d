//! The one place that chooses between `std` and the model checker.
//!
//! Every pattern that is modelled takes its locks, condition variables and atomics from here, so
//! the file that ships is the file that loom explores. The switch is `cfg(all(test, loom))`: plain
//! `cfg(loom)` would also reach the doctests and the programs under test, where loom cannot run.
//! loom's types come through `tests/loom/recorder.rs`, which notes each step; that is why the
//! functions here track their callers.
//!
//! **Poison.** A lock never reports poison: our critical sections run no caller's code and leave
//! the state whole at every step, and the one exception ([`LockedFlags`](crate::LockedFlags)) keeps
//! nothing of the caller's under its lock.

#[cfg(all(test, loom))]
use crate::loom_models::recorder as backend;
#[cfg(not(all(test, loom)))]
use std::sync as backend;

use std::sync::PoisonError;

#[cfg(all(test, loom))]
pub(crate) use backend::thread;
#[cfg(not(all(test, loom)))]
pub(crate) use std::thread;

pub(crate) use backend::MutexGuard;

/// Always `std`'s: with loom's own, a model that deadlocks aborts the whole test process.
pub(crate) use std::sync::Arc;

pub(crate) mod atomic {
    pub(crate) use super::backend::atomic::{AtomicBool, AtomicUsize, Ordering};
}

#[cfg(not(all(test, loom)))]
pub(crate) use std::thread_local;

/// loom's own, which knows no `const` initialisers.
#[cfg(all(test, loom))]
macro_rules! loom_thread_local {
    ($(#[$attribute:meta])* static $name:ident: $type:ty = const { $init:expr };) => {
        loom::thread_local! { $(#[$attribute])* static $name: $type = $init; }
    };
}
#[cfg(all(test, loom))]
pub(crate) use loom_thread_local as thread_local;

/// `std`'s mutex with the poison policy of this module.
#[derive(Debug)]
pub(crate) struct Mutex<T>(backend::Mutex<T>);

impl<T: Default> Default for Mutex<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Mutex<T> {
    #[track_caller]
    pub(crate) fn new(value: T) -> Self {
        Self(backend::Mutex::new(value))
    }

    #[track_caller]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks a few times more before its caller goes to sleep, within some microseconds.
///
/// What comes next is often about to come, and to sleep and be woken costs more than to look. Whoever
/// sleeps afterwards looks again under its lock: so this promises nothing, and the models skip it.
#[cfg(not(all(test, loom)))]
pub(crate) fn linger(mut is_there: impl FnMut() -> bool) {
    const LOOKS: u32 = 10;
    for look in 0..LOOKS {
        if is_there() {
            return;
        }
        if look < LOOKS / 2 {
            (0..1 << look).for_each(|_| std::hint::spin_loop());
        } else {
            thread::yield_now();
        }
    }
}

#[cfg(all(test, loom))]
pub(crate) fn linger(_is_there: impl FnMut() -> bool) {}

/// `std`'s condition variable with the poison policy of this module.
///
/// `std`'s own asks the system at each notification, also when nobody waits; this one counts who
/// does. All users change what they wait for under the one lock that they wait with, and notify
/// afterwards. So whoever waits has counted itself before the change, or sees it and does not wait.
#[derive(Debug)]
pub(crate) struct Condvar {
    inner: backend::Condvar,
    /// Written only under the lock that is waited with.
    #[cfg(not(all(test, loom)))]
    waiting: atomic::AtomicUsize,
}

impl Default for Condvar {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl Condvar {
    #[track_caller]
    pub(crate) fn new() -> Self {
        Self {
            inner: backend::Condvar::new(),
            #[cfg(not(all(test, loom)))]
            waiting: atomic::AtomicUsize::new(0),
        }
    }

    #[track_caller]
    pub(crate) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        self.counted(|| self.inner.wait(guard))
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a notification or for the deadline. The caller loops and asks the deadline itself.
    #[track_caller]
    pub(crate) fn wait_until<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        deadline: &Deadline,
    ) -> MutexGuard<'a, T> {
        match deadline.time_left() {
            None => self.wait(guard),
            #[cfg(not(all(test, loom)))]
            Some(left) => {
                let waited = self.counted(|| self.inner.wait_timeout(guard, left));
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }

    #[track_caller]
    pub(crate) fn notify_one(&self) {
        if self.is_awaited() {
            self.inner.notify_one();
        }
    }

    #[track_caller]
    pub(crate) fn notify_all(&self) {
        if self.is_awaited() {
            self.inner.notify_all();
        }
    }

    /// Around a wait, which begins and ends with the lock held.
    #[cfg(not(all(test, loom)))]
    fn counted<R>(&self, wait: impl FnOnce() -> R) -> R {
        use atomic::Ordering::Relaxed;
        // ORDERING: Relaxed. The lock orders all writes, and the notifier has held it since.
        self.waiting.fetch_add(1, Relaxed);
        let woken = wait();
        self.waiting.fetch_sub(1, Relaxed);
        woken
    }

    #[cfg(not(all(test, loom)))]
    fn is_awaited(&self) -> bool {
        // ORDERING: Relaxed. Whoever counted itself before the notifier's change did so under the
        // lock that the notifier has held since; a later one makes a notification in vain.
        self.waiting.load(atomic::Ordering::Relaxed) > 0
    }

    /// The models notify always: fewer steps, and a lost notification would still be seen.
    #[cfg(all(test, loom))]
    #[track_caller]
    fn counted<R>(&self, wait: impl FnOnce() -> R) -> R {
        wait()
    }

    #[cfg(all(test, loom))]
    fn is_awaited(&self) -> bool {
        true
    }
}

/// Until when to wait; a timeout too long for the clock (`Duration::MAX`) is "for ever".
///
/// Under the model checker there is no time: a coin that another thread tosses decides each time
/// the deadline is asked whether it has come, so that a model sees both outcomes.
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
        if !self.never && !self.passed.get() {
            self.passed.set(crate::loom_models::coin::fell());
        }
        self.passed.get()
    }

    /// Nobody can say: the coin wakes whoever waits when it falls.
    fn time_left(&self) -> Option<std::convert::Infallible> {
        None
    }
}
