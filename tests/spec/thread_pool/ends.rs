//! <https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.Executor.shutdown>: P5, how a pool ends.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;

use rstest::rstest;
use threadproof::{Event, JobError, PoolShutDown, Shutdown, ThreadPool};

use super::pool;
use crate::support::{ends, until};

#[rstest]
#[case::drain(Shutdown::Drain, 52, 1)]
#[case::cancel_queued(Shutdown::CancelQueued, 2, 51)]
/// CPython: `test_cancel_futures`.
fn a_shutdown_accounts_for_every_job(
    #[case] how: Shutdown,
    #[case] completed: u64,
    #[case] cancelled: u64,
) {
    let pool = pool(2);
    let gate = Arc::new(Event::new());
    let wait = |number: u64| {
        let gate = gate.clone();
        move || {
            gate.wait();
            number
        }
    };
    assert!(
        pool.submit(|| panic!("first"))
            .unwrap()
            .join()
            .is_err_and(is_panic)
    );
    let jobs: Vec<_> = (0..53).map(|n| pool.submit(wait(n)).unwrap()).collect();
    until(|| gate.n_waiting() == 2);
    assert!(jobs[10].cancel());
    let report = thread::scope(|scope| {
        let end = scope.spawn(|| pool.shutdown(how));
        if how == Shutdown::CancelQueued {
            until(|| jobs[52].is_finished());
        }
        gate.set();
        end.join().unwrap()
    });
    let ended = (report.completed, report.cancelled, report.panicked);
    assert_eq!(ended, (completed, cancelled, 1));
    assert_eq!((report.ended(), report.submitted()), (54, 54));
    let outcomes: Vec<Result<u64, _>> = jobs.into_iter().map(threadproof::Job::join).collect();
    let cancels = outcomes
        .iter()
        .filter(|outcome| **outcome == Err(JobError::Cancelled));
    assert_eq!(cancels.count() as u64, cancelled);
}

fn is_panic(error: JobError) -> bool {
    matches!(error, JobError::Panicked(_))
}

/// CPython: `test_context_manager_shutdown`, `test_del_shutdown`.
#[test]
fn dropping_a_pool_runs_what_is_queued() {
    let pool = pool(2);
    let ran = Arc::new(AtomicUsize::new(0));
    for _ in 0..200 {
        let ran = ran.clone();
        drop(
            pool.submit(move || ran.fetch_add(1, Ordering::Relaxed))
                .unwrap(),
        );
    }
    drop(pool);
    assert_eq!(ran.load(Ordering::Relaxed), 200);
}

/// CPython: `test_threads_terminate`.
#[rstest]
#[case::drop(None)]
#[case::drain(Some(Shutdown::Drain))]
#[case::cancel_queued(Some(Shutdown::CancelQueued))]
fn no_thread_of_a_pool_outlives_it(#[case] how: Option<Shutdown>) {
    thread_local! {
        // Dropped by the thread's end.
        static HELD: Mutex<Option<Arc<()>>> = const { Mutex::new(None) };
    }
    let (pool, alive, meeting) = (pool(3), Arc::new(()), Arc::new(Barrier::new(3)));
    let theirs = alive.clone();
    let hold = move |()| {
        meeting.wait();
        HELD.with(|held| *held.lock().unwrap() = Some(theirs.clone()));
    };
    assert_eq!(pool.map([(); 3], hold), [Ok(()), Ok(()), Ok(())]);
    assert_eq!(Arc::strong_count(&alive), 4);
    match how {
        None => drop(pool),
        Some(how) => assert_eq!(pool.shutdown(how).completed, 3),
    }
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[test]
fn a_pool_may_be_shut_down_by_its_own_job() {
    let (pool, done) = (pool(2), Arc::new(Event::new()));
    let (give, take) = mpsc::channel::<ThreadPool>();
    let theirs = done.clone();
    let job = pool.submit(move || {
        drop(take.recv().unwrap());
        theirs.set();
    });
    give.send(pool).unwrap();
    assert_eq!(ends(move || job.unwrap().join()), Ok(()));
    assert!(done.is_set());
}

#[test]
fn the_refusal_of_a_closed_pool_says_so() {
    let said = PoolShutDown.to_string();
    assert_eq!(said, "the pool is shut down and takes no more jobs");
}
