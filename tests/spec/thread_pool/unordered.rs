//! <https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.as_completed>: P10.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rstest::rstest;
use threadproof::{Event, JobError, Shutdown};

use super::{gate_and_clone, message, pool};
use crate::support::{count, ends, until};

/// CPython: `test_future_times_out`, `test_no_timeout`; here the order of the ends is given.
#[rstest]
#[case([0, 1, 2])]
#[case([2, 0, 1])]
#[case([1, 2, 0])]
fn each_outcome_comes_as_soon_as_it_is_there(#[case] order: [usize; 3]) {
    let pool = pool(3);
    let gates: Arc<[Event; 3]> = Arc::default();
    let theirs = gates.clone();
    let body = move |number: usize| {
        theirs[number].wait();
        10 * number
    };
    let mut outcomes = pool.map_unordered(0..3, count(3), body);
    for (place, number) in order.into_iter().enumerate() {
        if place == 0 {
            // The first is asked for while all of them still run.
            let opens = gates.clone();
            let opener = threadproof::start("opener", move || {
                until(|| opens.iter().all(|gate| gate.n_waiting() == 1));
                opens[number].set();
            });
            assert_eq!(outcomes.next(), Some((number, Ok(10 * number))));
            opener.unwrap().join().unwrap();
            continue;
        }
        gates[number].set();
        assert_eq!(outcomes.next(), Some((number, Ok(10 * number))));
    }
    assert_eq!((outcomes.next(), outcomes.next()), (None, None));
}

#[test]
fn a_slow_input_holds_nobody_up() {
    let pool = pool(2);
    let (gate, theirs) = gate_and_clone();
    let body = move |number: usize| {
        if number == 0 {
            theirs.wait();
        }
        number
    };
    let mut outcomes = pool.map_unordered(0..50, count(2), body);
    // One worker and one place of the window are left for them, so they come in order.
    for number in 1..50 {
        assert_eq!(outcomes.next(), Some((number, Ok(number))));
    }
    gate.set();
    assert_eq!(outcomes.next(), Some((0, Ok(0))));
    assert_eq!(outcomes.next(), None);
}

#[rstest]
fn a_panic_costs_only_its_own_outcome(#[values(1, 2, 4)] workers: usize) {
    let pool = pool(workers);
    let body = |n: u32| 30u32.checked_div(n).expect("zero");
    let mut outcomes: Vec<_> = pool
        .map_unordered([5, 2, 0, 3, 0], count(3), body)
        .collect();
    outcomes.sort_by_key(|(index, _)| *index);
    let indices: Vec<_> = outcomes.iter().map(|(index, _)| *index).collect();
    assert_eq!(indices, [0, 1, 2, 3, 4], "each of them once");
    for (index, outcome) in &outcomes {
        match index {
            2 | 4 => assert_eq!(message(outcome), "zero"),
            _ => assert!(outcome.is_ok()),
        }
    }
}

#[test]
fn nothing_is_taken_before_the_first_outcome_is_asked_for() {
    let pool = pool(1);
    let inputs = std::iter::once_with(|| panic!("taken"));
    drop(pool.map_unordered(inputs, count(3), |(): ()| ()));
    assert_eq!(pool.report().submitted(), 0);
}

#[test]
fn inputs_that_have_ended_are_let_go_and_not_asked_again() {
    let pool = pool(1);
    let held = Arc::new(());
    let (theirs, mut calls) = (held.clone(), 0);
    let comes_back = std::iter::from_fn(move || {
        let _ = &theirs;
        calls += 1;
        (calls != 3).then_some(calls)
    });
    let mut outcomes = pool.map_unordered(comes_back, count(4), |number| number);
    assert_eq!(outcomes.next(), Some((0, Ok(1))));
    assert_eq!(Arc::strong_count(&held), 1);
    assert_eq!(outcomes.next(), Some((1, Ok(2))));
    assert_eq!((outcomes.next(), outcomes.next()), (None, None));
}

#[test]
fn dropping_it_cancels_what_has_not_begun() {
    let pool = pool(1);
    let (gate, theirs) = gate_and_clone();
    let function = move |number| {
        if number > 0 {
            theirs.wait();
        }
        number
    };
    let mut outcomes = pool.map_unordered(0.., count(5), function);
    assert_eq!(outcomes.next(), Some((0, Ok(0))));
    until(|| gate.n_waiting() == 1);
    drop(outcomes);
    gate.set();
    let report = pool.shutdown(Shutdown::Drain);
    assert_eq!((report.completed, report.cancelled), (2, 3));
}

/// What others cancel is told at once, though a job before it still runs.
#[test]
fn a_job_that_is_cancelled_is_an_outcome_like_any_other() {
    let pool = pool(1);
    let (gate, theirs) = gate_and_clone();
    let body = move |_| theirs.wait();
    let mut outcomes = pool.map_unordered(0..3, count(3), body);
    let told = std::thread::scope(|scope| {
        let ask = scope.spawn(|| {
            let cancelled: Vec<_> = outcomes.by_ref().take(2).collect();
            cancelled
        });
        until(|| gate.n_waiting() == 1 && pool.report().queued == 2);
        assert_eq!(pool.cancel_queued(), 2);
        ask.join().unwrap()
    });
    assert_eq!(told, [1, 2].map(|index| (index, Err(JobError::Cancelled))));
    gate.set();
    assert_eq!(outcomes.next(), Some((0, Ok(()))));
    assert_eq!(outcomes.next(), None);
}

#[test]
fn after_a_drain_it_gives_what_the_pool_had_run_and_then_ends() {
    let pool = pool(1);
    let mut outcomes = pool.map_unordered(0.., count(4), |number| number);
    assert_eq!(outcomes.next(), Some((0, Ok(0))));
    drop(pool);
    let rest: Vec<_> = outcomes.by_ref().collect();
    assert_eq!(rest, [1, 2, 3].map(|number| (number, Ok(number))));
    assert_eq!(outcomes.next(), None);
}

#[test]
fn begun_after_the_end_of_its_pool_it_takes_no_input() {
    let pool = pool(1);
    let inputs = std::iter::once_with(|| panic!("taken"));
    let mut outcomes = pool.map_unordered(inputs, count(1), |(): ()| ());
    pool.shutdown(Shutdown::Drain);
    assert_eq!(outcomes.next(), None);
}

/// The pool ends while an input is being taken: that input is among the outcomes.
#[test]
fn an_input_that_was_taken_while_the_pool_ended_is_cancelled() {
    let pool = Arc::new(pool(1));
    let (inside, taken) = (pool.clone(), Arc::new(AtomicUsize::new(0)));
    let count_taken = taken.clone();
    let inputs = (0..).inspect(move |number| {
        count_taken.fetch_add(1, Ordering::Relaxed);
        if *number == 3 {
            inside.shutdown(Shutdown::Drain);
        }
    });
    let outcomes = pool.map_unordered(inputs, count(8), |number: usize| number);
    let mut told: Vec<_> = outcomes.collect();
    told.sort_by_key(|(index, _)| *index);
    let ran = [0, 1, 2].map(|number| (number, Ok(number)));
    assert_eq!(told[..3], ran);
    assert_eq!(told[3..], [(3, Err(JobError::Cancelled))]);
    assert_eq!(taken.load(Ordering::Relaxed), 4);
}

/// The thread that asks may be another one each time, a worker of the pool among them.
#[test]
fn it_may_be_asked_from_one_thread_after_the_other() {
    let pool = pool(2);
    let outcomes = pool.map_unordered(0..9, count(3), |number: usize| number);
    let outcomes = Arc::new(Mutex::new(outcomes));
    let mut indices = Vec::new();
    for _ in 0..3 {
        let theirs = outcomes.clone();
        let ask = move || theirs.lock().unwrap().next().unwrap().0;
        indices.push(ask());
        let asks = (ask.clone(), ask);
        let inside = pool.submit(asks.0).unwrap();
        indices.push(ends(move || inside.join()).unwrap());
        let elsewhere = threadproof::start("asks", asks.1).unwrap();
        indices.push(elsewhere.join().unwrap());
    }
    indices.sort_unstable();
    assert_eq!(indices, Vec::from_iter(0..9));
}
