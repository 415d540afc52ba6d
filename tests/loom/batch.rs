//! P1, P5, P7: one eager map, its inputs claimed by the pool's workers.

use std::sync::Arc;

use super::coin;
use super::harness::{Bound, Seen, holds};
use crate::JobError;
use crate::sync::thread::{self, JoinHandle};
use crate::thread_pool::JobCell;
use crate::thread_pool::batch::Batch;
use crate::thread_pool::queue::{Queue, Queued, Tally};

fn start_workers(number: usize, queue: &Arc<Queue>) -> Vec<JoinHandle<Tally>> {
    let start = |_| {
        let queue = queue.clone();
        thread::spawn(move || queue.work("worker"))
    };
    (0..number).map(start).collect()
}

/// As [`ThreadPool::map`](crate::ThreadPool::map), with ten times each input.
fn map(queue: &Arc<Queue>, inputs: Vec<u32>, workers: usize) -> Vec<Result<u32, JobError>> {
    let batch = Batch::new(inputs, workers, |input| 10 * input, queue);
    queue.push(batch.clone()).unwrap();
    batch.join()
}

fn completed(workers: Vec<JoinHandle<Tally>>) -> u64 {
    workers
        .into_iter()
        .map(|worker| worker.join().unwrap().completed)
        .sum()
}

fn map_runs_each_input_once(workers: usize) {
    let queue = Queue::new(workers);
    let threads = start_workers(workers, &queue);
    assert_eq!(map(&queue, vec![1, 2], workers), [Ok(10), Ok(20)]);
    queue.close();
    assert_eq!(completed(threads), 2);
}

/// P1, P5
#[test]
fn map_with_one_worker_runs_each_input_once() {
    holds(Bound::Exhaustive, || map_runs_each_input_once(1));
}

/// P1, P5: the caller goes on after the last worker has delivered, whichever it is.
#[test]
fn map_with_two_workers_runs_each_input_once() {
    holds(Bound::Preemptions(3), || map_runs_each_input_once(2));
}

/// P5: when the caller has its outputs, the function and the inputs are its own again.
#[test]
fn function_is_dropped_when_the_caller_goes_on() {
    holds(Bound::Preemptions(3), || {
        let queue = Queue::new(2);
        let threads = start_workers(2, &queue);
        let borrowed = Arc::new(1);
        let function = {
            let borrowed = borrowed.clone();
            move |input: u32| input + *borrowed
        };
        let batch = Batch::new(vec![1, 2], 2, function, &queue);
        queue.push(batch.clone()).unwrap();
        assert_eq!(batch.join(), [Ok(2), Ok(3)]);
        assert_eq!(Arc::strong_count(&borrowed), 1);
        // loom tries two orders only of steps that it sees to be dependent, and an `Arc`'s count is
        // no step. This takes a lock that a late worker takes while it has the function: so orders
        // are tried in which all of the above comes first.
        batch.cancel();
        queue.close();
        assert_eq!(completed(threads), 2);
    });
}

/// P5: a condition variable may wake the caller for no reason; it goes on sleeping.
#[test]
fn wake_up_for_no_reason_ends_no_map() {
    holds(Bound::Preemptions(3), || {
        let queue = Queue::new(1);
        let batch = Batch::new(vec![1, 2], 1, |input| 10 * input, &queue);
        queue.push(batch.clone()).unwrap();
        let threads = start_workers(1, &queue);
        let coin = coin::toss(1);
        assert_eq!(batch.join(), [Ok(10), Ok(20)]);
        queue.close();
        assert_eq!(completed(threads), 2);
        coin.join().unwrap();
    });
}

/// P5: two workers may find a map empty at once; neither takes what is queued behind it along.
#[test]
fn job_behind_a_map_is_not_lost() {
    holds(Bound::Preemptions(3), || {
        let queue = Queue::new(2);
        let batch = Batch::new(vec![1], 2, |input| 10 * input, &queue);
        queue.push(batch.clone()).unwrap();
        let job = JobCell::new(|| 7, &queue);
        queue.push(job.clone()).unwrap();
        queue.close();
        let threads = start_workers(2, &queue);
        assert_eq!(completed(threads), 2);
        assert_eq!(batch.join(), [Ok(10)]);
        assert_eq!(job.handle().join(), Ok(7));
    });
}

/// P5: each input runs or is cancelled, and the caller hears of both.
#[test]
fn inputs_of_a_cancelled_map_run_or_are_cancelled() {
    let counts = Seen::new();
    let seen = counts.clone();
    holds(Bound::Preemptions(3), move || {
        let queue = Queue::new(1);
        let threads = start_workers(1, &queue);
        let canceller = {
            let queue = queue.clone();
            thread::spawn(move || queue.cancel())
        };
        let outputs = map(&queue, vec![1, 2], 1);
        let cancelled = canceller.join().unwrap();
        queue.close();
        assert_eq!(completed(threads), 2 - cancelled);
        let expected = [1, 2].map(|input| match input + cancelled > 2 {
            true => Err(JobError::Cancelled),
            false => Ok(10 * input as u32),
        });
        assert_eq!(outputs, expected);
        seen.add(cancelled);
    });
    counts.are_exactly([0, 1, 2]);
}

/// P7: a map from inside the only worker has nobody to run it.
#[test]
fn nested_map_of_the_only_worker_is_an_error() {
    holds(Bound::Exhaustive, || {
        let queue = Queue::new(1);
        let threads = start_workers(1, &queue);
        let inner = {
            let queue = queue.clone();
            move |input| map(&queue, vec![input, input], 1)
        };
        let outer = Batch::new(vec![1], 1, inner, &queue);
        queue.push(outer.clone()).unwrap();
        let refused = Err(JobError::WouldDeadlock);
        assert_eq!(outer.join(), [Ok(vec![refused.clone(), refused])]);
        queue.close();
        completed(threads);
    });
}
