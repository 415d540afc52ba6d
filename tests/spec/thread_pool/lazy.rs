//! <https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.Executor.map>, with `buffersize`: P4.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use threadproof::{Event, JobError, Shutdown};

use super::pool;
use crate::support::{count, until};

/// CPython: `test_submit_after_shutdown`. A pool that is shut down cannot be named any more; only
/// a lazy map can outlive it, and be in the midst of taking an input at that moment.
#[test]
fn a_lazy_map_that_outlives_its_pool_gives_cancelled_for_each_input_taken() {
    let home = Arc::new(Mutex::new(Some(pool(1))));
    let taken = Arc::new(AtomicUsize::new(0));
    let (theirs, count_taken) = (home.clone(), taken.clone());
    let inputs = (0..).inspect(move |number| {
        count_taken.fetch_add(1, Ordering::Relaxed);
        if *number == 5 {
            let pool = theirs.lock().unwrap().take().unwrap();
            pool.shutdown(Shutdown::CancelQueued);
        }
    });
    let mut outputs = {
        let home = home.lock().unwrap();
        home.as_ref()
            .unwrap()
            .map_lazy(inputs, count(8), |number| number)
    };
    let first: Vec<_> = outputs.by_ref().take(6).collect();
    // The input that was taken while the pool ended is among them; no later one was taken.
    assert_eq!(taken.load(Ordering::Relaxed), 6);
    assert_eq!(first[5], Err(JobError::Cancelled));
    assert!(first[..5].iter().enumerate().all(|(number, outcome)| {
        matches!(outcome, Err(JobError::Cancelled)) || *outcome == Ok(number)
    }));
    for _ in 0..3 {
        assert_eq!(outputs.next(), None);
    }
}

#[test]
fn a_lazy_map_gives_what_a_drained_pool_had_run_and_then_ends() {
    let pool = pool(1);
    let mut outputs = pool.map_lazy(0.., count(4), |number| number);
    assert_eq!(outputs.next(), Some(Ok(0)));
    drop(pool);
    assert_eq!(outputs.by_ref().collect::<Vec<_>>(), [Ok(1), Ok(2), Ok(3)]);
    assert_eq!(outputs.next(), None);
}

#[test]
fn a_lazy_map_begun_after_the_end_of_its_pool_takes_no_input() {
    let pool = pool(1);
    let inputs = std::iter::once_with(|| panic!("taken"));
    let mut outputs = pool.map_lazy(inputs, count(1), |(): ()| ());
    drop(pool);
    assert_eq!(outputs.next(), None);
}

#[test]
fn a_lazy_map_whose_inputs_have_ended_lets_them_go_and_stays_at_its_end() {
    let pool = pool(1);
    let held = Arc::new(());
    let (theirs, mut calls) = (held.clone(), 0);
    let comes_back = std::iter::from_fn(move || {
        let _ = &theirs;
        calls += 1;
        (calls != 3).then_some(calls)
    });
    let mut outputs = pool.map_lazy(comes_back, count(4), |number| number);
    assert_eq!(outputs.next(), Some(Ok(1)));
    assert_eq!(Arc::strong_count(&held), 1);
    assert_eq!(outputs.next(), Some(Ok(2)));
    assert_eq!((outputs.next(), outputs.next()), (None, None));
}

#[test]
fn dropping_a_lazy_map_cancels_what_has_not_begun() {
    let pool = pool(1);
    let gate = Arc::new(Event::new());
    let theirs = gate.clone();
    let function = move |number| {
        if number > 0 {
            theirs.wait();
        }
        number
    };
    let mut outputs = pool.map_lazy(0.., count(5), function);
    assert_eq!(outputs.next(), Some(Ok(0)));
    until(|| gate.n_waiting() == 1);
    drop(outputs);
    gate.set();
    let report = pool.shutdown(Shutdown::Drain);
    assert_eq!((report.completed, report.cancelled), (2, 3));
}
