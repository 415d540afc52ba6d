//! Stop flags whose check and step are one: the notebook's dict of flags with `threading.Lock()`.
//!
//! ```text
//!   register ──▶ running ── stop / stop_all ──▶ stopped
//!                   │ step: check and run,         │ step: None
//!                   ▼ under the lock               ▼
//!                 drop of the Registration: the key is gone
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | `register` | the lock | adds the key | nobody |
//! | `Registration::step` | the lock, **while the caller's step runs** | reads the flag | nobody |
//! | `stop`, `stop_all` | the lock | raises flags | nobody |
//! | drop of a `Registration` | the lock | removes the key | nobody |
//!
//! This is the one place where a caller's code runs under our lock, because that is the promise:
//! once `stop(key)` has returned, no further step of that worker begins. The price: steps of all
//! workers exclude each other, and a step that calls back into the same flags would wait for
//! itself. That is found and reported as a panic.
//!
//! **Lock order.** `turn`, then `state`; nobody asks for `turn` while it holds `state`. So no cycle
//! can form, and a worker that steps without a pause cannot keep a `stop` waiting.

use std::borrow::Borrow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;

use crate::stop_flags::UnknownKey;
use crate::sync::{Mutex, MutexGuard};

/// Keyed stop flags that come and go, with "check, then step" as one critical section.
///
/// # Memory ordering
/// One mutex guards everything: what happened before `stop` is visible to the step that is refused,
/// and what a step did is visible after the `stop` that waited for it.
///
/// # Differences from Python
/// The notebook's dict with a
/// [`Lock`](https://docs.python.org/3/library/threading.html#lock-objects) leaves it to each loop to
/// hold the lock around the check *and* the step; a loop that steps outside of it takes one more
/// step after the stop. A key removed while another thread iterates over the dict is a
/// `RuntimeError` there.
///
/// # Examples
/// ```
/// use threadproof::LockedFlags;
///
/// let flags = LockedFlags::new();
/// let watcher = flags.register("a.txt").unwrap();
/// assert_eq!(watcher.step(|| "looked"), Some("looked"));
/// assert_eq!(flags.stop("a.txt"), Ok(true));
/// assert_eq!(watcher.step(|| unreachable!()), None::<()>);
/// drop(watcher);
/// assert!(flags.is_empty());
/// ```
// ANCHOR: locked_flags
#[derive(Debug)]
pub struct LockedFlags<K> {
    /// Held only while its holder waits for `state`.
    turn: Mutex<()>,
    state: Mutex<State<K>>,
}

#[derive(Debug)]
struct State<K> {
    is_stopped: HashMap<K, bool>,
    all_stopped: bool,
}
// ANCHOR_END: locked_flags

/// A worker's place in a [`LockedFlags`]; dropping it removes the key.
#[derive(Debug)]
#[must_use = "dropping the registration removes the key at once"]
pub struct Registration<'a, K: Eq + Hash> {
    flags: &'a LockedFlags<K>,
    key: K,
}

/// Another worker holds this key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("key {key} is taken by a worker that has not ended")]
pub struct KeyTaken {
    /// The key as `Debug` writes it.
    pub key: String,
}

crate::sync::thread_local! {
    /// The flags in whose step this thread is, by address.
    static STEPPING: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

impl<K> Default for LockedFlags<K> {
    fn default() -> Self {
        let state = State {
            is_stopped: HashMap::new(),
            all_stopped: false,
        };
        Self {
            turn: Mutex::new(()),
            state: Mutex::new(state),
        }
    }
}

impl<K: Eq + Hash + Clone + Debug> LockedFlags<K> {
    /// Makes an empty set of flags.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `key` and gives its worker the right to step.
    ///
    /// After a [`stop_all`](Self::stop_all) a new key is stopped from the start.
    ///
    /// # Blocking
    /// While another worker's step runs.
    ///
    /// # Errors
    /// [`KeyTaken`] if a worker holds this key; that worker is not affected.
    ///
    /// # Panics
    /// From inside a step of the same flags.
    pub fn register(&self, key: K) -> Result<Registration<'_, K>, KeyTaken> {
        let mut state = self.lock(|| format!("register({key:?})"));
        if state.is_stopped.contains_key(&key) {
            let key = format!("{key:?}");
            return Err(KeyTaken { key });
        }
        let stopped = state.all_stopped;
        state.is_stopped.insert(key.clone(), stopped);
        drop(state);
        Ok(Registration { flags: self, key })
    }

    /// Stops the worker of `key`; `Ok(true)` if this call stopped it.
    ///
    /// Once it has returned, no further step of that worker begins, and none is running.
    ///
    /// # Blocking
    /// While a step runs, of any worker.
    ///
    /// # Errors
    /// [`UnknownKey`] if no worker holds `key`, because it never came or has ended.
    ///
    /// # Panics
    /// From inside a step of the same flags, naming the key: it would wait for itself.
    // ANCHOR: stop
    pub fn stop<Q>(&self, key: &Q) -> Result<bool, UnknownKey>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + Debug + ?Sized,
    {
        let mut state = self.lock(|| format!("stop({key:?})"));
        let stopped = state.is_stopped.get_mut(key);
        let stopped = stopped.ok_or_else(|| UnknownKey::new(key))?;
        Ok(!std::mem::replace(stopped, true))
    }
    // ANCHOR_END: stop

    /// Whether the worker of `key` was stopped.
    ///
    /// # Errors
    /// [`UnknownKey`] if no worker holds `key`.
    ///
    /// # Panics
    /// From inside a step of the same flags.
    pub fn is_stopped<Q>(&self, key: &Q) -> Result<bool, UnknownKey>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + Debug + ?Sized,
    {
        let state = self.lock(|| format!("is_stopped({key:?})"));
        let stopped = state.is_stopped.get(key);
        stopped.copied().ok_or_else(|| UnknownKey::new(key))
    }

    /// Stops every worker that is registered, and every one that registers later.
    ///
    /// # Panics
    /// From inside a step of the same flags.
    pub fn stop_all(&self) {
        let mut state = self.lock(|| "stop_all()".to_string());
        state.all_stopped = true;
        state
            .is_stopped
            .values_mut()
            .for_each(|stopped| *stopped = true);
    }

    /// How many workers are registered. Panics from inside a step of the same flags.
    pub fn len(&self) -> usize {
        self.lock(|| "len()".to_string()).is_stopped.len()
    }

    /// Whether no worker is registered. Panics from inside a step of the same flags.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K> LockedFlags<K> {
    // A model's report names the call, not this line.
    #[track_caller]
    fn lock(&self, call: impl FnOnce() -> String) -> MutexGuard<'_, State<K>> {
        if self.is_stepping() {
            panic!(
                "{} from inside a step of the same flags would wait for itself",
                call()
            );
        }
        // A worker that steps again at once would take the lock back before the thread that it has
        // just woken is there. So it has to wait for its turn behind that thread.
        let _turn = self.turn.lock();
        self.state.lock()
    }

    fn is_stepping(&self) -> bool {
        STEPPING.with(|stepping| stepping.borrow().contains(&self.address()))
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

impl<K: Eq + Hash> Registration<'_, K> {
    /// Runs `step` under the lock unless the worker was stopped; `None` once it was.
    ///
    /// # Blocking
    /// While another worker steps. Keep the step short: it holds up every `stop`.
    ///
    /// # Panics
    /// If `step` panics, the panic passes through: the lock is free again, the worker stays
    /// registered and can go on. If the thread is inside a step of the same flags already.
    // ANCHOR: step
    pub fn step<R>(&self, step: impl FnOnce() -> R) -> Option<R> {
        let state = self.flags.lock(|| "step()".to_string());
        if state
            .is_stopped
            .get(&self.key)
            .is_none_or(|stopped| *stopped)
        {
            return None;
        }
        let _stepping = Stepping::enter(self.flags.address());
        Some(step())
    }
    // ANCHOR_END: step

    /// The worker's key.
    pub fn key(&self) -> &K {
        &self.key
    }
}

impl<K: Eq + Hash> Drop for Registration<'_, K> {
    fn drop(&mut self) {
        // A step that unwinds while it owns another worker's registration: a second panic would
        // abort the program, so that key stays.
        if std::thread::panicking() && self.flags.is_stepping() {
            return;
        }
        let mut state = self.flags.lock(|| "dropping a registration".to_string());
        state.is_stopped.remove(&self.key);
    }
}

/// Marks this thread as inside a step; unmarks it also when the step panics.
struct Stepping;

impl Stepping {
    fn enter(flags: usize) -> Self {
        STEPPING.with(|stepping| stepping.borrow_mut().push(flags));
        Self
    }
}

impl Drop for Stepping {
    fn drop(&mut self) {
        STEPPING.with(|stepping| stepping.borrow_mut().pop());
    }
}
