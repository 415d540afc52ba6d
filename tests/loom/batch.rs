//! P1, P5, P7: one eager map, its inputs claimed by the pool's workers.

use std::sync::Arc;

use super::coin;
use super::harness::{Bound, Seen, holds};
use super::workers::{batch, completed, join_workers, map, start_workers, submit};
use crate::sync::thread;
use crate::thread_pool::JobCell;
use crate::thread_pool::entry::Queued;
use crate::thread_pool::queue::Queue;
use crate::{Event, JobError};

fn map_runs_each_input_once(workers: usize) {
    let queue = Queue::new(workers);
    let threads = start_workers(workers, &queue);
    assert_eq!(map(&queue, vec![1, 2], workers), [Ok(10), Ok(20)]);
    queue.close();
    assert_eq!(join_workers(threads, &queue).completed, 2);
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
        let batch = batch(vec![1, 2], 2, 1, function, &queue);
        queue.push(batch.clone()).unwrap();
        assert_eq!(batch.join(), [Ok(2), Ok(3)]);
        assert_eq!(Arc::strong_count(&borrowed), 1);
        // loom tries two orders only of steps that it sees to be dependent, and an `Arc`'s count is
        // no step. This takes a lock that a late worker takes while it has the function: so orders
        // are tried in which all of the above comes first.
        batch.cancel();
        queue.close();
        assert_eq!(join_workers(threads, &queue).completed, 2);
    });
}

/// P5: a condition variable may wake the caller for no reason; it goes on sleeping.
#[test]
fn spurious_wake_up_ends_no_map() {
    holds(Bound::Preemptions(3), || {
        let queue = Queue::new(1);
        let batch = batch(vec![1, 2], 1, 1, |input| 10 * input, &queue);
        queue.push(batch.clone()).unwrap();
        let threads = start_workers(1, &queue);
        let coin = coin::toss(1);
        assert_eq!(batch.join(), [Ok(10), Ok(20)]);
        queue.close();
        assert_eq!(join_workers(threads, &queue).completed, 2);
        coin.join().unwrap();
    });
}

/// P5: two workers may find a map empty at once; neither takes what is queued behind it along.
#[test]
fn job_behind_a_map_is_not_lost() {
    holds(Bound::Preemptions(3), || {
        let queue = Queue::new(2);
        let batch = batch(vec![1], 2, 1, |input| 10 * input, &queue);
        queue.push(batch.clone()).unwrap();
        let job = submit(&queue, || 7).unwrap();
        queue.close();
        let threads = start_workers(2, &queue);
        assert_eq!(join_workers(threads, &queue).completed, 2);
        assert_eq!(batch.join(), [Ok(10)]);
        assert_eq!(job.join(), Ok(7));
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
        let at_once = canceller.join().unwrap();
        queue.close();
        let report = join_workers(threads, &queue);
        // What a worker had claimed and not begun is cancelled, too.
        let cancelled = report.cancelled;
        assert!(at_once <= cancelled);
        assert_eq!(report.completed, 2 - cancelled);
        let expected = [1, 2].map(|input| match input + cancelled > 2 {
            true => Err(JobError::Cancelled),
            false => Ok(10 * input as u32),
        });
        assert_eq!(outputs, expected);
        seen.add(cancelled);
    });
    counts.are_exactly([0, 1, 2]);
}

/// P5, T17: what a worker gives back is done by the other, also if the map has left the queue.
#[test]
fn inputs_given_back_are_run_though_the_queue_had_none() {
    holds(Bound::Preemptions(2), || {
        let queue = Queue::new(2);
        let threads = start_workers(2, &queue);
        // As for one worker, so the first chunk has two inputs.
        let batch = batch(vec![1, 2, 3, 4], 1, 2, |input| 10 * input, &queue);
        assert_eq!(batch.map(), [Ok(10), Ok(20), Ok(30), Ok(40)]);
        queue.close();
        assert_eq!(join_workers(threads, &queue), completed(4));
    });
}

/// P6: what a worker has claimed in one go and not begun is cancelled, too, also if the other worker
/// has found the map empty.
#[test]
fn input_claimed_and_not_begun_never_runs_after_a_cancel() {
    holds(Bound::Preemptions(2), || {
        let queue = Queue::new(2);
        let (begun, go) = (Arc::new(Event::new()), Arc::new(Event::new()));
        let function = {
            let (begun, go) = (begun.clone(), go.clone());
            move |input: u32| {
                if input == 1 {
                    begun.set();
                    go.wait();
                }
                input
            }
        };
        let batch = batch(vec![1, 2, 3, 4], 1, 2, function, &queue);
        queue.push(batch.clone()).unwrap();
        let threads = start_workers(2, &queue);
        begun.wait();
        queue.cancel();
        go.set();
        let outputs = batch.join();
        assert_eq!(outputs[..2], [Ok(1), Err(JobError::Cancelled)]);
        queue.close();
        join_workers(threads, &queue);
    });
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
        let outer = batch(vec![1], 1, 1, inner, &queue);
        queue.push(outer.clone()).unwrap();
        let refused = Err(JobError::WouldDeadlock);
        assert_eq!(outer.join(), [Ok(vec![refused.clone(), refused])]);
        queue.close();
        join_workers(threads, &queue);
    });
}

/// P11: of a map that is refused no input begins, though the other worker is released meanwhile.
#[test]
fn map_runs_as_a_whole_or_not_at_all() {
    let answers = Seen::new();
    let seen = answers.clone();
    holds(Bound::Preemptions(2), move || {
        let queue = Queue::new(2);
        let last = JobCell::new(|| (), &queue, None);
        let (awaited, canceller) = (last.handle(), last.handle());
        drop(submit(&queue, move || awaited.join()).unwrap());
        let maps = {
            let queue = queue.clone();
            submit(&queue.clone(), move || map(&queue, vec![1, 2], 2)).unwrap()
        };
        queue.push(last).unwrap();
        let threads = start_workers(2, &queue);
        canceller.cancel();
        let outputs = maps.join().unwrap();
        let refused = Err(JobError::WouldDeadlock);
        let is_refused = outputs == [refused.clone(), refused];
        assert!(is_refused || outputs == [Ok(10), Ok(20)], "{outputs:?}");
        queue.close();
        let report = join_workers(threads, &queue);
        assert_eq!((report.queued, report.running), (0, 0));
        seen.add(is_refused);
    });
    answers.are_exactly([false, true]);
}

/// P5: a map that comes while the pool shuts down runs or is cancelled, and nobody waits for ever.
#[test]
fn map_while_the_queue_closes_runs_or_is_cancelled() {
    let answers = Seen::new();
    let seen = answers.clone();
    holds(Bound::Preemptions(2), move || {
        let queue = Queue::new(1);
        let threads = start_workers(1, &queue);
        let closer = {
            let queue = queue.clone();
            thread::spawn(move || queue.close())
        };
        let outputs = map(&queue, vec![1], 1);
        let has_run = outputs == [Ok(10)];
        assert!(has_run || outputs == [Err(JobError::Cancelled)]);
        closer.join().unwrap();
        join_workers(threads, &queue);
        seen.add(has_run);
    });
    answers.are_exactly([false, true]);
}
