//! <https://docs.python.org/3/library/concurrent.futures.html#threadpoolexecutor-example>: a pool in a `with` of its own, for borrowed inputs.

use std::collections::HashSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use rstest::rstest;
use threadproof::{scoped_map, worker_number};

use super::this_worker;
use crate::support::{count, ends};

#[rstest]
fn scoped_map_borrows_and_keeps_the_order(#[values(1, 2, 3, 50)] workers: usize) {
    let words: Vec<String> = (0..20).map(|n| "x".repeat(n)).collect();
    let (longest, meeting) = (AtomicUsize::new(0), Barrier::new(workers.min(2)));
    let lengths = scoped_map(count(workers), &words, |word| {
        // The first two meet, so that the outputs come from two workers if there are two.
        if word.len() < 2 {
            meeting.wait();
        }
        longest.fetch_max(word.len(), Ordering::Relaxed);
        word.len()
    });
    assert_eq!(lengths, (0..20).map(Ok).collect::<Vec<_>>());
    assert_eq!(longest.into_inner(), 19);
}

#[rstest]
fn in_a_scoped_map_a_panic_costs_only_its_own_job(#[values(1, 2, 4)] workers: usize) {
    let outputs = scoped_map(count(workers), &[1, 0, 2], |n: &u32| {
        4u32.checked_div(*n).expect("zero")
    });
    assert_eq!((&outputs[0], &outputs[2]), (&Ok(4), &Ok(2)));
    let panicked = outputs[1].as_ref().unwrap_err();
    assert_eq!(panicked.message(), "zero");
    assert!(
        panicked.worker().starts_with("worker-"),
        "{}",
        panicked.worker()
    );
}

/// In a process whose threads would have stacks that no address space has room for.
#[cfg(target_os = "linux")]
#[test]
fn a_scoped_map_that_gets_no_thread_runs_on_the_calling_one() {
    use std::thread;
    const HERE: &str = "THREADPROOF_TEST_WITHOUT_THREADS";
    let this = thread::current().name().unwrap().to_owned();
    if std::env::var_os(HERE).is_none() {
        let huge = (1u64 << 50).to_string();
        return assert!(crate::support::passes_in_its_own_process(&this, |test| {
            test.env(HERE, "yes").env("RUST_MIN_STACK", huge)
        }));
    }
    let caller = thread::current().id();
    assert!(thread::Builder::new().spawn(|| ()).is_err());
    let outputs = scoped_map(count(3), &[4, 0, 2], |n: &u32| {
        (thread::current().id() == caller, 4 / n)
    });
    assert_eq!((&outputs[0], &outputs[2]), (&Ok((true, 1)), &Ok((true, 2))));
    let panicked = outputs[1].as_ref().unwrap_err();
    assert_eq!(panicked.worker(), "caller");
}

#[test]
fn a_scoped_map_runs_as_many_jobs_at_once_as_it_has_workers() {
    let met = ends(|| {
        let meeting = Barrier::new(3);
        scoped_map(count(3), &[(); 3], |()| {
            meeting.wait();
            this_worker()
        })
    });
    let names: HashSet<_> = met.into_iter().map(Result::unwrap).collect();
    assert_eq!(names.len(), 3);
}

/// An output may borrow from its input. That it may not outlive it: `tests/spec/compile_fail.rs`.
#[rstest]
fn outputs_of_a_scoped_map_may_borrow_from_its_inputs(#[values(1, 2, 4)] workers: usize) {
    let words: Vec<String> = (0..100).map(|n| format!("{n} {n}")).collect();
    let outputs = scoped_map(count(workers), &words, |text| {
        text.split(' ').next().unwrap()
    });
    for (word, output) in words.iter().zip(&outputs) {
        let output = output.as_ref().unwrap();
        assert_eq!(word.as_ptr(), output.as_ptr(), "it is a part of the input");
    }
}

#[test]
fn a_scoped_map_of_more_workers_than_inputs_starts_no_more_than_there_is_to_do() {
    let numbers = scoped_map(count(1000), &[(); 3], |()| worker_number().unwrap());
    assert!(
        numbers
            .iter()
            .all(|number| (1..=3).contains(number.as_ref().unwrap()))
    );
}
