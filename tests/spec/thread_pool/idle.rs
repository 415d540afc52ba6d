//! <https://docs.python.org/3/library/queue.html#queue.Queue.join>, for a pool: P10, `wait_idle`.

use std::sync::{Arc, mpsc};

use threadproof::{Running, ThreadPool, scoped_map, start};

use super::{gate_and_clone, message, pool};
use crate::support::{count, ends, until};

/// A thread that waits for the pool to rest, and says so by ending.
fn waits(pool: &Arc<ThreadPool>) -> threadproof::Running<()> {
    let pool = pool.clone();
    start("waits", move || pool.wait_idle()).unwrap()
}

#[test]
fn a_pool_without_jobs_rests() {
    let pool = Arc::new(pool(3));
    let waits = [(); 3].map(|()| waits(&pool));
    ends(move || waits.map(|one| one.join().unwrap()));
    assert_eq!(pool.report().submitted(), 0);
}

#[test]
fn it_waits_for_what_runs_and_for_what_is_queued_and_the_pool_stays() {
    let pool = Arc::new(pool(1));
    for _ in 0..3 {
        let (first, theirs) = gate_and_clone();
        let (second, also_theirs) = gate_and_clone();
        drop(pool.submit(move || theirs.wait()).unwrap());
        drop(pool.submit(move || also_theirs.wait()).unwrap());
        let waits = [waits(&pool), waits(&pool)];
        until(|| first.n_waiting() == 1);
        let over_at_first = waits.each_ref().map(Running::is_finished);
        first.set();
        until(|| second.n_waiting() == 1);
        let over_then = waits.each_ref().map(Running::is_finished);
        second.set();
        ends(move || waits.map(|one| one.join().unwrap()));
        assert_eq!(over_at_first, [false; 2], "one was queued");
        assert_eq!(over_then, [false; 2], "one ran");
    }
    assert_eq!(pool.report().completed, 6);
}

/// It is the moment that counts, however short: who waited then goes on, though more may have come.
#[test]
fn who_waits_while_the_pool_rests_for_a_moment_goes_on() {
    let pool = Arc::new(pool(1));
    for _ in 0..200 {
        let (gate, theirs) = gate_and_clone();
        drop(pool.submit(move || theirs.wait()).unwrap());
        let waits = waits(&pool);
        // Not whether it waits is known here, but that it is about to.
        let first = pool.submit(|| ()).unwrap();
        gate.set();
        first.join().unwrap();
        // More comes at once, until it has gone on.
        until(|| {
            pool.submit(|| ()).unwrap().join().unwrap();
            waits.is_finished()
        });
    }
}

#[test]
fn what_was_cancelled_leaves_a_pool_at_rest() {
    let pool = Arc::new(pool(2));
    let (gate, theirs) = gate_and_clone();
    let held = [theirs.clone(), theirs].map(|gate| pool.submit(move || gate.wait()).unwrap());
    until(|| gate.n_waiting() == 2);
    let queued = [(); 3].map(|()| pool.submit(|| ()).unwrap());
    assert!(queued[0].cancel());
    assert_eq!(pool.cancel_queued(), 2);
    let waits = waits(&pool);
    gate.set();
    ends(move || waits.join().unwrap());
    drop(held);
    let report = pool.report();
    assert_eq!((report.completed, report.cancelled), (2, 3));
}

#[test]
fn a_job_that_panics_leaves_a_pool_at_rest() {
    let pool = Arc::new(pool(2));
    let outputs = pool.map(0..10, |n: u32| assert!(n.is_multiple_of(2)));
    assert_eq!(outputs.iter().filter(|output| output.is_err()).count(), 5);
    let waits = waits(&pool);
    ends(move || waits.join().unwrap());
    assert_eq!(pool.report().panicked, 5);
}

/// It would wait for its own end, also on behalf of others.
#[test]
fn inside_a_job_of_the_pool_it_is_a_panic_that_says_why() {
    let pool = Arc::new(pool(2));
    let inside = pool.clone();
    let job = pool.submit(move || inside.wait_idle()).unwrap();
    let why = "wait_idle() in a job of this pool would wait for the job's own end";
    assert_eq!(message(&ends(move || job.join())), why);

    let inside = pool.clone();
    let job = move || scoped_map(count(1), &[()], |()| inside.wait_idle());
    let job = pool.submit(job).unwrap();
    let told = ends(move || job.join()).unwrap();
    assert_eq!(told[0].as_ref().unwrap_err().message(), why);

    let inside = pool.clone();
    let mapped = pool.map([()], move |()| inside.wait_idle());
    assert_eq!(message(&mapped[0]), why);
}

#[test]
fn a_job_may_wait_until_another_pool_rests() {
    let (here, there) = (pool(1), Arc::new(pool(1)));
    let (tell, told) = mpsc::channel();
    drop(there.submit(move || tell.send(7).unwrap()).unwrap());
    let inside = there.clone();
    let outer = here.submit(move || {
        inside.wait_idle();
        told.try_recv()
    });
    assert_eq!(ends(move || outer.unwrap().join()), Ok(Ok(7)));
}

#[test]
fn after_its_end_a_pool_rests() {
    let pool = Arc::new(pool(2));
    pool.shutdown(threadproof::Shutdown::Drain);
    let waits = waits(&pool);
    ends(move || waits.join().unwrap());
}
