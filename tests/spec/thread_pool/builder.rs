//! <https://docs.python.org/3/library/concurrent.futures.html#threadpoolexecutor>: how a pool is made.

use std::cell::Cell;
use std::convert::Infallible;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use rstest::rstest;
use threadproof::ThreadPool;

use crate::support::{count, passes_in_its_own_process};

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

#[test]
fn an_initialiser_is_gone_when_the_pool_is_there() {
    for _ in 0..100 {
        let held = Arc::new(());
        let theirs = held.clone();
        let initialise = move || -> Result<(), Infallible> {
            let _ = &theirs;
            Ok(())
        };
        let _pool = ThreadPool::initialised_by(count(3), initialise).unwrap();
        assert_eq!(Arc::strong_count(&held), 1);
    }
}

#[test]
fn a_pool_has_as_many_workers_as_there_are_cores_unless_it_is_told_otherwise() {
    let cores = std::thread::available_parallelism().unwrap();
    assert_eq!(ThreadPool::builder().build().unwrap().workers(), cores);
    let three = ThreadPool::builder().workers(count(3)).build().unwrap();
    assert_eq!(three.workers().get(), 3);
    let names = three.map([(); 3], |()| super::this_worker());
    assert!(
        names
            .iter()
            .all(|name| name.as_ref().unwrap().starts_with("worker-"))
    );
}

/// The name is in the thread, in its panics, and in the error of an initialiser that fails.
#[test]
fn workers_are_called_what_the_builder_is_told() {
    let builder = || ThreadPool::builder().workers(count(2)).name("fetch");
    let (pool, meeting) = (builder().build().unwrap(), Arc::new(Barrier::new(2)));
    let together = move |()| {
        meeting.wait();
        super::this_worker()
    };
    let mut names: Vec<_> = pool
        .map([(); 2], together)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    names.sort();
    assert_eq!(names, ["fetch-1", "fetch-2"]);
    let told = pool.submit(|| panic!("no page")).unwrap().join();
    let told: Result<(), String> = told.map_err(|error| error.to_string());
    let said = told.unwrap_err();
    assert!(
        said.starts_with("fetch-") && said.ends_with(" panicked: no page"),
        "{said}"
    );
    let error = builder()
        .initialised_by(|| Err::<(), _>("no net"))
        .build()
        .unwrap_err();
    let said = error.to_string();
    assert!(
        said.starts_with("fetch-") && said.ends_with(" could not prepare itself: no net"),
        "{said}"
    );
}

#[test]
fn a_name_with_a_zero_byte_is_an_error_that_shows_it() {
    let error = ThreadPool::builder().name("a\0b").build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains(r#""a\0b-1""#), "{error}");
}

#[rstest]
fn more_workers_than_there_can_be_are_an_error_that_says_how_many(
    #[values(65_537, 1 << 40, usize::MAX)] workers: usize,
) {
    let error = ThreadPool::new(count(workers)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let said = error.to_string();
    assert_eq!(said, format!("{workers} workers; a pool has 65536 at most"));
}

/// The last of these takes more than 8 MiB: a thread of `std`'s has 2, unless it is told otherwise.
#[test]
fn the_stack_of_a_worker_is_as_large_as_the_builder_is_told() {
    /// Each call needs more than 1 KiB.
    fn depth(left: usize, above: &[u8; 1024]) -> u64 {
        let mut own = *above;
        own[left % 1024] += 1;
        match left {
            0 => own.iter().map(|byte| u64::from(*byte)).sum(),
            _ => depth(left - 1, std::hint::black_box(&own)),
        }
    }
    const SIZE: &str = "THREADPROOF_TEST_OF_STACK_SIZE";
    const CALLS: usize = 8 * 1024;
    if let Some(size) = std::env::var_os(SIZE) {
        let size = size.into_string().unwrap();
        let builder = ThreadPool::builder().workers(count(1));
        let builder = match size.parse() {
            Ok(bytes) => builder.stack_size(bytes),
            Err(_) => builder,
        };
        let job = builder.build().unwrap().submit(|| depth(CALLS, &[0; 1024]));
        return assert_eq!(job.unwrap().join(), Ok(CALLS as u64 + 1));
    }
    let this = std::thread::current().name().unwrap().to_owned();
    let works = |size: &str| {
        passes_in_its_own_process(&this, |test| {
            test.env(SIZE, size).env_remove("RUST_MIN_STACK")
        })
    };
    assert!(works(&(128 << 20).to_string()));
    assert!(!works("as std has it"), "this test needs more calls");
}

#[test]
fn a_builder_says_what_it_was_told() {
    let builder = ThreadPool::builder()
        .workers(count(3))
        .name("fetch")
        .stack_size(1 << 20);
    let said = format!("{builder:?}");
    for told in ["Some(3)", "\"fetch\"", "Some(1048576)"] {
        assert!(said.contains(told), "{said}");
    }
}
