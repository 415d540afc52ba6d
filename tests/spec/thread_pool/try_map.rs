//! <https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.Executor.map>, all
//! outputs or the first exception: P10.

use std::error::Error;
use std::num::ParseIntError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rstest::rstest;
use threadproof::{Event, JobError, Shutdown, ThreadPool, TryMapError, start};

use super::{gate_and_clone, pool};
use crate::support::{ends, until};

type Outputs = Result<Vec<usize>, TryMapError<usize>>;

/// A worker has seen the end of the map, and so has learnt of all that it did itself.
fn one_has_left_the_map(pool: &ThreadPool) {
    // It stands behind the map.
    assert_eq!(pool.submit(|| ()).unwrap().join(), Ok(()));
}

#[rstest]
fn all_outputs_come_in_the_inputs_order(#[values(1, 2, 5)] workers: usize) {
    let pool = pool(workers);
    let squares = pool.try_map(0..500, |n: u64| Ok::<_, ()>(n * n));
    assert_eq!(squares, Ok((0..500).map(|n| n * n).collect()));
    assert_eq!(pool.try_map([], |n: u64| Err::<u64, _>(n)), Ok(vec![]));
    assert_eq!(pool.shutdown(Shutdown::Drain).completed, 500);
}

/// As a loop would have said it, whichever input fails first.
#[rstest]
#[case::the_later_one_first([3, 1])]
#[case::the_earlier_one_first([1, 3])]
fn the_error_is_that_of_the_first_input_that_fails(#[case] order: [usize; 2]) {
    let pool = Arc::new(pool(4));
    let gates: Arc<[Event; 4]> = Arc::default();
    let (inside, theirs) = (pool.clone(), gates.clone());
    let body = move |number: usize| {
        theirs[number].wait();
        if number % 2 == 1 {
            Err(number)
        } else {
            Ok(number)
        }
    };
    let map = start("map", move || inside.try_map(0..4, body)).unwrap();
    until(|| gates.iter().all(|gate| gate.n_waiting() == 1));
    for number in order {
        gates[number].set();
        one_has_left_the_map(&pool);
    }
    let is_over = map.is_finished();
    gates[2].set();
    gates[0].set();
    assert!(!is_over, "two inputs still ran");
    let error: Outputs = ends(move || map.join()).unwrap();
    assert_eq!(error, Err(TryMapError::Failed { index: 1, error: 1 }));
}

/// In a pool of one it is exactly a loop.
#[rstest]
fn nothing_begins_after_an_error_that_is_known(#[values(0, 1, 700, 1999)] fails: usize) {
    let pool = pool(1);
    let ran = Arc::new(Mutex::new(Vec::new()));
    let theirs = ran.clone();
    let body = move |number: usize| {
        theirs.lock().unwrap().push(number);
        if number >= fails {
            Err(number)
        } else {
            Ok(number)
        }
    };
    let error = pool.try_map(0..2000, body);
    let (index, error) = (fails, error.unwrap_err());
    assert_eq!(
        error,
        TryMapError::Failed {
            index,
            error: index
        }
    );
    assert_eq!(*ran.lock().unwrap(), Vec::from_iter(0..=fails));
    let report = pool.shutdown(Shutdown::Drain);
    let begun = fails as u64 + 1;
    assert_eq!((report.completed, report.cancelled), (begun, 2000 - begun));
}

/// One worker is held up early, the other one runs on and fails. What the first has claimed and not
/// begun comes before the error, and still runs.
#[test]
fn inputs_before_an_error_still_begin_and_those_after_it_do_not() {
    const HELD_UP: usize = 600;
    const FAILS: usize = 1500;
    for _ in 0..10 {
        let pool = Arc::new(pool(2));
        let (gate, theirs) = gate_and_clone();
        let ran = Arc::new(Mutex::new(Vec::new()));
        let (inside, note) = (pool.clone(), ran.clone());
        let body = move |number: usize| {
            if number == HELD_UP {
                theirs.wait();
            }
            note.lock().unwrap().push(number);
            if number == FAILS {
                Err(number)
            } else {
                Ok(number)
            }
        };
        let map = start("map", move || inside.try_map(0..2000, body)).unwrap();
        until(|| gate.n_waiting() == 1);
        one_has_left_the_map(&pool);
        let is_over = map.is_finished();
        gate.set();
        let outputs: Outputs = ends(move || map.join()).unwrap();
        assert!(!is_over, "an input was held up");
        let (index, error) = (FAILS, FAILS);
        assert_eq!(outputs, Err(TryMapError::Failed { index, error }));
        let mut ran = ran.lock().unwrap().clone();
        ran.sort_unstable();
        assert_eq!(ran, Vec::from_iter(0..=FAILS));
    }
}

#[test]
fn a_panic_is_an_error_of_its_input() {
    let pool = pool(2);
    let body = |n: usize| {
        assert!(n < 3, "number {n}");
        Ok::<_, usize>(n)
    };
    let error = pool.try_map(0..5, body).unwrap_err();
    assert_eq!(error.index(), 3);
    let TryMapError::Job { error, .. } = &error else {
        panic!("{error:?}")
    };
    assert!(matches!(error, JobError::Panicked(panicked) if panicked.message() == "number 3"));
}

#[test]
fn an_error_says_which_input_and_has_its_source() {
    let pool = pool(2);
    let failed = pool.try_map(["1", "b"], str::parse::<u8>).unwrap_err();
    assert_eq!(failed.to_string(), "input 1: invalid digit found in string");
    assert!(failed.source().unwrap().is::<ParseIntError>());
    let panics = |_: &str| -> Result<(), ParseIntError> { panic!("a bug") };
    let panicked = pool.try_map(["1"], panics).unwrap_err();
    let said = panicked.to_string();
    assert!(said.starts_with("input 0: worker-") && said.ends_with(" panicked: a bug"));
    assert!(panicked.source().unwrap().is::<JobError>());
}

fn cancel(pool: &Arc<ThreadPool>) {
    assert_eq!(pool.cancel_queued(), 2);
}

fn shut_down(pool: &Arc<ThreadPool>) {
    let pool = pool.clone();
    let end = move || {
        pool.shutdown(Shutdown::CancelQueued);
    };
    threadproof::start_daemon("ends", end).unwrap();
}

#[rstest]
#[case::cancelled(cancel)]
#[case::shut_down(shut_down)]
fn an_input_that_did_not_run_is_an_error_of_its_index(#[case] cancel: fn(&Arc<ThreadPool>)) {
    let pool = Arc::new(pool(1));
    let (gate, theirs) = gate_and_clone();
    let inside = pool.clone();
    let body = move |number: usize| {
        theirs.wait();
        Ok(number)
    };
    let map = start("map", move || inside.try_map(0..3, body)).unwrap();
    until(|| gate.n_waiting() == 1);
    cancel(&pool);
    until(|| pool.report().cancelled == 2);
    gate.set();
    let outputs: Outputs = ends(move || map.join()).unwrap();
    let (index, error) = (1, JobError::Cancelled);
    assert_eq!(outputs, Err(TryMapError::Job { index, error }));
}

#[test]
fn inputs_and_function_are_gone_when_it_returns() {
    let pool = pool(3);
    for fails in [5, 50, 1000] {
        let ran = Arc::new(AtomicUsize::new(0));
        let inputs: Vec<_> = (0..100).map(|number| (number, ran.clone())).collect();
        let theirs = ran.clone();
        let body = move |(number, input): (usize, Arc<AtomicUsize>)| {
            theirs.fetch_add(1, Ordering::Relaxed);
            if number == fails {
                Err(input)
            } else {
                Ok(input)
            }
        };
        let outputs = pool.try_map(inputs, body);
        let kept = outputs.as_ref().map_or(1, Vec::len);
        assert_eq!(
            Arc::strong_count(&ran),
            1 + kept,
            "the outputs, or the error"
        );
    }
}
