//! An ordered map over borrowed inputs, on threads that live for one call: Python's `map` of a
//! `ThreadPoolExecutor` inside a `with` of its own.
//!
//! ```text
//!                      ┌── claim ──▶ worker-1 ── runs ──┐
//!   inputs, a counter ─┼── claim ──▶ worker-2 ── runs ──┼── joined ──▶ outputs, in the inputs' order
//!                      └── claim ──▶ worker-3 ── runs ──┘
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | a worker claims a run | nothing | the counter of `claims` | nobody |
//! | it works on that | nothing | a list of outputs of its own | nobody |
//! | it ends | nothing | – | the caller, which joins one after the other |
//!
//! Scoped threads may borrow what the caller borrows, since the call joins them before it returns.
//! A job that panics costs only itself.

use std::num::NonZeroUsize;
use std::thread;
use std::time::Instant;

use crate::claims::{Counter, Pace, Run, in_order};
use crate::lifecycle::Panicked;

/// Runs `f` on every borrowed input with `workers` threads of its own; outputs in the inputs' order.
///
/// For inputs and functions that borrow from the caller. The threads live for this call.
///
/// # Blocking
/// Until every input has its outcome and the threads have ended.
///
/// # Errors
/// Each input on its own: the panic of its job. If the system cannot start that many threads, fewer
/// share the work, if need be the calling thread alone.
///
/// # Examples
/// ```
/// let words = ["one", "three", "five"].map(String::from);
/// let workers = std::num::NonZeroUsize::new(2).unwrap();
/// let lengths = threadproof::scoped_map(workers, &words, |word| word.len());
/// assert_eq!(lengths, [Ok(3), Ok(5), Ok(4)]);
/// ```
pub fn scoped_map<T, R, F>(workers: NonZeroUsize, inputs: &[T], f: F) -> Vec<Result<R, Panicked>>
where
    T: Sync,
    R: Send,
    F: Fn(&T) -> R + Sync,
{
    scoped_map_in_runs(workers, inputs, Pace::of_threads, f)
}

/// As [`scoped_map`], where the caller says how long the runs are that a worker claims.
pub(crate) fn scoped_map_in_runs<T, R, F>(
    workers: NonZeroUsize,
    inputs: &[T],
    pace: fn() -> Pace,
    f: F,
) -> Vec<Result<R, Panicked>>
where
    T: Sync,
    R: Send,
    F: Fn(&T) -> R + Sync,
{
    let workers = workers.get().min(inputs.len());
    let counter = Counter::new(inputs.len(), workers.max(1));
    let work = |name: &str| {
        let (mut runs, mut pace) = (Vec::new(), pace());
        while let Some(indices) = counter.claim(pace.length()) {
            let start = Instant::now();
            let first = indices.start;
            runs.push(Run::of(name, first, inputs[indices].iter(), &f));
            pace.learn(start);
        }
        runs
    };
    thread::scope(|scope| {
        let work = &work;
        let start = |number: usize| {
            let name = format!("worker-{number}");
            thread::Builder::new()
                .name(name.clone())
                .spawn_scoped(scope, move || work(&name))
        };
        let threads: Vec<_> = (1..=workers)
            .map_while(|number| start(number).ok())
            .collect();
        let mut runs = if threads.is_empty() {
            work("caller")
        } else {
            Vec::new()
        };
        for thread in threads {
            runs.extend(
                thread
                    .join()
                    .expect("a worker catches the panics of its jobs"),
            );
        }
        in_order(runs)
    })
}
