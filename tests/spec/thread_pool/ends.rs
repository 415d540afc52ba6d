//! <https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.Executor.shutdown>: P5, how a pool ends.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;

use rstest::rstest;
use threadproof::{
    Event, Job, JobError, PoolShutDown, Running, Shutdown, ThreadPool, TryMapError, start,
};

use super::{gate_and_clone, pool};
use crate::support::{count, ends, in_a_process_of_its_own, until};

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

/// Its work is over then, and its thread is not: whoever joins it there waits for itself, or for whoever
/// waits for it.
#[rstest]
#[case::while_another_joins_it(true)]
#[case::as_the_last_owner(false)]
fn a_pool_may_be_shut_down_by_a_thread_local_of_its_worker(#[case] is_joined: bool) {
    struct Kept(Arc<ThreadPool>, mpsc::Sender<u64>);

    impl Drop for Kept {
        fn drop(&mut self) {
            let report = self.0.shutdown(Shutdown::Drain);
            self.1.send(report.completed).unwrap();
        }
    }

    thread_local!(static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) });

    in_a_process_of_its_own(|| {
        let pool = Arc::new(pool(1));
        let (tell, told) = mpsc::channel();
        let (own, kept) = (pool.clone(), Kept(pool.clone(), tell));
        let job = pool.submit(move || {
            KEPT.set(Some(kept));
            if !is_joined {
                own.shutdown(Shutdown::Drain);
            }
        });
        job.unwrap().join().unwrap();
        if is_joined {
            ends(move || pool.shutdown(Shutdown::Drain));
        } else {
            drop(pool);
        }
        assert_eq!(ends(move || told.recv()), Ok(1));
    });
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

/// The last owner of a pool is one of its jobs, while another one waits for a job that is queued. A
/// worker that joined its own pool's workers would hold up both.
#[test]
fn a_job_may_end_its_pool_while_another_one_waits_for_a_job_of_it() {
    for _ in 0..50 {
        let pool = pool(2);
        let (give_pool, take_pool) = mpsc::channel::<ThreadPool>();
        let (give_job, take_job) = mpsc::channel::<Job<i32>>();
        let ends_it = pool.submit(move || drop(take_pool.recv().unwrap()));
        let waits = pool.submit(move || take_job.recv().unwrap().join());
        let last = pool.submit(|| 7).unwrap();
        give_job.send(last).unwrap();
        give_pool.send(pool).unwrap();
        let told = ends(move || (ends_it.unwrap().join(), waits.unwrap().join()));
        // Whether the wait would have ended depends on who was first; that both end does not.
        assert!(matches!(
            told,
            (Ok(()), Ok(Ok(7) | Err(JobError::WouldDeadlock)))
        ));
    }
}

/// Inside a job it does not wait, and counts what still runs or is queued.
#[rstest]
#[case::drain(Shutdown::Drain, 3, 0)]
#[case::cancel_queued(Shutdown::CancelQueued, 0, 3)]
fn a_job_that_ends_its_own_pool_gets_a_report_that_adds_up(
    #[case] how: Shutdown,
    #[case] queued: u64,
    #[case] cancelled: u64,
) {
    let (give, take) = mpsc::channel::<ThreadPool>();
    let pool = pool(1);
    let first = pool.submit(move || take.recv().unwrap().shutdown(how));
    let others = [(); 3].map(|()| pool.submit(|| ()).unwrap());
    give.send(pool).unwrap();
    let report = ends(move || first.unwrap().join()).unwrap();
    assert_eq!((report.running, report.queued), (1, queued));
    assert_eq!((report.cancelled, report.submitted()), (cancelled, 4));
    let ran = others.map(|job| job.join().is_ok());
    assert_eq!(ran, [queued > 0; 3]);
}

#[rstest]
fn a_second_shutdown_ends_no_sooner_than_the_first_and_tells_the_same(
    #[values(Shutdown::Drain, Shutdown::CancelQueued)] first: Shutdown,
    #[values(Shutdown::Drain, Shutdown::CancelQueued)] second: Shutdown,
) {
    let pool = Arc::new(pool(2));
    let (gate, theirs) = gate_and_clone();
    drop(pool.submit(move || theirs.wait()).unwrap());
    until(|| gate.n_waiting() == 1);
    let end = |how| {
        let pool = pool.clone();
        start("ends", move || pool.shutdown(how)).unwrap()
    };
    let both = [end(first), end(second)];
    until(|| pool.submit(|| ()).is_err());
    let is_over = both.each_ref().map(Running::is_finished);
    gate.set();
    let told = ends(move || both.map(|end| end.join().unwrap()));
    assert_eq!(is_over, [false; 2], "a job ran");
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0].ended(), told[0].submitted());
    assert_eq!(pool.shutdown(Shutdown::Drain), told[0], "and a third one");
}

/// As the thread does that listens for Ctrl-C, while `main` waits for a map.
#[test]
fn another_thread_may_end_the_pool_while_a_map_runs() {
    let pool = Arc::new(pool(2));
    let (gate, theirs) = gate_and_clone();
    let (maps, ends_it) = (pool.clone(), pool.clone());
    let map = start("map", move || maps.map(0..10, move |_| theirs.wait())).unwrap();
    until(|| gate.n_waiting() == 2);
    let end = start("listens", move || ends_it.shutdown(Shutdown::CancelQueued));
    until(|| pool.report().queued == 0);
    gate.set();
    let outcomes = ends(move || map.join().unwrap());
    let cancelled = outcomes
        .iter()
        .filter(|outcome| **outcome == Err(JobError::Cancelled));
    assert_eq!(cancelled.count(), 8);
    let report = end.unwrap().join().unwrap();
    assert_eq!((report.completed, report.cancelled), (2, 8));
}

/// CPython: `test_submit_after_shutdown`, `test_map_submits_without_iteration`. Nothing that comes too
/// late is a job any more, and nobody waits for it.
#[rstest]
fn what_comes_after_the_end_is_refused_or_cancelled(
    #[values(Shutdown::Drain, Shutdown::CancelQueued)] how: Shutdown,
) {
    let pool = pool(2);
    assert_eq!(pool.map([1], |n: u32| n), [Ok(1)]);
    let last = pool.shutdown(how);
    let none = || -> u32 { panic!("it ran") };
    assert_eq!(pool.submit(none).map(drop), Err(PoolShutDown));
    let cancelled = || Err(JobError::Cancelled);
    let outcomes = pool.map([1, 2], move |_| none());
    assert_eq!(outcomes, [cancelled(), cancelled()]);
    let tried = pool.try_map([1, 2], move |_| Ok::<_, ()>(none()));
    let (index, error) = (0, JobError::Cancelled);
    assert_eq!(tried, Err(TryMapError::Job { index, error }));
    assert_eq!(
        pool.map_lazy(0.., count(2), move |_: u32| none()).next(),
        None
    );
    let mut unordered = pool.map_unordered(0.., count(2), move |_: u32| none());
    assert_eq!(unordered.next(), None);
    assert_eq!(pool.cancel_queued(), 0);
    assert_eq!(pool.report(), last);
}
