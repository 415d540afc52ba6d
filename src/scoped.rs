//! An ordered map over borrowed inputs, on threads that live for one call: Python's `map` of a
//! `ThreadPoolExecutor` inside a `with` of its own.
//!
//! ```text
//!                     ┌── claim ──▶ worker-1 ── runs ──┐
//!   borrowed inputs ──┼── claim ──▶ worker-2 ── runs ──┼── joined ──▶ outputs, in the inputs' order
//!                     └── claim ──▶ worker-3 ── runs ──┘
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | a worker claims a chunk | the inputs' lock, given up while it waits for one | inputs | nobody |
//! | it works on that | nothing | a list of outputs of its own | nobody |
//! | it finishes the chunk | the inputs' lock | what it has not begun | who waits for a chunk |
//! | it ends | nothing | – | the caller, which joins one after the other |
//!
//! Scoped threads may borrow what the caller borrows, since the call joins them before it returns.
//! A job that panics costs only itself.

use std::num::NonZeroUsize;
use std::thread;

use crate::chunk_size::ChunkSize;
use crate::chunks::Chunks;
use crate::lifecycle::{Panicked, discard, note_places};
use crate::outcomes::{in_order, run_chunk};
use crate::worker;

/// Runs `f` on every borrowed input with up to `workers` threads of its own; outputs in the inputs' order.
///
/// For inputs and functions that borrow from the caller; an output may borrow from its input, too. The
/// threads live for this call.
///
/// # Blocking
/// Until every input has its outcome and the threads have ended. Called by a job of a pool, its threads
/// wait on behalf of that job's worker: where the worker must not wait for a job of its pool, neither
/// may they.
///
/// # Errors
/// Each input on its own: the panic of its job. If the system cannot start that many threads, fewer
/// share the work, if need be the calling thread alone.
///
/// # Differences from Python
/// [`ThreadPoolExecutor.map`](https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.Executor.map)
/// in a `with` of its own: the first exception ends the iteration there; here each input has its outcome.
///
/// # Examples
/// ```
/// let words = ["one two", "three", "five six"].map(String::from);
/// let workers = std::num::NonZeroUsize::new(2).unwrap();
/// let first = threadproof::scoped_map(workers, &words, |text| text.split(' ').next().unwrap());
/// assert_eq!(first, [Ok("one"), Ok("three"), Ok("five")]);
/// ```
#[doc(alias = "ThreadPoolExecutor")]
pub fn scoped_map<'a, T, R, F>(
    workers: NonZeroUsize,
    inputs: &'a [T],
    f: F,
) -> Vec<Result<R, Panicked>>
where
    T: Sync,
    R: Send,
    F: Fn(&'a T) -> R + Sync,
{
    let outcomes = scoped_map_in_chunks(workers, inputs, &ChunkSize::of_threads(), &f);
    discard(f);
    outcomes
}

/// As [`scoped_map`], where the caller says how long the chunks are that a worker claims.
pub(crate) fn scoped_map_in_chunks<'a, T, R, F>(
    workers: NonZeroUsize,
    inputs: &'a [T],
    size: &ChunkSize,
    f: F,
) -> Vec<Result<R, Panicked>>
where
    T: Sync,
    R: Send,
    F: Fn(&'a T) -> R + Sync,
{
    note_places();
    let workers = workers.get().min(inputs.len());
    let chunks = Chunks::new(inputs.iter(), workers.max(1));
    let work = |name: &str| {
        let (mut all, mut size) = (Vec::new(), size.clone());
        while let Some(chunk) = chunks.claim_or_wait(size.length()) {
            let (outcomes, _) = run_chunk(name, &chunks, chunk, &mut size, &f);
            all.push(outcomes);
        }
        all
    };
    let caller = worker::current();
    thread::scope(|scope| {
        let work = &work;
        let start = |number: usize| {
            let name = format!("worker-{number}");
            let builder = thread::Builder::new().name(name.clone());
            builder.spawn_scoped(scope, move || {
                worker::begin(number, caller);
                work(&name)
            })
        };
        let threads: Vec<_> = (1..=workers)
            .map_while(|number| start(number).ok())
            .collect();
        let mut all = if threads.is_empty() {
            work("caller")
        } else {
            Vec::new()
        };
        for thread in threads {
            all.extend(
                thread
                    .join()
                    .expect("a worker catches the panics of its jobs"),
            );
        }
        in_order(all)
    })
}
