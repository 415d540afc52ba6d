//! Stop flags whose check and step are one: the notebook's dict of flags with `threading.Lock()`.
//!
//! ```text
//!   register ──▶ running ── stop / stop_all ──▶ stopped
//!                   │ step: check and run,         │ step: None
//!                   ▼ in one turn                  ▼
//!                 drop of the Registration: the key is gone
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | `register` | the turn, the lock | adds the key | the next in line |
//! | `stop`, `stop_all` | the turn, the lock | raises flags | the next in line |
//! | `is_stopped`, `len` | the turn, the lock | nothing | the next in line |
//! | `Registration::step` | the turn, **while the caller's step runs**; the lock before and after | `stepping` | the next in line |
//! | drop of a `Registration` | the turn (inside a step it is the step's), the lock | removes the key | the next in line |
//!
//! The *turn* is the permit of a [`Semaphore`] of one: first come, first served. So once `stop(key)`
//! has returned, no further step of that worker begins, and the stop has waited for no more than the
//! step that ran and what was asked for before it. The price: steps of all workers exclude each
//! other, and a step that calls the same flags would wait for itself: that is found, and a panic.
//!
//! The lock guards the map, for the time of a look. Of the caller's code only `Hash`, `Eq` and `Borrow` of
//! the key run under it; it is cloned before, and written and dropped after. **Lock order.** The turn,
//! then the lock; who holds the lock asks for no turn.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt::{self, Debug};
use std::hash::{DefaultHasher, Hash};
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::lifecycle::{Theirs, discard};
use crate::semaphore::{Permit, Semaphore};
use crate::stop_flags::UnknownKey;
use crate::sync::Mutex;
use crate::sync::thread::{self, ThreadId};

/// Keyed stop flags that come and go, with "check, then step" as one critical section.
///
/// **Keys.** `Clone`, `Debug` and `Drop` of a key may call the same flags; a panic in `Drop` is printed and
/// ends there. `Hash`, `Eq` and `Borrow` run under the lock: one that calls the same flags waits for ever. A
/// panic in them passes to the caller; while a registration is dropped it ends there, and the key stays.
///
/// # Blocking
/// A call waits for the step that runs, of any worker, and for what was asked for before it: with
/// `n` workers that step without a pause, for `n` steps at most.
///
/// # Panics
/// A call from inside a step of the same flags would wait for itself: the panic says which call it
/// was. Dropping another worker's registration is none, nor is [`n_waiting`](Self::n_waiting).
///
/// # Memory ordering
/// One lock guards everything: what happened before `stop` is visible to the step that is refused,
/// and what a step did is visible after the `stop` that waited for it.
///
/// # Differences from Python
/// The notebook's dict with a
/// [`Lock`](https://docs.python.org/3/library/threading.html#lock-objects) leaves it to each loop to hold
/// the lock around the check *and* the step; a loop that steps outside of it may take one more step after the
/// stop. Which of the threads that wait for a `Lock` is next is not defined there: a loop that takes it
/// again at once can keep a stop waiting. A key removed while another thread iterates over the dict is a
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
pub struct LockedFlags<K> {
    /// Of one permit: the thread that has it may step, or do what another call does.
    turn: Semaphore,
    state: Mutex<State<K>>,
}

struct State<K> {
    is_stopped: HashMap<K, bool>,
    all_stopped: bool,
    /// Whose step runs. It has the turn, and not the lock.
    stepping: Option<ThreadId>,
}
// ANCHOR_END: locked_flags

/// A worker's place in a [`LockedFlags`]; dropping it removes the key.
#[derive(Debug)]
#[must_use = "dropping the registration removes the key at once"]
pub struct Registration<'a, K: Eq + Hash> {
    flags: &'a LockedFlags<K>,
    /// `None` only while it is dropped.
    key: Option<K>,
}

/// Another worker holds this key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("key {key} is taken by a worker that has not ended")]
pub struct KeyTaken {
    /// The key as `Debug` writes it.
    pub key: String,
}

impl<K> Default for LockedFlags<K> {
    fn default() -> Self {
        let turn = Semaphore::new(NonZeroUsize::MIN);
        let state = Mutex::new(State {
            is_stopped: HashMap::new(),
            all_stopped: false,
            stepping: None,
        });
        Self { turn, state }
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
    /// # Errors
    /// [`KeyTaken`] if a worker holds this key; that worker is not affected.
    pub fn register(&self, key: K) -> Result<Registration<'_, K>, KeyTaken> {
        // However this ends, both are dropped under no lock, and a panic in that goes no further.
        let key = Theirs::new(key);
        let mut own = Theirs::new(Some(K::clone(&key)));
        // The map drops a key whose `Hash` panics while it takes it in: so it panics here, if ever.
        key.hash(&mut DefaultHasher::new());
        let is_taken = self.in_turn(format_args!("register({:?})", *key), |state| {
            let is_taken = state.is_stopped.contains_key(&*key);
            if !is_taken && let Some(own) = own.take() {
                state.is_stopped.insert(own, state.all_stopped);
            }
            is_taken
        });
        if is_taken {
            let key = format!("{:?}", *key);
            return Err(KeyTaken { key });
        }
        let (flags, key) = (self, Some(key.into_inner()));
        Ok(Registration { flags, key })
    }

    /// Stops the worker of `key`; `Ok(true)` if this call stopped it.
    ///
    /// Once it has returned, no further step of that worker begins, and none is running.
    ///
    /// # Errors
    /// [`UnknownKey`] if no worker holds `key`, because it never came or has ended.
    // ANCHOR: stop
    pub fn stop<Q: Eq + Hash + Debug + ?Sized>(&self, key: &Q) -> Result<bool, UnknownKey>
    where
        K: Borrow<Q>,
    {
        let was_stopped = self.in_turn(format_args!("stop({key:?})"), |state| {
            let stopped = state.is_stopped.get_mut(key)?;
            Some(std::mem::replace(stopped, true))
        });
        let changed = was_stopped.map(|was_stopped| !was_stopped);
        changed.ok_or_else(|| UnknownKey::new(key))
    }
    // ANCHOR_END: stop

    /// Whether the worker of `key` was stopped.
    ///
    /// # Errors
    /// [`UnknownKey`] if no worker holds `key`.
    pub fn is_stopped<Q: Eq + Hash + Debug + ?Sized>(&self, key: &Q) -> Result<bool, UnknownKey>
    where
        K: Borrow<Q>,
    {
        let call = format_args!("is_stopped({key:?})");
        let stopped = self.in_turn(call, |state| state.is_stopped.get(key).copied());
        stopped.ok_or_else(|| UnknownKey::new(key))
    }

    /// Stops every worker that is registered, and every one that registers later.
    pub fn stop_all(&self) {
        self.in_turn(format_args!("stop_all()"), |state| {
            state.all_stopped = true;
            let flags = state.is_stopped.values_mut();
            flags.for_each(|stopped| *stopped = true);
        });
    }

    /// How many workers are registered.
    pub fn len(&self) -> usize {
        self.in_turn(format_args!("len()"), |state| state.is_stopped.len())
    }

    /// Whether no worker is registered.
    pub fn is_empty(&self) -> bool {
        let call = format_args!("is_empty()");
        self.in_turn(call, |state| state.is_stopped.is_empty())
    }

    /// How many threads wait for their turn at this moment, for tests and reports: they are served
    /// before later ones. Waits for no turn itself, so it may be called from inside a step.
    pub fn n_waiting(&self) -> usize {
        self.turn.n_waiting()
    }
}

impl<K> LockedFlags<K> {
    /// What `call` does with the turn and the lock. A model's report names the call, not this line.
    #[track_caller]
    fn in_turn<R>(&self, call: fmt::Arguments<'_>, act: impl FnOnce(&mut State<K>) -> R) -> R {
        let _turn = self.turn_of(call);
        act(&mut self.state.lock())
    }

    #[track_caller]
    fn turn_of(&self, call: fmt::Arguments<'_>) -> Permit<'_> {
        self.take_turn().unwrap_or_else(|| {
            // Written first: a key that panics when it is written must not do so while we do.
            let call = call.to_string();
            panic!("{call} from inside a step of the same flags would wait for itself")
        })
    }

    /// The turn, or `None` if this thread has it: it is inside a step.
    #[track_caller]
    fn take_turn(&self) -> Option<Permit<'_>> {
        // If it is free, nobody steps.
        let free = self.turn.try_acquire();
        let is_stepping = || self.state.lock().stepping == Some(thread::current().id());
        free.or_else(|| (!is_stepping()).then(|| self.turn.acquire()))
    }
}

impl<K: Eq + Hash> Registration<'_, K> {
    /// Runs `step` in a turn of its own unless the worker was stopped; `None` once it was.
    ///
    /// # Blocking
    /// As all calls. Keep the step short: it holds up every `stop`.
    ///
    /// # Panics
    /// If `step` panics, the panic passes through: the turn is free again, the worker stays
    /// registered and can go on.
    // ANCHOR: step
    pub fn step<R>(&self, step: impl FnOnce() -> R) -> Option<R> {
        let flags = self.flags;
        let _turn = flags.turn_of(format_args!("step()"));
        let mut state = flags.state.lock();
        let stopped = state.is_stopped.get(self.key());
        if stopped.is_none_or(|stopped| *stopped) {
            return None;
        }
        state.stepping = Some(thread::current().id());
        drop(state);
        let _stepping = Stepping(flags);
        Some(step())
    }
    // ANCHOR_END: step

    /// The worker's key.
    pub fn key(&self) -> &K {
        self.key.as_ref().expect("only the drop takes it")
    }
}

/// Waits for a turn as any call does; inside a step of the same flags it has the step's.
impl<K: Eq + Hash> Drop for Registration<'_, K> {
    fn drop(&mut self) {
        let turn = self.flags.take_turn();
        let theirs = catch_unwind(AssertUnwindSafe(|| {
            self.flags.state.lock().is_stopped.remove_entry(self.key())
        }));
        drop(turn);
        discard(theirs);
        discard(self.key.take());
    }
}

/// While it lives, this thread's step runs; that ends with it, also when the step panics.
struct Stepping<'a, K>(&'a LockedFlags<K>);

impl<K> Drop for Stepping<'_, K> {
    fn drop(&mut self) {
        self.0.state.lock().stepping = None;
    }
}

/// Without the keys, whose own `Debug` would run under the lock.
impl<K> Debug for LockedFlags<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockedFlags").finish_non_exhaustive()
    }
}
