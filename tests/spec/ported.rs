//! Tests of other thread pools, by their meaning: what they had to learn, this pool is asked, too.
//!
//! - CPython, `Lib/test/test_concurrent_futures` (executor.py, test_shutdown.py, test_deadlock.py):
//!   <https://github.com/python/cpython/tree/main/Lib/test/test_concurrent_futures>
//! - rayon, `rayon-core/src/join/test.rs`, `rayon-core/src/scope/test.rs`, `src/iter/collect/test.rs`
//! - crossbeam, `crossbeam-utils/tests/thread.rs`

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use rstest::rstest;
use threadproof::{Event, JobError, Shutdown, ThreadPool, scoped_map, start};

use crate::support::{count, ends};

fn pool(workers: usize) -> ThreadPool {
    ThreadPool::new(count(workers)).expect("a few threads can be started")
}

/// Counts its drops.
#[derive(Clone, Debug)]
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        // ORDERING: Relaxed, only a count; it is read after joins.
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

// CPython.

/// `test_map_timeout`: what has ended is given, what has not is given up after the timeout, and
/// closing the iteration cancels the rest.
#[test]
fn p4_outputs_come_until_a_timeout_and_the_rest_is_cancelled() {
    let pool = pool(1);
    let gate = Arc::new(Event::new());
    let theirs = gate.clone();
    let job = |number: u32| {
        let gate = theirs.clone();
        let wait = move || {
            if number == 2 {
                gate.wait()
            }
        };
        pool.submit(wait).unwrap()
    };
    let jobs: Vec<_> = (0..5).map(job).collect();
    let mut ended = 0;
    let late = jobs.into_iter().filter_map(|job| {
        match job.join_timeout(if ended < 2 {
            Duration::MAX
        } else {
            Duration::from_millis(5)
        }) {
            Ok(output) => {
                assert_eq!(output, Ok(()));
                ended += 1;
                None
            }
            Err(job) => Some(job),
        }
    });
    let late: Vec<_> = late.collect();
    assert_eq!((ended, late.len()), (2, 3));
    let cancelled: Vec<bool> = late.iter().map(|job| job.cancel()).collect();
    assert_eq!(cancelled, [false, true, true], "the first of them runs");
    gate.set();
    let report = pool.shutdown(Shutdown::Drain);
    assert_eq!((report.completed, report.cancelled), (3, 2));
    assert_eq!(report.submitted(), 5);
}

/// `test_map_buffersize`, `…_on_infinite_iterable`, `…_when_buffer_is_full`.
#[rstest]
fn p4_no_more_inputs_are_taken_than_the_window_allows(
    #[values(1, 2, 4, 10)] window: usize,
    #[values(1, 3)] workers: usize,
) {
    let pool = pool(workers);
    let taken = Arc::new(AtomicU64::new(0));
    let counter = taken.clone();
    // ORDERING: Relaxed. Inputs are taken on this thread.
    let inputs = std::iter::repeat_with(move || counter.fetch_add(1, Ordering::Relaxed));
    let mut outputs = pool.map_lazy(inputs, count(window), |n| n);
    assert_eq!(
        taken.load(Ordering::Relaxed),
        0,
        "nothing before the first next"
    );
    for yielded in 0..20 {
        assert_eq!(outputs.next(), Some(Ok(yielded)));
        let taken = taken.load(Ordering::Relaxed);
        assert_eq!(
            taken,
            yielded + window as u64,
            "full, and no more than full"
        );
    }
    // "should have fetched only `buffersize` elements", also at the end of the pool.
    pool.shutdown(Shutdown::Drain);
    let left = outputs.by_ref().take(100).count();
    assert_eq!(left, window - 1);
    assert_eq!(taken.load(Ordering::Relaxed), 19 + window as u64);
}

/// `test_free_reference` (issue 14406): the iterator keeps no output that it has given.
#[rstest]
fn p8_an_output_that_was_given_is_the_caller_s_alone(#[values(1, 4)] window: usize) {
    let pool = pool(2);
    let outputs = pool.map_lazy(0..10, count(window), Arc::new);
    for output in outputs {
        let output = output.unwrap();
        let weak: Weak<i32> = Arc::downgrade(&output);
        drop(output);
        assert!(weak.upgrade().is_none());
    }
}

/// `test_no_stale_references` (issue 16284): an idle worker keeps nothing of its last job.
#[test]
fn p8_an_idle_worker_keeps_nothing_of_its_last_job() {
    let pool = pool(2);
    let owned = Arc::new(());
    let theirs = owned.clone();
    pool.submit(move || drop(theirs.clone()))
        .unwrap()
        .join()
        .unwrap();
    assert_eq!(Arc::strong_count(&owned), 1);
}

/// `test_shutdown_race_issue12456`: one job more than there are workers, then the end at once.
#[rstest]
fn p5_one_job_more_than_workers_and_a_shutdown_at_once(#[values(1, 2, 5)] workers: usize) {
    for _ in 0..200 {
        let jobs = workers as u64 + 1;
        let report = ends(move || {
            let pool = pool(workers);
            (0..jobs).for_each(|_| drop(pool.submit(|| ()).unwrap()));
            pool.shutdown(Shutdown::Drain)
        });
        assert_eq!(report.completed, jobs);
    }
}

/// `test_hang_gh94440`: a job that is cancelled just before the shutdown does not hold it up.
#[rstest]
fn p5_a_job_cancelled_right_before_the_shutdown_does_not_hold_it_up(
    #[values(Shutdown::Drain, Shutdown::CancelQueued)] how: Shutdown,
) {
    for _ in 0..200 {
        let (report, was_cancelled) = ends(move || {
            let pool = pool(1);
            pool.submit(|| ()).unwrap().join().unwrap();
            let job = pool.submit(|| ()).unwrap();
            let was_cancelled = job.cancel();
            (pool.shutdown(how), was_cancelled)
        });
        assert_eq!(report.completed + report.cancelled, 2);
        assert!(!was_cancelled || report.cancelled == 1);
    }
}

/// `test_hang_issue12364`: fifty jobs, the end, and only then the outputs.
#[test]
fn p5_outputs_are_there_after_the_shutdown() {
    let pool = pool(3);
    let jobs: Vec<_> = (0..50).map(|n| pool.submit(move || n).unwrap()).collect();
    assert_eq!(pool.shutdown(Shutdown::Drain).completed, 50);
    let outputs = jobs.into_iter().map(|job| ends(move || job.join()));
    assert!(outputs.eq((0..50).map(Ok)));
}

/// Names as `top -H` shows them; CPython's `test_thread_names_assigned`.
#[cfg(target_os = "linux")]
#[test]
fn names_of_workers_are_visible_to_the_operating_system() {
    let pool = pool(3);
    let (inside, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Event::new()));
    let job = || {
        let (inside, gate) = (inside.clone(), gate.clone());
        pool.submit(move || {
            // ORDERING: Relaxed, only a count.
            inside.fetch_add(1, Ordering::Relaxed);
            gate.wait();
            std::fs::read_to_string("/proc/thread-self/comm").unwrap()
        })
    };
    let jobs = [(); 3].map(|()| job().unwrap());
    crate::support::until(|| inside.load(Ordering::Relaxed) == 3);
    gate.set();
    let mut names = jobs.map(|job| job.join().unwrap());
    names.sort();
    assert_eq!(names, ["worker-1\n", "worker-2\n", "worker-3\n"]);
}

// rayon.

/// `panic_propagate_still_execute_func` and `_1` to `_4`: whichever panics, the others run.
#[rstest]
fn p3_whichever_job_panics_all_others_run(
    #[values(0, 1, 2, 3)] panics: usize,
    #[values(1, 2, 4)] workers: usize,
) {
    let ran = Arc::new(Mutex::new(Vec::new()));
    let theirs = ran.clone();
    let job = move |number: usize| {
        theirs.lock().unwrap().push(number);
        assert!(number != panics, "this one");
    };
    let outcomes = pool(workers).map(0..4, job.clone());
    let scoped = scoped_map(count(workers), &[0, 1, 2, 3], |number| job(*number));
    for number in 0..4 {
        assert_eq!(outcomes[number].is_err(), number == panics);
        assert_eq!(scoped[number].is_err(), number == panics);
    }
    let mut ran = ran.lock().unwrap().clone();
    ran.sort();
    assert_eq!(ran, [0, 0, 1, 1, 2, 2, 3, 3]);
}

/// `collect_drop_on_unwind`: outputs that are there when another job panics are dropped, once each.
#[rstest]
fn p8_outputs_beside_a_panic_are_dropped_once(#[values(1, 3)] workers: usize) {
    const JOBS: usize = 100;
    let drops = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&drops);
    let job = move |number: usize| {
        assert!(number != JOBS / 2, "this one");
        Counted(counted.clone())
    };
    let outcomes = pool(workers).map(0..JOBS, job.clone());
    assert_eq!(drops.load(Ordering::Relaxed), 0, "they are the caller's");
    drop(outcomes);
    assert_eq!(drops.load(Ordering::Relaxed), JOBS - 1);
    let numbers: Vec<usize> = (0..JOBS).collect();
    drop(scoped_map(count(workers), &numbers, |number| job(*number)));
    assert_eq!(drops.load(Ordering::Relaxed), 2 * (JOBS - 1));
}

// crossbeam.

/// `panic_many`: of three threads two panic, and each panic is told.
#[test]
fn j1_each_of_many_panics_is_told() {
    let thread = |name: &str, words: Option<&'static str>| {
        start(name, move || words.is_none_or(|words| panic!("{words}"))).unwrap()
    };
    let threads = [
        thread("one", Some("deep water")),
        thread("two", None),
        thread("three", Some("black water")),
    ];
    let told = threads.map(|thread| thread.join().map_err(|error| error.to_string()));
    let expected = [
        Err("one panicked: deep water".to_owned()),
        Ok(true),
        Err("three panicked: black water".to_owned()),
    ];
    assert_eq!(told, expected);
}

// Nested pools.

/// A job may own a pool, map on it, and end it, in each of several workers at once.
#[rstest]
fn p7_pools_inside_the_jobs_of_a_pool(#[values(1, 3)] workers: usize) {
    let outer = pool(workers);
    let outputs = ends(move || {
        outer.map(0..6, move |n: u64| {
            let inner = pool(workers);
            let squares = inner.map(0..=n, |m| m * m);
            let sum: u64 = squares.into_iter().map(Result::unwrap).sum();
            (sum, inner.shutdown(Shutdown::Drain).completed)
        })
    });
    let expected = (0..6).map(|n: u64| Ok::<_, JobError>(((0..=n).map(|m| m * m).sum(), n + 1)));
    assert!(outputs.into_iter().eq(expected));
}
