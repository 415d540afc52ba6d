//! One stop flag per worker, the keys known from the start: the notebook's dict of flags, made safe.
//!
//! ```text
//!   keys ──▶ index        flags: [ running │ stopped │ running ]
//!   (never changes)                  ▲ stop(key)    ▲ is_stopped(key)
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | `stop` | nothing | one flag, swap with Release | nobody: the worker polls |
//! | `is_stopped` | nothing | one flag, load with Acquire | – |
//! | `stop_all` | nothing | each flag in turn, as `stop` | nobody |
//!
//! No lock is needed because the keys cannot change: the map is only read, the flags are atomics.
//! What the flags cannot promise is "no step after the stop": a worker may have looked a moment
//! earlier. [`LockedFlags`](crate::LockedFlags) promises that.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;

use crate::sync::atomic::{AtomicBool, Ordering};

/// A fixed set of keyed stop flags that any thread may raise and poll without a lock.
///
/// # Memory ordering
/// A thread whose `is_stopped(key)` gives `Ok(true)` sees what was written before the `stop(key)` or
/// `stop_all` that raised the flag. It also sees what was written before each later one, up to the one
/// whose value it has read. So whoever was told `Ok(true)` by `stop` has told everybody.
///
/// # Differences from Python
/// The notebook uses a plain [`dict`](https://docs.python.org/3/library/stdtypes.html#dict) of
/// `bool`s and leans on the GIL. A misspelt key there is a `KeyError` inside the thread, or a new
/// entry that nobody reads; here both sides get [`UnknownKey`].
///
/// # Examples
/// ```
/// use threadproof::StopFlags;
///
/// let flags = StopFlags::new(["a.txt", "b.txt"]);
/// std::thread::scope(|scope| {
///     scope.spawn(|| while !flags.is_stopped("a.txt").unwrap() { std::thread::yield_now() });
///     assert_eq!(flags.stop("a.txt"), Ok(true));
/// });
/// assert_eq!(flags.is_stopped("b.txt"), Ok(false));
/// assert_eq!(flags.stop("c.txt").unwrap_err().to_string(), r#"unknown key "c.txt""#);
/// ```
// ANCHOR: stop_flags
#[derive(Debug)]
pub struct StopFlags<K> {
    index: HashMap<K, usize>,
    flags: Vec<AtomicBool>,
}
// ANCHOR_END: stop_flags

/// There is no flag of this key, so nothing was stopped and nothing can be said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown key {key}")]
pub struct UnknownKey {
    /// The key as `Debug` writes it.
    pub key: String,
}

impl UnknownKey {
    pub(crate) fn new<Q: Debug + ?Sized>(key: &Q) -> Self {
        let key = format!("{key:?}");
        Self { key }
    }
}

impl<K: Eq + Hash> StopFlags<K> {
    /// Makes one flag per key, none of them raised. A key that comes twice has one flag.
    pub fn new(keys: impl IntoIterator<Item = K>) -> Self {
        let mut index = HashMap::new();
        for key in keys {
            let next = index.len();
            index.entry(key).or_insert(next);
        }
        let flags = index.iter().map(|_| AtomicBool::new(false)).collect();
        Self { index, flags }
    }

    /// Raises the flag of `key`; `Ok(true)` if this call raised it, `Ok(false)` if it was raised.
    ///
    /// Of many threads that stop one key, only the first gets `true`. Never blocks.
    ///
    /// # Errors
    /// [`UnknownKey`] if `key` was not among the keys of [`new`](Self::new); no flag changes then.
    // ANCHOR: stop
    pub fn stop<Q>(&self, key: &Q) -> Result<bool, UnknownKey>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + Debug + ?Sized,
    {
        // ORDERING: Release. What this thread wrote before is visible to whoever then sees `true`
        // by the Acquire load in `is_stopped`. One swap, not a load and a store, so that of two
        // callers only one is told that it stopped the worker.
        Ok(!self.flag(key)?.swap(true, Ordering::Release))
    }

    /// Whether the flag of `key` is raised. Never blocks.
    ///
    /// # Errors
    /// [`UnknownKey`] if `key` was not among the keys of [`new`](Self::new).
    pub fn is_stopped<Q>(&self, key: &Q) -> Result<bool, UnknownKey>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + Debug + ?Sized,
    {
        // ORDERING: Acquire. Pairs with the Release swaps in `stop` and `stop_all`: with the one whose
        // value it reads, and with those before it, since a swap goes on with their release sequence.
        Ok(self.flag(key)?.load(Ordering::Acquire))
    }
    // ANCHOR_END: stop

    /// Raises every flag, one after the other. Never blocks.
    pub fn stop_all(&self) {
        for flag in &self.flags {
            // ORDERING: Release, as in `stop`. A swap, though nobody asks what was there: a store
            // would end the release sequence of an earlier `stop`, and whoever reads this `true`
            // would not see what was written before that one.
            flag.swap(true, Ordering::Release);
        }
    }

    fn flag<Q>(&self, key: &Q) -> Result<&AtomicBool, UnknownKey>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + Debug + ?Sized,
    {
        let index = self.index.get(key).ok_or_else(|| UnknownKey::new(key))?;
        Ok(&self.flags[*index])
    }
}
