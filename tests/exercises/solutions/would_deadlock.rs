//! A job that waits for a job of its own pool.

use std::sync::Arc;
use threadproof::ThreadPool;

pub(super) fn solve(pool: &Arc<ThreadPool>, numbers: Vec<u64>) -> u64 {
    if numbers.len() <= 1 {
        return numbers.into_iter().sum();
    }
    let (left, right) = numbers.split_at(numbers.len() / 2);
    let (left, right) = (left.to_vec(), right.to_vec());
    let (inside, of_job) = (pool.clone(), left.clone());
    let job = pool
        .submit(move || solve(&inside, of_job))
        .expect("it is open");
    let right = solve(pool, right);
    // A job that was cancelled never runs, so its half is ours. A job that cannot be cancelled has a
    // worker already, and can be waited for.
    let left = match job.cancel() {
        true => solve(pool, left),
        false => job.join().expect("a worker runs it"),
    };
    left + right
}
