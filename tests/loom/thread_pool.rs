//! P5, P6, P7: the very queue and job handles of the pool, with loom's threads as workers.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::coin;
use super::harness::{Bound, Seen, holds};
use super::workers::{completed, join_workers, start_workers, submit};
use crate::sync::thread;
use crate::thread_pool::JobCell;
use crate::thread_pool::queue::Queue;
use crate::{Job, JobError, PoolReport, PoolShutDown};

/// A drain runs each job once, hands out each output, and leaves no thread.
fn drain(workers: usize, jobs: usize) {
    let queue = Queue::new(workers);
    let workers = start_workers(workers, &queue);
    let handles: Vec<_> = (0..jobs)
        .map(|job| submit(&queue, move || job).unwrap())
        .collect();
    queue.close();
    assert_eq!(join_workers(workers, &queue), completed(jobs as u64));
    assert!(handles.into_iter().map(Job::join).eq((0..jobs).map(Ok)));
}

/// P5: an idle worker hears that the queue was closed.
#[test]
fn drain_with_one_worker_and_no_job() {
    holds(Bound::Exhaustive, || drain(1, 0));
}

/// P5: with one worker, waking only one would pass.
#[test]
fn drain_with_two_workers_and_no_job() {
    holds(Bound::Exhaustive, || drain(2, 0));
}

/// P5
#[test]
fn drain_with_one_worker_and_one_job() {
    holds(Bound::Exhaustive, || drain(1, 1));
}

/// P5: a wake-up meant for the second job may come after it; the third one must not be left.
#[test]
fn drain_with_one_worker_and_three_jobs() {
    holds(Bound::Exhaustive, || drain(1, 3));
}

/// P5
#[test]
fn drain_with_two_workers_and_two_jobs() {
    holds(Bound::Preemptions(3), || drain(2, 2));
}

/// P5: a panic is counted and delivered, and costs the worker nothing.
#[test]
fn job_that_panics_is_counted_and_the_next_one_runs() {
    holds(Bound::Exhaustive, || {
        let queue = Queue::new(1);
        let workers = start_workers(1, &queue);
        // Without the panic hook, which would print in every schedule.
        let panics: Job<()> = submit(&queue, || resume_unwind(Box::new("no"))).unwrap();
        let next = submit(&queue, || 7).unwrap();
        queue.close();
        let tally = join_workers(workers, &queue);
        assert_eq!(
            (tally.completed, tally.cancelled, tally.panicked),
            (1, 0, 1)
        );
        assert!(matches!(panics.join(), Err(JobError::Panicked(_))));
        assert_eq!(next.join(), Ok(7));
    });
}

/// P5: a job that is refused never runs, a job that is accepted does.
#[test]
fn job_submitted_while_the_queue_closes_runs_or_is_refused() {
    let outcomes = Seen::new();
    let seen = outcomes.clone();
    holds(Bound::Exhaustive, move || {
        let queue = Queue::new(1);
        let workers = start_workers(1, &queue);
        let submitter = {
            let queue = queue.clone();
            thread::spawn(move || submit(&queue, || 7).map(Job::join))
        };
        queue.close();
        let outcome = submitter.join().unwrap();
        let jobs = u64::from(outcome.is_ok());
        assert_eq!(join_workers(workers, &queue), completed(jobs));
        assert!(matches!(outcome, Ok(Ok(7)) | Err(PoolShutDown)));
        seen.add(jobs);
    });
    outcomes.are_exactly([0, 1]);
}

/// P5: completed and cancelled are all that were submitted.
#[test]
fn jobs_of_a_cancelled_queue_run_or_are_cancelled() {
    let counts = Seen::new();
    let seen = counts.clone();
    holds(Bound::Exhaustive, move || {
        let queue = Queue::new(1);
        let workers = start_workers(1, &queue);
        let jobs = [0, 1].map(|job| submit(&queue, move || job).unwrap());
        queue.close();
        let cancelled = queue.cancel();
        assert_eq!(queue.report().cancelled, cancelled);
        let report = join_workers(workers, &queue);
        let expected = PoolReport {
            cancelled,
            ..completed(2 - cancelled)
        };
        assert_eq!(report, expected);
        let outcomes = jobs.map(Job::join);
        for (job, outcome) in outcomes.iter().enumerate() {
            assert!(matches!(outcome, Err(JobError::Cancelled)) || *outcome == Ok(job));
        }
        let cancelled_jobs = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        assert_eq!(cancelled_jobs as u64, cancelled);
        seen.add(cancelled);
    });
    counts.are_exactly([0, 1, 2]);
}

/// P6: a worker claims, somebody cancels, the owner joins; one of the first two wins.
#[test]
fn cancelled_job_never_runs() {
    let answers = Seen::new();
    let seen = answers.clone();
    holds(Bound::Exhaustive, move || {
        let queue = Queue::new(1);
        // Std's: known to the test, not a step of the model.
        let runs = Arc::new(AtomicUsize::new(0));
        let body = {
            let runs = runs.clone();
            move || runs.fetch_add(1, Ordering::Relaxed)
        };
        let cell = JobCell::new(body, &queue, None);
        queue.push(cell.clone()).unwrap();
        queue.close();
        let workers = start_workers(1, &queue);
        let canceller = {
            let job = cell.handle();
            thread::spawn(move || job.cancel())
        };
        let outcome = cell.handle().join();
        let (cancelled, tally) = (canceller.join().unwrap(), join_workers(workers, &queue));
        if cancelled {
            assert_eq!(outcome, Err(JobError::Cancelled));
            assert_eq!((tally.completed, tally.cancelled), (0, 1));
        } else {
            assert_eq!(outcome, Ok(0));
            assert_eq!((tally.completed, tally.cancelled), (1, 0));
        }
        assert_eq!(runs.load(Ordering::Relaxed), usize::from(!cancelled));
        assert!(!cell.handle().cancel(), "it has ended");
        seen.add(cancelled);
    });
    answers.are_exactly([false, true]);
}

/// P6: a canceller outlives handle and job, and says what has become of the job.
#[test]
fn canceller_says_whether_the_job_will_never_run() {
    let answers = Seen::new();
    let seen = answers.clone();
    holds(Bound::Exhaustive, move || {
        let queue = Queue::new(1);
        // Std's: known to the test, not a step of the model.
        let runs = Arc::new(AtomicUsize::new(0));
        let body = {
            let runs = runs.clone();
            move || runs.fetch_add(1, Ordering::Relaxed)
        };
        let canceller = submit(&queue, body).unwrap().canceller();
        queue.close();
        let workers = start_workers(1, &queue);
        let cancelled = canceller.cancel();
        join_workers(workers, &queue);
        assert_eq!(runs.load(Ordering::Relaxed), usize::from(!cancelled));
        assert!(!canceller.cancel(), "it has ended");
        seen.add(cancelled);
    });
    answers.are_exactly([false, true]);
}

/// P5, P6: the handle and the queue cancel at once; the job counts once.
#[test]
fn job_cancelled_from_two_sides_counts_once() {
    let answers = Seen::new();
    let seen = answers.clone();
    holds(Bound::Exhaustive, move || {
        let queue = Queue::new(1);
        let job = submit(&queue, || ()).unwrap();
        let canceller = thread::spawn(move || job.cancel());
        let by_queue = queue.cancel();
        let by_handle = u64::from(canceller.join().unwrap());
        assert_eq!(by_queue + by_handle, 1);
        assert_eq!(queue.report().cancelled, 1);
        seen.add(by_queue);
    });
    answers.are_exactly([0, 1]);
}

/// J4 for jobs: a timed join gives the outcome or the handle back, and the outcome is not lost.
#[test]
fn timed_join_gives_the_outcome_or_the_handle_back() {
    let answers = Seen::new();
    let seen = answers.clone();
    holds(Bound::Exhaustive, move || {
        let queue = Queue::new(1);
        let job = submit(&queue, || 7).unwrap();
        queue.close();
        let coin = coin::toss(1);
        let workers = start_workers(1, &queue);
        match job.join_timeout(Duration::from_secs(1)) {
            Ok(outcome) => {
                assert_eq!(outcome, Ok(7));
                seen.add("outcome");
            }
            Err(job) => {
                assert_eq!(job.join(), Ok(7));
                seen.add("handle");
            }
        }
        assert_eq!(join_workers(workers, &queue), completed(1));
        coin.join().unwrap();
    });
    answers.are_exactly(["outcome", "handle"]);
}

/// A job that submits another one and joins it.
fn submit_nested(queue: &Arc<Queue>) -> Job<Result<u32, JobError>> {
    let own = queue.clone();
    submit(queue, move || submit(&own, || 7).unwrap().join()).unwrap()
}

/// P7: the only worker must not sleep until a job ends that only it could run.
#[test]
fn nested_join_of_the_only_worker_is_an_error() {
    holds(Bound::Exhaustive, || {
        let queue = Queue::new(1);
        let workers = start_workers(1, &queue);
        let outer = submit_nested(&queue);
        assert_eq!(outer.join(), Ok(Err(JobError::WouldDeadlock)));
        queue.close();
        let refused = PoolReport {
            cancelled: 1,
            ..completed(1)
        };
        assert_eq!(join_workers(workers, &queue), refused);
    });
}

/// P7: with another worker there is no error to report.
#[test]
fn nested_join_of_one_of_two_workers_waits() {
    holds(Bound::Preemptions(3), || {
        let queue = Queue::new(2);
        let workers = start_workers(2, &queue);
        assert_eq!(submit_nested(&queue).join(), Ok(Ok(7)));
        queue.close();
        assert_eq!(join_workers(workers, &queue), completed(2));
    });
}

/// P7: who has slept and was woken counts as awake again.
#[test]
fn nested_joins_one_after_the_other_wait() {
    holds(Bound::Preemptions(3), || {
        let queue = Queue::new(2);
        let workers = start_workers(2, &queue);
        assert_eq!(submit_nested(&queue).join(), Ok(Ok(7)));
        assert_eq!(submit_nested(&queue).join(), Ok(Ok(7)));
        queue.close();
        assert_eq!(join_workers(workers, &queue), completed(4));
    });
}

/// P7: two nested joins on two workers: both wait only if one of them need not.
#[test]
fn nested_joins_of_all_workers_never_hang() {
    let counts = Seen::new();
    let seen = counts.clone();
    holds(Bound::Preemptions(3), move || {
        let queue = Queue::new(2);
        let workers = start_workers(2, &queue);
        let outer = [(); 2].map(|()| submit_nested(&queue));
        let outcomes = outer.map(|job| job.join().unwrap());
        queue.close();
        let report = join_workers(workers, &queue);
        let waited = outcomes.iter().filter(|inner| **inner == Ok(7)).count();
        let refused = outcomes
            .iter()
            .filter(|inner| **inner == Err(JobError::WouldDeadlock));
        let refused = refused.count();
        assert_eq!(waited + refused, 2);
        let ended = (report.completed, report.cancelled);
        assert_eq!(ended, (4 - refused as u64, refused as u64));
        seen.add(waited);
    });
    counts.are_exactly([1, 2]);
}

/// P5: a refused job leaves the queue, and takes no other one along that comes meanwhile.
#[test]
fn job_that_comes_while_a_refused_one_leaves_is_not_lost() {
    holds(Bound::Preemptions(2), || {
        let queue = Queue::new(1);
        let workers = start_workers(1, &queue);
        let outer = submit_nested(&queue);
        let other = {
            let queue = queue.clone();
            thread::spawn(move || {
                queue.cancel();
                submit(&queue, || 8).unwrap().join()
            })
        };
        drop(outer.join());
        assert_eq!(other.join().unwrap(), Ok(8));
        queue.close();
        join_workers(workers, &queue);
    });
}
