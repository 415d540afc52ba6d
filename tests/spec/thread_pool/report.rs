//! What Python's executor does not say: how many jobs are queued, run, and have ended in which way.
//!
//! <https://docs.python.org/3/library/concurrent.futures.html#threadpoolexecutor>

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use threadproof::{Event, JobError, Shutdown};

use super::{gate_and_clone, pool};
use crate::support::{count, rounds, until};

#[test]
fn a_report_says_what_is_queued_what_runs_and_how_the_rest_has_ended() {
    let pool = pool(2);
    let (gate, theirs) = gate_and_clone();
    let outcomes = pool.map(0..5, |n: u32| assert!(n > 1));
    assert_eq!(outcomes.iter().filter(|one| one.is_err()).count(), 2);
    let held = [theirs.clone(), theirs].map(|gate| pool.submit(move || gate.wait()).unwrap());
    until(|| gate.n_waiting() == 2);
    let queued = [(); 4].map(|()| pool.submit(|| ()).unwrap());
    assert!(queued[1].cancel());
    let report = pool.report();
    let ended = (report.completed, report.panicked, report.cancelled);
    assert_eq!(ended, (3, 2, 1));
    assert_eq!((report.running, report.queued), (2, 3));
    assert_eq!((report.ended(), report.submitted()), (6, 11));
    gate.set();
    drop((held, queued));
    let last = pool.shutdown(Shutdown::Drain);
    assert_eq!((last.completed, last.submitted()), (8, 11));
    assert_eq!((last.running, last.queued), (0, 0));
    assert_eq!(pool.report(), last);
}

/// The inputs of a map are jobs; they are queued until they run, and counted with their chunk.
#[test]
fn the_inputs_of_a_map_are_counted_one_by_one() {
    let pool = Arc::new(pool(2));
    let (gate, theirs) = gate_and_clone();
    let inside = pool.clone();
    let map = move || inside.map(0..10, move |_| theirs.wait());
    let map = threadproof::start("map", map).unwrap();
    until(|| gate.n_waiting() == 2);
    let report = pool.report();
    assert_eq!((report.running, report.queued), (2, 8));
    gate.set();
    assert_eq!(map.join().unwrap(), [const { Ok(()) }; 10]);
    assert_eq!(
        (pool.report().completed, pool.report().submitted()),
        (10, 10)
    );
}

#[test]
fn who_was_told_of_a_job_s_end_finds_it_counted() {
    let pool = pool(2);
    for round in 1..=rounds(500, 20_000) as u64 {
        pool.submit(|| ()).unwrap().join().unwrap();
        assert_eq!(pool.report().completed, 7 * (round - 1) + 1);
        pool.map([1, 2], |n: u32| n);
        assert_eq!(pool.report().completed, 7 * (round - 1) + 3);
        pool.try_map([1, 2], Ok::<u32, ()>).unwrap();
        assert_eq!(pool.report().completed, 7 * (round - 1) + 5);
        pool.map_lazy([1], count(1), |n: u32| n).next();
        assert_eq!(pool.report().completed, 7 * (round - 1) + 6);
        pool.map_unordered([1], count(1), |n: u32| n).next();
        assert_eq!(pool.report().completed, 7 * round);
    }
    let panics = pool.submit(|| panic!("counted")).unwrap();
    assert!(
        panics
            .join()
            .is_err_and(|error: JobError| error.to_string().contains("counted"))
    );
    assert_eq!(pool.report().panicked, 1);
}

#[test]
fn who_cancelled_a_job_finds_it_counted() {
    let pool = pool(1);
    let (gate, theirs) = gate_and_clone();
    drop(pool.submit(move || theirs.wait()).unwrap());
    until(|| gate.n_waiting() == 1);
    for cancelled in 1..=100 {
        let job = pool.submit(|| ()).unwrap();
        match cancelled % 3 {
            0 => assert!(job.cancel()),
            1 => assert!(job.canceller().cancel()),
            _ => assert_eq!(pool.cancel_queued(), 1),
        }
        let report = pool.report();
        assert_eq!((report.cancelled, report.queued), (cancelled, 0));
    }
    gate.set();
}

/// At every moment, while others submit, map, cancel and end jobs: the sum is what was submitted.
#[test]
fn a_report_adds_up_at_any_moment() {
    let pool = pool(2);
    // Before a call and after it: a report that comes between may count its jobs or not.
    // ORDERING: Release and Acquire: whoever sees `submitted` sees the call before it, and whoever has
    // seen a call by the pool's locks sees `begun`.
    let (begun, submitted) = (AtomicU64::new(0), AtomicU64::new(0));
    let is_done = Event::new();
    let submit = |jobs: u64, call: &dyn Fn()| {
        begun.fetch_add(jobs, Ordering::Release);
        call();
        submitted.fetch_add(jobs, Ordering::Release);
    };
    thread::scope(|scope| {
        let looks = scope.spawn(|| {
            let (mut looks, mut before) = (0, pool.report());
            while !is_done.is_set() {
                let least = submitted.load(Ordering::Acquire);
                let report = pool.report();
                let most = begun.load(Ordering::Acquire);
                let sum = report.submitted();
                assert!(least <= sum && sum <= most, "{least} ≤ {report:?} ≤ {most}");
                assert!(report.running <= 2, "{report:?}");
                assert!(report.completed >= before.completed, "{report:?}");
                assert!(report.cancelled >= before.cancelled, "{report:?}");
                assert!(report.panicked >= before.panicked, "{report:?}");
                before = report;
                looks += 1;
            }
            looks
        });
        let cancels = scope.spawn(|| {
            while !is_done.is_set() {
                pool.cancel_queued();
                thread::yield_now();
            }
        });
        for round in 0..rounds(300, 5_000) {
            submit(1, &|| {
                drop(pool.submit(move || assert!(round % 7 > 0)).unwrap())
            });
            submit(20, &|| {
                drop(pool.map(0..20, move |n| assert!(n != round % 40)))
            });
            submit(3, &|| {
                assert_eq!(pool.map_unordered(0..3, count(3), |n: u32| n).count(), 3)
            });
            submit(1, &|| {
                pool.submit(|| ()).unwrap().cancel();
            });
        }
        is_done.set();
        cancels.join().unwrap();
        assert!(looks.join().unwrap() > 0);
    });
    let report = pool.shutdown(Shutdown::Drain);
    assert_eq!(report.submitted(), submitted.into_inner());
    assert_eq!(report.ended(), report.submitted());
}
