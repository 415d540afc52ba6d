//! <https://docs.python.org/3/library/concurrent.futures.html#future-objects>: P6, P8, one job and its handle.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use threadproof::{Canceller, Event, Job, JobError, Shutdown, start};

use super::{gate_and_clone, message, pool};
use crate::support::{ends, until};

/// CPython: `test_submit`, `test_done`.
#[test]
fn a_job_gives_its_output_once_it_has_ended() {
    let pool = pool(1);
    let (open, gate) = mpsc::channel();
    let job = pool.submit(move || gate.recv().unwrap()).unwrap();
    assert!(!job.is_finished());
    open.send("done").unwrap();
    until(|| job.is_finished());
    assert_eq!(job.join(), Ok("done"));
}

#[test]
fn join_timeout_gives_the_handle_back_and_loses_nothing() {
    let pool = pool(1);
    let (open, gate) = mpsc::channel();
    let job = pool.submit(move || gate.recv().unwrap()).unwrap();
    let start = Instant::now();
    let job = job.join_timeout(Duration::ZERO).unwrap_err();
    let job = job.join_timeout(Duration::from_millis(20)).unwrap_err();
    assert!(start.elapsed() >= Duration::from_millis(20));
    open.send(7).unwrap();
    assert_eq!(job.join_timeout(Duration::MAX).unwrap(), Ok(7));
}

/// CPython: `test_cancel`, `test_cancelled`.
#[test]
fn a_cancelled_job_never_runs_and_says_so_once() {
    let pool = pool(1);
    let (open, gate) = mpsc::channel::<()>();
    let (ran, theirs) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let first = pool.submit(move || gate.recv().is_err()).unwrap();
    let count = ran.clone();
    let second = pool
        .submit(move || count.fetch_add(1, Ordering::Relaxed))
        .unwrap();
    let third = pool
        .submit(move || theirs.fetch_add(1, Ordering::Relaxed))
        .unwrap();
    assert!(second.cancel());
    assert!(second.is_finished());
    assert!(!second.cancel(), "it was cancelled before");
    assert_eq!(second.join(), Err(JobError::Cancelled));
    drop(open);
    assert_eq!(first.join(), Ok(true));
    assert_eq!(third.join(), Ok(0));
    assert_eq!(ran.load(Ordering::Relaxed), 0);
    let report = pool.shutdown(Shutdown::Drain);
    assert_eq!((report.completed, report.cancelled), (2, 1));
}

#[test]
fn a_job_that_runs_or_has_ended_cannot_be_cancelled() {
    let pool = pool(1);
    let (gate, theirs) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let gates = (gate.clone(), theirs.clone());
    let job = pool.submit(move || {
        gates.1.set();
        gates.0.wait();
    });
    let job = job.unwrap();
    theirs.wait();
    assert!(!job.cancel());
    gate.set();
    until(|| job.is_finished());
    assert!(!job.cancel());
    assert_eq!(job.join(), Ok(()));
}

/// CPython: `test_free_reference`, `test_no_stale_references`.
#[test]
fn a_job_s_input_is_gone_when_its_output_is_there() {
    let pool = pool(2);
    for _ in 0..100 {
        let input = Arc::new("input");
        let theirs = input.clone();
        let job = pool.submit(move || theirs.len()).unwrap();
        assert_eq!(job.join(), Ok(5));
        Arc::try_unwrap(input).expect("the worker holds nothing of the job");

        let input = Arc::new("input");
        let theirs = input.clone();
        let job = pool.submit(move || panic!("{theirs}")).unwrap();
        let outcome: Result<(), _> = job.join();
        assert_eq!(message(&outcome), "input");
        Arc::try_unwrap(input).expect("nor after a panic");
    }
}

#[test]
fn an_idle_pool_holds_no_output_of_a_job_whose_handle_is_gone() {
    let pool = pool(1);
    let output = Arc::new(());
    let theirs = output.clone();
    drop(pool.submit(move || theirs).unwrap());
    until(|| Arc::strong_count(&output) == 1);
}

/// Others cancel the job while its owner waits for it.
#[test]
fn a_canceller_ends_the_join_of_a_job_that_has_not_begun() {
    let pool = pool(1);
    let (gate, theirs) = gate_and_clone();
    let first = pool.submit(move || theirs.wait()).unwrap();
    let ran = Arc::new(AtomicUsize::new(0));
    let count = ran.clone();
    let second = pool.submit(move || count.fetch_add(1, Ordering::Relaxed));
    let second = second.unwrap();
    let cancellers = [second.canceller(), second.canceller().clone()];
    let joins = start("joins", move || second.join()).unwrap();
    let cancel = |canceller: Canceller| start("cancels", move || canceller.cancel()).unwrap();
    let cancelled = cancellers.map(cancel).map(|one| one.join().unwrap());
    assert_ne!(cancelled[0], cancelled[1], "one of them cancels it");
    assert_eq!(ends(move || joins.join()), Ok(Err(JobError::Cancelled)));
    gate.set();
    assert_eq!(first.join(), Ok(()));
    let report = pool.shutdown(Shutdown::Drain);
    assert_eq!((report.completed, report.cancelled), (1, 1));
    assert_eq!(ran.load(Ordering::Relaxed), 0);
}

#[test]
fn a_canceller_does_nothing_to_a_job_that_runs_has_ended_or_is_gone() {
    let pool = pool(1);
    let (gate, theirs) = gate_and_clone();
    let job = pool.submit(move || theirs.wait()).unwrap();
    let canceller = job.canceller();
    until(|| gate.n_waiting() == 1);
    assert!(!canceller.cancel());
    gate.set();
    until(|| job.is_finished());
    assert!(!canceller.cancel());
    assert_eq!(job.join(), Ok(()));
    assert!(!canceller.cancel());
    drop(pool);
    assert!(!canceller.cancel());
}

/// Nobody owns the handle any more; the queue still has the job.
#[test]
fn a_canceller_cancels_a_job_whose_handle_is_gone() {
    let pool = pool(1);
    let (gate, theirs) = gate_and_clone();
    let first = pool.submit(move || theirs.wait()).unwrap();
    let second = pool.submit(|| unreachable!()).unwrap();
    let canceller = second.canceller();
    drop::<Job<()>>(second);
    assert!(canceller.cancel());
    gate.set();
    assert_eq!(first.join(), Ok(()));
    let report = pool.shutdown(Shutdown::Drain);
    assert_eq!((report.cancelled, report.panicked), (1, 0));
}

/// A canceller is no owner: neither the output nor what the body has captured is kept for it.
#[test]
fn a_canceller_keeps_nothing_of_its_job() {
    let pool = pool(1);
    let shared = Arc::new(());
    let theirs = shared.clone();
    let job = pool.submit(move || theirs).unwrap();
    let canceller = job.canceller();
    until(|| job.is_finished());
    drop(job);
    until(|| Arc::strong_count(&shared) == 1);
    assert!(!canceller.cancel());
}

#[test]
fn a_handle_that_is_dropped_after_the_end_takes_the_output_with_it() {
    let pool = pool(1);
    let shared = Arc::new(());
    let theirs = shared.clone();
    let job = pool.submit(move || theirs).unwrap();
    pool.wait_idle();
    assert_eq!(Arc::strong_count(&shared), 2);
    drop(job);
    assert_eq!(Arc::strong_count(&shared), 1);
}
