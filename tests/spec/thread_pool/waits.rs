//! <https://docs.python.org/3/library/concurrent.futures.html#threadpoolexecutor>, which shows waits for the own pool as the deadlocks that they are: P7.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use threadproof::{JobError, Shutdown};

use super::{pool, this_worker};
use crate::support::{ends, until};

#[test]
fn in_a_pool_of_one_a_job_cannot_join_another() {
    let pool = Arc::new(pool(1));
    let inside = pool.clone();
    let outer = move || inside.submit(|| "inner").unwrap().join();
    let outer = pool.submit(outer).unwrap();
    assert_eq!(ends(move || outer.join()), Ok(Err(JobError::WouldDeadlock)));
    assert_eq!(pool.submit(|| "open").unwrap().join(), Ok("open"));
}

#[test]
fn in_a_pool_of_one_a_job_cannot_map() {
    let pool = Arc::new(pool(1));
    let inside = pool.clone();
    let outer = pool
        .submit(move || inside.map([1, 2, 3], |n: i32| n))
        .unwrap();
    let outputs = ends(move || outer.join()).unwrap();
    assert_eq!(outputs, [const { Err(JobError::WouldDeadlock) }; 3]);
    let report = Arc::into_inner(pool).unwrap().shutdown(Shutdown::Drain);
    assert_eq!((report.completed, report.cancelled), (1, 3));
}

#[test]
fn in_a_pool_of_two_a_job_may_join_another_which_runs_on_the_other_worker() {
    let pool = Arc::new(pool(2));
    for _ in 0..100 {
        let inside = pool.clone();
        let outer = move || {
            (
                this_worker(),
                inside.submit(this_worker).unwrap().join().unwrap(),
            )
        };
        let outer = pool.submit(outer).unwrap();
        let (outer, inner) = ends(move || outer.join()).unwrap();
        assert_ne!(outer, inner);
    }
}

#[test]
fn in_a_pool_of_two_a_job_may_map_and_runs_no_input_itself() {
    let pool = Arc::new(pool(2));
    for _ in 0..100 {
        let inside = pool.clone();
        let outer = move || (this_worker(), inside.map(0..20, |_| this_worker()));
        let outer = pool.submit(outer).unwrap();
        let (outer, inner) = ends(move || outer.join()).unwrap();
        assert_eq!(inner.len(), 20);
        assert!(inner.into_iter().all(|worker| worker.unwrap() != outer));
    }
}

#[test]
fn of_two_jobs_that_would_fill_a_pool_of_two_with_waiting_one_is_refused() {
    for _ in 0..100 {
        let (pool, meeting) = (Arc::new(pool(2)), Arc::new(Barrier::new(2)));
        let outer = || {
            let (inside, meeting) = (pool.clone(), meeting.clone());
            move || {
                meeting.wait();
                inside.submit(|| "inner").unwrap().join()
            }
        };
        let jobs = [(); 2].map(|()| pool.submit(outer()).unwrap());
        let mut outcomes = ends(move || jobs.map(|job| job.join().unwrap()));
        outcomes.sort_by_key(Result::is_err);
        assert_eq!(outcomes, [Ok("inner"), Err(JobError::WouldDeadlock)]);
    }
}

#[test]
fn of_two_maps_that_would_fill_a_pool_of_two_with_waiting_one_is_refused() {
    for _ in 0..100 {
        let (pool, meeting) = (Arc::new(pool(2)), Arc::new(Barrier::new(2)));
        let inside = pool.clone();
        let outer = move |()| {
            meeting.wait();
            inside.map([1, 2, 3], |n: i32| n)
        };
        let mut outputs = ends(move || pool.map([(); 2], outer));
        outputs.sort_by_key(|map| map.as_ref().is_ok_and(|map| map[0].is_err()));
        assert_eq!(outputs[0], Ok(vec![Ok(1), Ok(2), Ok(3)]));
        assert_eq!(outputs[1], Ok(vec![Err(JobError::WouldDeadlock); 3]));
    }
}

#[test]
fn a_job_may_wait_for_another_with_a_timeout_even_in_a_pool_of_one() {
    let pool = Arc::new(pool(1));
    let inside = pool.clone();
    let outer = move || {
        let inner = inside.submit(|| "inner").unwrap();
        inner.join_timeout(Duration::from_millis(10)).unwrap_err()
    };
    let outer = pool.submit(outer).unwrap();
    let inner = ends(move || outer.join()).unwrap();
    assert_eq!(inner.join(), Ok("inner"));
}

#[test]
fn a_job_may_wait_for_another_pool_and_for_a_job_that_has_ended() {
    let (here, there) = (Arc::new(pool(1)), pool(1));
    let ended = here.submit(|| "ended").unwrap();
    until(|| ended.is_finished());
    let outer = here.submit(move || (ended.join(), there.submit(|| "there").unwrap().join()));
    let outcomes = ends(move || outer.unwrap().join());
    assert_eq!(outcomes, Ok((Ok("ended"), Ok("there"))));
}
