//! P5: a whole pool: how it begins, comes to rest, is counted, and ends.

use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::coin;
use super::harness::{Bound, Seen, holds};
use super::recorder::Data;
use super::recorder::thread::at_its_end;
use super::workers::{completed, join_workers, start_workers, submit};
use crate::sync::thread;
use crate::thread_pool::queue::Queue;
use crate::{Event, PoolReport, Shutdown, ThreadPool};

const ONE: NonZeroUsize = NonZeroUsize::MIN;
const TWO: NonZeroUsize = ONE.saturating_add(1);

/// The initialiser has run in every worker by then, and is gone.
#[test]
fn pool_is_there_once_every_worker_has_prepared_itself() {
    holds(Bound::Preemptions(2), || {
        // Std's: known to the test, not a step of the model.
        let prepared = Arc::new(AtomicUsize::new(0));
        let prepare = {
            let prepared = prepared.clone();
            move || -> Result<(), Infallible> {
                prepared.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
        };
        let pool = ThreadPool::initialised_by(TWO, prepare).unwrap();
        let seen = prepared.load(Ordering::Relaxed);
        let owners = Arc::strong_count(&prepared);
        drop(pool);
        assert_eq!((seen, owners), (2, 1));
    });
}

/// There is no pool, whichever worker it was.
#[test]
fn pool_that_one_worker_is_missing_from_is_none() {
    let workers = Seen::new();
    let seen = workers.clone();
    holds(Bound::Preemptions(2), move || {
        let calls = AtomicUsize::new(0);
        let prepare = move || match calls.fetch_add(1, Ordering::Relaxed) {
            0 => Ok(()),
            _ => Err("no more"),
        };
        let error = ThreadPool::initialised_by(TWO, prepare).map(drop);
        let text = error.map_err(|error| error.to_string()).unwrap_err();
        assert!(text.ends_with(" could not prepare itself: no more"));
        seen.add(text.starts_with("worker-1"));
    });
    workers.are_exactly([false, true]);
}

/// P5: the second call ends no sooner than the pool's worker does.
#[test]
fn pool_that_two_threads_shut_down_has_ended_for_both() {
    holds(Bound::Preemptions(3), || {
        let pool = Arc::new(ThreadPool::new(ONE).unwrap());
        let has_ended = Arc::new(AtomicBool::new(false));
        let ends = has_ended.clone();
        let job = move || at_its_end(move || ends.store(true, Ordering::Relaxed));
        drop(pool.submit(job).unwrap());
        let shut_down = move || {
            let report = pool.shutdown(Shutdown::Drain);
            (report, has_ended.load(Ordering::Relaxed))
        };
        let other = thread::spawn(shut_down.clone());
        let both = [shut_down(), other.join().unwrap()];
        assert_eq!(both, [(completed(1), true); 2]);
    });
}

/// Whoever waits for a pool at rest sees all that its jobs did.
#[test]
fn pool_at_rest_has_done_all_jobs() {
    holds(Bound::Exhaustive, || {
        let (queue, data) = (Queue::new(1), Data::new());
        let workers = start_workers(1, &queue);
        let writes = data.clone();
        drop(submit(&queue, move || writes.write(1)).unwrap());
        queue.wait_idle();
        assert_eq!((data.read(), queue.report()), (1, completed(1)));
        queue.close();
        join_workers(workers, &queue);
    });
}

#[test]
fn spurious_wake_up_is_no_rest() {
    holds(Bound::Preemptions(3), || {
        let queue = Queue::new(1);
        drop(submit(&queue, || ()).unwrap());
        let coin = coin::toss(1);
        let workers = start_workers(1, &queue);
        queue.wait_idle();
        assert_eq!(queue.report(), completed(1));
        queue.close();
        join_workers(workers, &queue);
        coin.join().unwrap();
    });
}

/// A pool may come to rest because somebody cancels.
#[test]
fn pool_whose_jobs_are_cancelled_is_at_rest() {
    holds(Bound::Exhaustive, || {
        let queue = Queue::new(1);
        let job = submit(&queue, || ()).unwrap();
        let canceller = {
            let queue = queue.clone();
            thread::spawn(move || queue.cancel())
        };
        queue.wait_idle();
        drop(job);
        assert_eq!(canceller.join().unwrap(), 1);
    });
}

/// As for an event, who waited at that moment goes on, though the pool has work again.
#[test]
fn moment_of_rest_that_is_over_releases_whoever_waited_for_it() {
    let cases = Seen::new();
    let seen = cases.clone();
    holds(Bound::Preemptions(2), move || {
        let (queue, end) = (Queue::new(1), Arc::new(Event::new()));
        let workers = start_workers(1, &queue);
        let go = Arc::new(Event::new());
        let gate = go.clone();
        drop(submit(&queue, move || gate.wait()).unwrap());
        let other = {
            let (queue, end, seen) = (queue.clone(), end.clone(), seen.clone());
            thread::spawn(move || {
                let is_awaited = queue.waiting_for_rest() > 0;
                seen.add(is_awaited);
                go.set();
                if is_awaited {
                    queue.wait_idle();
                    drop(submit(&queue, move || end.wait()).unwrap());
                }
            })
        };
        queue.wait_idle();
        end.set();
        other.join().unwrap();
        queue.close();
        join_workers(workers, &queue);
    });
    cases.are_exactly([false, true]);
}

/// P5: each job is in one count, whatever happens meanwhile.
#[test]
fn report_adds_up_beside_running_jobs() {
    let reports = Seen::new();
    let seen = reports.clone();
    holds(Bound::Preemptions(3), move || {
        let queue = Queue::new(1);
        let workers = start_workers(1, &queue);
        let first = submit(&queue, || ()).unwrap();
        let submitter = {
            let queue = queue.clone();
            thread::spawn(move || drop(submit(&queue, || ()).unwrap()))
        };
        let report = queue.report();
        let PoolReport {
            completed: ended,
            queued,
            running,
            ..
        } = report;
        assert!(matches!(report.submitted(), 1 | 2));
        seen.add((ended, running, queued));
        assert_eq!(first.join(), Ok(()));
        assert!(queue.report().completed >= 1, "its end was told");
        submitter.join().unwrap();
        queue.close();
        assert_eq!(join_workers(workers, &queue), completed(2));
    });
    reports.are_exactly([
        (0, 0, 1),
        (0, 0, 2),
        (0, 1, 0),
        (0, 1, 1),
        (1, 0, 0),
        (1, 0, 1),
        (1, 1, 0),
        (2, 0, 0),
    ]);
}

/// A cancel takes the jobs out before it ends them; meanwhile the pool is not at rest.
#[test]
fn rest_comes_after_a_cancel_not_during_it() {
    holds(Bound::Exhaustive, || {
        let queue = Queue::new(1);
        let job = submit(&queue, || ()).unwrap();
        let canceller = {
            let queue = queue.clone();
            thread::spawn(move || queue.cancel())
        };
        queue.wait_idle();
        let report = queue.report();
        assert_eq!((report.queued, report.cancelled), (0, 1));
        assert!(job.is_finished());
        assert_eq!(canceller.join().unwrap(), 1);
    });
}

/// P5: nor does a pool end during it.
#[test]
fn pool_that_has_ended_has_nothing_queued() {
    holds(Bound::Preemptions(2), || {
        let pool = Arc::new(ThreadPool::new(NonZeroUsize::MIN).unwrap());
        drop(pool.submit(|| ()).unwrap());
        let canceller = {
            let pool = pool.clone();
            thread::spawn(move || pool.cancel_queued())
        };
        let report = pool.shutdown(Shutdown::Drain);
        canceller.join().unwrap();
        assert_eq!((report.ended(), report.submitted()), (1, 1), "{report:?}");
    });
}
