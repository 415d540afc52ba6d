//! <https://docs.python.org/3/library/threading.html#semaphore-objects>: S1.
//!
//! By meaning from CPython's `BaseSemaphoreTests`, without its sleeps.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use rstest::rstest;
use threadproof::{Event, Semaphore};

use crate::support::{count, until};

/// A timeout that nothing here waits for.
const HOUR: Duration = Duration::from_secs(3600);

/// S1: <https://docs.python.org/3/library/threading.html#threading.Semaphore.acquire>
#[rstest]
fn as_many_permits_are_out_as_there_are_and_not_one_more(#[values(1, 2, 7)] number: usize) {
    let semaphore = Semaphore::new(count(number));
    // A second time, to see that the first left nothing behind.
    for _ in 0..2 {
        let mut permits: Vec<_> = (0..number).map(|_| semaphore.acquire()).collect();
        assert!(semaphore.try_acquire().is_none());
        assert!(semaphore.acquire_timeout(Duration::ZERO).is_none());
        assert_eq!(semaphore.n_waiting(), 0);
        permits.pop();
        let last = semaphore.try_acquire();
        assert!(last.is_some());
        assert!(semaphore.try_acquire().is_none());
    }
}

/// S1
#[test]
fn permits_are_served_in_the_order_in_which_they_were_asked_for() {
    let (one, served) = (Semaphore::new(count(1)), Mutex::new(Vec::new()));
    let permit = one.acquire();
    thread::scope(|scope| {
        for number in 0..5 {
            let (one, served) = (&one, &served);
            scope.spawn(move || {
                let permit = match number % 2 {
                    0 => one.acquire(),
                    _ => one.acquire_timeout(HOUR).unwrap(),
                };
                served.lock().unwrap().push(number);
                drop(permit);
            });
            until(|| one.n_waiting() == number + 1);
        }
        drop(permit);
    });
    assert_eq!(served.into_inner().unwrap(), [0, 1, 2, 3, 4]);
}

/// S1: not even in the moment in which it has been served and has not woken up yet.
#[test]
fn nobody_overtakes_a_waiter() {
    let (one, gate) = (Semaphore::new(count(1)), Event::new());
    for _ in 0..100 {
        let permit = one.acquire();
        thread::scope(|scope| {
            scope.spawn(|| {
                let _permit = one.acquire();
                gate.wait();
            });
            until(|| one.n_waiting() == 1);
            drop(permit);
            assert!(one.try_acquire().is_none());
            assert!(one.acquire_timeout(Duration::ZERO).is_none());
            gate.set();
        });
        gate.clear();
    }
}

/// S1: <https://docs.python.org/3/reference/compound_stmts.html#with>, where an exception releases.
#[test]
fn permit_comes_back_by_a_panic() {
    let one = Semaphore::new(count(1));
    thread::scope(|scope| {
        let permit = one.acquire();
        let waiter = scope.spawn(|| drop(one.acquire()));
        until(|| one.n_waiting() == 1);
        let holder = move || {
            let _permit = permit;
            resume_unwind(Box::new("unlucky"));
        };
        assert!(catch_unwind(AssertUnwindSafe(holder)).is_err());
        waiter.join().unwrap();
    });
    assert!(one.try_acquire().is_some());
}

/// S1: <https://docs.python.org/3/library/threading.html#threading.Semaphore.release>, which any
/// thread may call.
#[test]
fn permit_may_be_dropped_by_another_thread() {
    let one = Semaphore::new(count(1));
    let permit = one.acquire();
    thread::scope(|scope| scope.spawn(|| drop(permit)).join()).unwrap();
    assert!(one.try_acquire().is_some());
}

#[rstest]
#[case::zero(Duration::ZERO)]
#[case::short(Duration::from_millis(20))]
fn timed_out_only_after_at_least_the_timeout(#[case] timeout: Duration) {
    let one = Semaphore::new(count(1));
    let _permit = one.acquire();
    let start = Instant::now();
    assert!(one.acquire_timeout(timeout).is_none());
    assert!(start.elapsed() >= timeout);
    assert_eq!(one.n_waiting(), 0);
}

#[rstest]
#[case::an_hour(HOUR)]
#[case::for_ever(Duration::MAX)]
fn a_permit_that_comes_back_in_time_ends_the_wait(#[case] timeout: Duration) {
    let one = Semaphore::new(count(1));
    let permit = one.acquire();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| one.acquire_timeout(timeout).is_some());
        until(|| one.n_waiting() == 1);
        drop(permit);
        assert!(waiter.join().unwrap());
    });
}

/// S1: its place is not kept, so the permit goes to the next one.
#[test]
fn waiter_that_timed_out_has_left_the_line() {
    let one = Semaphore::new(count(1));
    thread::scope(|scope| {
        let permit = one.acquire();
        let impatient = scope.spawn(|| one.acquire_timeout(Duration::from_millis(20)).is_none());
        until(|| one.n_waiting() == 1 || impatient.is_finished());
        let patient = scope.spawn(|| drop(one.acquire()));
        assert!(impatient.join().unwrap());
        until(|| one.n_waiting() == 1);
        assert!(!patient.is_finished());
        drop(permit);
    });
    assert!(one.try_acquire().is_some());
}
