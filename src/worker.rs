//! Which worker this thread is: the number that Python keeps in a `threading.local` of an initializer.
//!
//! ```text
//!   pool ──▶ worker-1 (1 of the pool)
//!        └─▶ worker-2 (2 of the pool) ── scoped_map ──▶ its threads (1, 2, …), on behalf of 2 of the pool
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | a worker begins | nothing | a cell of its own thread | nobody |
//! | a thread asks | nothing | the same cell | nobody |
//!
//! A worker that lets other threads work for it, as `scoped_map` does, ends no sooner than they do. So
//! a wait of theirs is a wait of the worker's, and they pass for it where waits are looked at.

use std::cell::Cell;

/// A worker of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Worker {
    /// The pool's queue, by address.
    pub(crate) pool: usize,
    /// From 0 on.
    pub(crate) place: usize,
}

// Without destructors: whatever a thread drops at its end may still ask.
crate::sync::thread_local! {
    /// The number that the thread has, 0 for none.
    static NUMBER: Cell<usize> = const { Cell::new(0) };
}
crate::sync::thread_local! {
    static WORKS_FOR: Cell<Option<Worker>> = const { Cell::new(None) };
}

/// The number of the worker that calls, from 1 on; `None` on a thread that is no worker.
///
/// Workers of a [`ThreadPool`](crate::thread_pool::ThreadPool), from their initialiser on, threads of a
/// [`scoped_map`](crate::scoped::scoped_map), and the main thread of a worker process have one, but not a
/// caller that must work alone. No two workers of a pool that run at the same time have the same, and a
/// process that replaces another has its number: so it can stand for a place that each worker has for
/// itself: a buffer, a connection, a row of a table.
///
/// # Differences from Python
/// Python's workers have names,
/// [`threading.current_thread().name`](https://docs.python.org/3/library/threading.html#threading.current_thread),
/// such as `ThreadPoolExecutor-0_1`.
///
/// # Examples
/// ```
/// use threadproof::{ThreadPool, worker_number};
/// let pool = ThreadPool::new(std::num::NonZeroUsize::new(2).unwrap())?;
/// let numbers = pool.map([(); 8], |()| worker_number());
/// assert!(numbers.iter().all(|number| matches!(number, Ok(Some(1 | 2)))));
/// assert_eq!(worker_number(), None, "this thread is no worker");
/// # Ok::<(), std::io::Error>(())
/// ```
#[doc(alias = "current_thread")]
#[doc(alias = "get_ident")]
pub fn worker_number() -> Option<usize> {
    Some(NUMBER.with(Cell::get)).filter(|number| *number != 0)
}

/// From now on this thread has this number, and waits on behalf of that worker.
pub(crate) fn begin(number: usize, worker: Option<Worker>) {
    NUMBER.with(|own| own.set(number));
    WORKS_FOR.with(|own| own.set(worker));
}

/// It is no worker any more, whatever its thread-locals ask while they are dropped.
pub(crate) fn end() {
    begin(0, None);
}

/// The worker that this thread is, or works on behalf of.
pub(crate) fn current() -> Option<Worker> {
    WORKS_FOR.with(Cell::get)
}
