//! <https://docs.python.org/3/library/concurrent.futures.html#threadpoolexecutor>: how a pool is made.

use std::cell::Cell;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use rstest::rstest;
use threadproof::ThreadPool;

use crate::support::count;

/// CPython: `InitializerMixin`.
#[test]
fn each_worker_is_initialised_once_before_its_first_job() {
    thread_local!(static SELF: Cell<usize> = const { Cell::new(0) });
    let (runs, meeting) = (Arc::new(AtomicUsize::new(0)), Arc::new(Barrier::new(3)));
    let theirs = runs.clone();
    let initialise = move || -> Result<(), Infallible> {
        SELF.set(1 + theirs.fetch_add(1, Ordering::Relaxed));
        Ok(())
    };
    let pool = ThreadPool::initialised_by(count(3), initialise).unwrap();
    assert_eq!(runs.load(Ordering::Relaxed), 3, "before any job");
    let numbers = pool.map([(); 6], move |()| {
        // Three at a time: each worker runs two.
        meeting.wait();
        SELF.get()
    });
    let mut numbers: Vec<_> = numbers.into_iter().map(Result::unwrap).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 1, 2, 2, 3, 3]);
    assert_eq!(runs.load(Ordering::Relaxed), 3);
}

/// CPython: `FailingInitializerMixin`, where all jobs break; here there is no pool.
#[rstest]
#[case::fails(|| Err("no such database"))]
#[case::panics(|| panic!("no such database"))]
fn an_initialiser_that_fails_is_an_error_that_names_the_worker(
    #[case] fail: fn() -> Result<(), &'static str>,
) {
    let alive = Arc::new(AtomicUsize::new(0));
    let theirs = alive.clone();
    let second_fails = move || match theirs.fetch_add(1, Ordering::Relaxed) {
        1 => fail(),
        _ => Ok(()),
    };
    let error = ThreadPool::initialised_by(count(3), second_fails).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("worker-"), "{text}");
    assert!(
        text.ends_with("could not prepare itself: no such database"),
        "{text}"
    );
    assert_eq!(Arc::strong_count(&alive), 1, "a thread is left");
}
