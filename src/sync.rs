//! The one place that chooses between `std` and the model checker.
//!
//! Every pattern that is modelled takes its locks, condition variables and atomics from here, so
//! the file that ships is the file that loom explores. The switch is `cfg(all(test, loom))`: plain
//! `cfg(loom)` would also reach the doctests and the programs under test, where loom cannot run.
//! loom's types come through `tests/loom/recorder.rs`, which notes each step; that is why the
//! functions here track their callers.
//!
//! **Poison.** A lock never reports poison: our critical sections leave the state whole at every
//! step and run no caller's code, with one exception: `Hash`, `Eq` and `Borrow` of a key of
//! [`LockedFlags`](crate::LockedFlags), whose map can be used after a panic in them.

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

/// How often a thread that finds nothing to do lets others run and looks again before it goes to
/// sleep: to be woken costs it more, and costs whoever wakes it.
///
/// Not once under loom, which tries fewer orders after a `yield_now`; with one look all models hold,
/// too, in four times as many schedules.
pub(crate) const LOOKS: usize = if cfg!(all(test, loom)) { 0 } else { 4 };

/// Whether this is a model, in which all threads are one to `std`.
pub(crate) const IS_MODEL: bool = cfg!(all(test, loom));

/// Always `std`'s: with loom's own, a model that deadlocks aborts the whole test process.
pub(crate) use std::sync::{Arc, Weak};

/// Always `std`'s: what is done once a program is no part of a model.
pub(crate) use std::sync::Once;

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

/// A function that is `const`, but not in a model: loom is told of a lock when it is made.
#[cfg(not(all(test, loom)))]
macro_rules! const_fn {
    ($(#[$attribute:meta])* $visible:vis fn $($function:tt)*) => {
        $(#[$attribute])* $visible const fn $($function)*
    };
}
#[cfg(all(test, loom))]
macro_rules! const_fn {
    ($(#[$attribute:meta])* $visible:vis fn $($function:tt)*) => {
        $(#[$attribute])* $visible fn $($function)*
    };
}
pub(crate) use const_fn;

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
    const_fn! {
        #[track_caller]
        pub(crate) fn new(value: T) -> Self {
            Self(backend::Mutex::new(value))
        }
    }

    #[track_caller]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For the only owner, who needs no lock.
    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `std`'s condition variable with the poison policy of this module.
#[derive(Debug)]
pub(crate) struct Condvar(backend::Condvar);

impl Default for Condvar {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl Condvar {
    const_fn! {
        #[track_caller]
        pub(crate) fn new() -> Self {
            Self(backend::Condvar::new())
        }
    }

    #[track_caller]
    pub(crate) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        self.0.wait(guard).unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a notification or for the deadline. The caller loops and asks the deadline itself.
    #[track_caller]
    pub(crate) fn wait_until<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        deadline: &Deadline,
    ) -> MutexGuard<'a, T> {
        match deadline.time_left() {
            #[cfg(not(all(test, loom)))]
            Some(left) => {
                let waited = self.0.wait_timeout(guard, left);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            _ => self.wait(guard),
        }
    }

    #[track_caller]
    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    #[track_caller]
    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
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
        Self { at: None }
    }

    pub(crate) fn is_never(&self) -> bool {
        self.at.is_none()
    }

    pub(crate) fn has_passed(&self) -> bool {
        self.time_left().is_some_and(|left| left.is_zero())
    }

    pub(crate) fn time_left(&self) -> Option<std::time::Duration> {
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
    pub(crate) fn time_left(&self) -> Option<std::time::Duration> {
        None
    }
}
