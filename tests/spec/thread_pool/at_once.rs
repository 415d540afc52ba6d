//! <https://docs.python.org/3/library/concurrent.futures.html#threadpoolexecutor>: P2, how many jobs run at once, and where.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use rstest::rstest;
use threadproof::{Event, Shutdown, Wait};

use super::{pool, this_worker};
use crate::support::{ends, until};

/// CPython: `test_saturation`.
#[rstest]
fn n_workers_run_n_jobs_at_once_and_never_more(#[values(1, 3, 4)] workers: usize) {
    let pool = pool(workers);
    let gate = Arc::new(Event::new());
    let (now, one_too_many) = (Arc::new(AtomicUsize::new(0)), Arc::new(Event::new()));
    let job = || {
        let (gate, now, one_too_many) = (gate.clone(), now.clone(), one_too_many.clone());
        move || {
            if now.fetch_add(1, Ordering::Relaxed) == workers {
                one_too_many.set();
            }
            gate.wait();
            now.fetch_sub(1, Ordering::Relaxed);
        }
    };
    let jobs: Vec<_> = (0..15 * workers)
        .map(|_| pool.submit(job()).unwrap())
        .collect();
    until(|| gate.n_waiting() >= workers);
    // Nothing tells when it will never come; a correct pool passes however long this is.
    let _ = one_too_many.wait_timeout(Duration::from_millis(30));
    gate.set();
    for job in jobs {
        assert_eq!(job.join(), Ok(()));
    }
    assert!(!one_too_many.is_set());
}

#[test]
fn fewer_jobs_than_workers_all_run_at_once() {
    let (pool, meeting) = (pool(5), Arc::new(Barrier::new(3)));
    let met = ends(move || pool.map([(); 3], move |()| meeting.wait().is_leader()));
    assert_eq!(met.iter().filter(|leader| **leader == Ok(true)).count(), 1);
}

#[test]
fn the_fourth_watcher_starts_only_after_one_of_the_first_three_ended() {
    let pool = pool(3);
    let ended = Arc::new(AtomicUsize::new(0));
    let stops: Vec<_> = (0..4).map(|_| Arc::new(Event::new())).collect();
    let fourth_started = Arc::new(Event::new());
    let watchers: Vec<_> = stops
        .iter()
        .enumerate()
        .map(|(number, stop)| {
            let (stop, ended, started) = (stop.clone(), ended.clone(), fourth_started.clone());
            let watcher = move || {
                let ended_before = ended.load(Ordering::Relaxed);
                if number == 3 {
                    started.set();
                }
                stop.wait();
                ended.fetch_add(1, Ordering::Relaxed);
                ended_before
            };
            pool.submit(watcher).unwrap()
        })
        .collect();
    until(|| stops[..3].iter().all(|stop| stop.n_waiting() == 1));
    let early = fourth_started.wait_timeout(Duration::from_millis(30));
    stops[1].set();
    until(|| stops[3].n_waiting() == 1);
    for stop in &stops {
        stop.set();
    }
    let ended_before: Vec<_> = watchers
        .into_iter()
        .map(|job| job.join().unwrap())
        .collect();
    assert_eq!((early, &*ended_before), (Wait::TimedOut, &[0, 0, 0, 1][..]));
}

/// CPython: `test_thread_names_assigned`, `test_idle_thread_reuse`.
#[test]
fn workers_are_named_by_number_and_used_again() {
    let (pool, meeting) = (pool(3), Arc::new(Barrier::new(3)));
    for _ in 0..5 {
        let meeting = meeting.clone();
        let together = move |()| {
            meeting.wait();
            this_worker()
        };
        let names: HashSet<_> = pool
            .map([(); 3], together)
            .into_iter()
            .map(Result::unwrap)
            .collect();
        let expected = ["worker-1", "worker-2", "worker-3"].map(String::from);
        assert_eq!(names, HashSet::from(expected));
    }
    assert_eq!(pool.workers().get(), 3);
}

#[test]
fn one_worker_runs_the_jobs_in_the_order_of_submission() {
    let pool = pool(1);
    let order = Arc::new(Mutex::new(Vec::new()));
    for number in 0..50 {
        let order = order.clone();
        drop(
            pool.submit(move || order.lock().unwrap().push(number))
                .unwrap(),
        );
    }
    assert_eq!(pool.shutdown(Shutdown::Drain).completed, 50);
    assert_eq!(*order.lock().unwrap(), Vec::from_iter(0..50));
}
