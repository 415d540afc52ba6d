//! <https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.Executor.map>: P1, P3, P8.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rstest::rstest;
use threadproof::{Event, JobError, PoolReport, Shutdown, scoped_map, start};

use super::{gate_and_clone, message, pool};
use crate::support::{PanicsWhenDropped, count, until};

/// CPython: `test_map`.
#[rstest]
fn map_gives_the_outputs_in_the_inputs_order(#[values(1, 2, 5)] workers: usize) {
    let outputs = pool(workers).map(0..100, |n: i32| n.pow(2));
    let squares: Vec<_> = (0..100).map(|n: i32| Ok(n.pow(2))).collect();
    assert_eq!(outputs, squares);
}

#[rstest]
fn no_inputs_give_no_outputs(#[values(1, 3)] workers: usize) {
    let pool = pool(workers);
    let none: [u8; 0] = [];
    assert_eq!(pool.map(none, |n| n), []);
    assert_eq!(pool.map_lazy(none, count(2), |n| n).next(), None);
    assert_eq!(scoped_map(count(workers), &none, |n| *n), []);
    assert_eq!(pool.shutdown(Shutdown::Drain), PoolReport::default());
}

/// CPython: `test_map_exception`, where the iteration ends at the exception. Here it goes on.
#[rstest]
fn a_panic_costs_only_its_own_job(#[values(1, 2, 4)] workers: usize) {
    let pool = pool(workers);
    let outputs = pool.map([5, 2, 0, 3, 0], |n: u32| {
        30u32.checked_div(n).expect("zero")
    });
    assert_eq!(outputs[..2], [Ok(6), Ok(15)]);
    assert_eq!(message(&outputs[2]), "zero");
    assert_eq!(outputs[3], Ok(10));
    assert_eq!(message(&outputs[4]), "zero");
    let report = pool.shutdown(Shutdown::Drain);
    assert_eq!((report.completed, report.panicked), (3, 2));
}

#[rstest]
#[case::text(|| panic!("plain"), "plain")]
#[case::formatted(|| panic!("number {}", 7), "number 7")]
#[case::a_number(|| std::panic::panic_any(7), "(a payload that is no text)")]
#[case::a_payload_that_panics_when_dropped(
    || std::panic::panic_any(PanicsWhenDropped),
    "(a payload that is no text)"
)]
fn a_panic_is_data_with_its_worker_and_message(#[case] body: fn(), #[case] expected: &str) {
    let pool = pool(1);
    let outcome = pool.submit(body).unwrap().join();
    let Err(JobError::Panicked(panicked)) = outcome else {
        panic!("this job panics")
    };
    assert_eq!(
        (panicked.worker(), panicked.message()),
        ("worker-1", expected)
    );
    assert_eq!(pool.submit(|| 1).unwrap().join(), Ok(1));
}

#[test]
fn the_function_of_a_map_is_gone_when_the_map_returns() {
    let pool = pool(8);
    // Most workers come to the one input too late, and must not keep what they came for.
    for _ in 0..20_000 {
        let shared = Arc::new(());
        let theirs = shared.clone();
        assert_eq!(pool.map([1], move |n| (n, *theirs)), [Ok((1, ()))]);
        Arc::try_unwrap(shared).expect("no worker holds the function");
    }
}

#[test]
fn cancel_queued_ends_what_a_running_map_has_not_begun() {
    let pool = pool(2);
    let (gate, running) = (Arc::new(Event::new()), Arc::new(AtomicUsize::new(0)));
    let outputs = thread::scope(|scope| {
        let (theirs, count) = (gate.clone(), running.clone());
        let function = move |n: i32| {
            count.fetch_add(1, Ordering::Relaxed);
            theirs.wait();
            n
        };
        let map = scope.spawn(|| pool.map([1, 2, 3, 4, 5], function));
        until(|| running.load(Ordering::Relaxed) == 2);
        assert_eq!(pool.cancel_queued(), 3);
        assert_eq!(pool.cancel_queued(), 0);
        gate.set();
        map.join().unwrap()
    });
    let cancelled = Err(JobError::Cancelled);
    let expected = [
        Ok(1),
        Ok(2),
        cancelled.clone(),
        cancelled.clone(),
        cancelled,
    ];
    assert_eq!(outputs, expected);
    assert_eq!(pool.submit(|| "open").unwrap().join(), Ok("open"));
    let report = pool.shutdown(Shutdown::Drain);
    assert_eq!((report.completed, report.cancelled), (3, 3));
}

/// A worker that finds no more inputs takes the map out of the queue, while another one has inputs that
/// it has claimed in one go and not begun.
#[test]
fn cancel_queued_reaches_what_was_claimed_of_a_map_that_has_left_the_queue() {
    const INPUTS: usize = 2000;
    // How many inputs are claimed in one go is a matter of time: now and then it is one alone.
    let was_seen = (0..100).any(|_| {
        let pool = Arc::new(pool(2));
        let (gate, theirs) = gate_and_clone();
        let ran = Arc::new(AtomicUsize::new(0));
        let (inside, count) = (pool.clone(), ran.clone());
        let function = move |number| {
            if number == INPUTS / 3 {
                theirs.wait();
            }
            count.fetch_add(1, Ordering::Relaxed);
        };
        let map = start("map", move || inside.map(0..INPUTS, function)).unwrap();
        until(|| gate.n_waiting() == 1);
        // It stands behind the map, and runs once the other worker has found no more inputs.
        assert_eq!(pool.submit(|| ()).unwrap().join(), Ok(()));
        let claimed = INPUTS - 1 - ran.load(Ordering::Relaxed);
        pool.cancel_queued();
        gate.set();
        let outcomes = map.join().unwrap();
        let cancelled = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        assert_eq!(cancelled, claimed);
        claimed > 0
    });
    assert!(was_seen);
}
