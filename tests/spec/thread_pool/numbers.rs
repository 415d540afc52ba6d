//! <https://docs.python.org/3/library/threading.html#threading.current_thread>: which worker it is.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Barrier, Mutex};

use rstest::rstest;
use threadproof::{ThreadPool, scoped_map, start, worker_number};

use super::{pool, this_worker};
use crate::support::count;

/// Each worker its own, from 1 on, and the same as in its name, in job after job.
#[rstest]
fn each_worker_has_a_number_of_its_own_and_keeps_it(#[values(1, 2, 5)] workers: usize) {
    let (pool, meeting) = (pool(workers), Arc::new(Barrier::new(workers)));
    for _ in 0..10 {
        let meeting = meeting.clone();
        let together = move |_| {
            meeting.wait();
            let number = worker_number().unwrap();
            assert_eq!(this_worker(), format!("worker-{number}"));
            number
        };
        let numbers = pool.map(0..workers, together);
        let numbers: BTreeSet<_> = numbers.into_iter().map(Result::unwrap).collect();
        assert_eq!(numbers, BTreeSet::from_iter(1..=workers));
    }
}

#[test]
fn it_is_known_wherever_a_worker_runs_the_caller_s_code() {
    struct Asks;
    impl Drop for Asks {
        fn drop(&mut self) {
            assert!(worker_number() == Some(1), "{:?}", worker_number());
        }
    }
    let pool = pool(1);
    let captured = Asks;
    let job = pool.submit(move || {
        let _ = &captured;
        worker_number()
    });
    assert_eq!(job.unwrap().join(), Ok(Some(1)));
    let known: Vec<_> = pool
        .map_lazy([Asks], count(1), |_| worker_number())
        .collect();
    assert_eq!(known, [Ok(Some(1))]);
}

/// The threads of a `scoped_map` have numbers of their own, wherever it is called; the caller keeps
/// what it had.
#[test]
fn threads_of_a_scoped_map_have_numbers_of_their_own() {
    let numbers = || {
        let meeting = Barrier::new(3);
        let numbers = scoped_map(count(3), &[(); 3], |()| {
            meeting.wait();
            worker_number().unwrap()
        });
        let numbers: BTreeSet<_> = numbers.into_iter().map(Result::unwrap).collect();
        (numbers, worker_number())
    };
    assert_eq!(numbers(), (BTreeSet::from([1, 2, 3]), None));
    let pool = pool(1);
    let inside = pool.submit(numbers).unwrap().join();
    assert_eq!(inside, Ok((BTreeSet::from([1, 2, 3]), Some(1))));
}

#[test]
fn other_threads_have_no_number() {
    assert_eq!(worker_number(), None);
    assert_eq!(start("other", worker_number).unwrap().join(), Ok(None));
    let pool = pool(2);
    let started_by_a_job = || start("other", worker_number).unwrap().join().unwrap();
    assert_eq!(pool.submit(started_by_a_job).unwrap().join(), Ok(None));
}

/// A pool inside a job of another one has its own.
#[test]
fn workers_of_two_pools_have_the_numbers_of_their_own_pool() {
    let (outer, inner) = (pool(3), pool(1));
    let ask = move |()| {
        let inside = inner.submit(worker_number).unwrap().join();
        (worker_number().unwrap(), inside)
    };
    for outcome in outer.map([(); 9], ask) {
        let (outer, inside) = outcome.unwrap();
        assert!((1..=3).contains(&outer));
        assert_eq!(inside, Ok(Some(1)));
    }
}

/// It could not name itself in what it prepares otherwise.
#[test]
fn an_initialiser_is_told_which_worker_it_is_in() {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let note = seen.clone();
    let prepare = move || -> Result<(), Infallible> {
        note.lock().unwrap().insert(worker_number());
        Ok(())
    };
    drop(ThreadPool::initialised_by(count(3), prepare).unwrap());
    assert_eq!(*seen.lock().unwrap(), [1, 2, 3].map(Some).into());
}

/// By then the pool may have ended, and another one may have come in its place.
#[test]
fn a_worker_is_none_any_more_when_its_thread_locals_are_dropped() {
    struct Asks(Sender<Option<usize>>);
    impl Drop for Asks {
        fn drop(&mut self) {
            self.0.send(worker_number()).unwrap();
        }
    }
    thread_local!(static ASKS: RefCell<Option<Asks>> = const { RefCell::new(None) });
    let (tell, told) = mpsc::channel();
    let pool = pool(1);
    let asks = Asks(tell);
    let job = pool.submit(move || ASKS.set(Some(asks))).unwrap();
    job.join().unwrap();
    drop(pool);
    assert_eq!(told.recv(), Ok(None));
}
