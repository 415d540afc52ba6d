//! A job that waits for a job of its own pool.

use std::sync::Arc;
use threadproof::ThreadPool;

/// Adds up the numbers: one half as a job of the pool, the other half here.
pub(super) fn solve(pool: &Arc<ThreadPool>, numbers: Vec<u64>) -> u64 {
    if numbers.len() <= 1 {
        return numbers.into_iter().sum();
    }
    let (left, right) = numbers.split_at(numbers.len() / 2);
    let (left, right) = (left.to_vec(), right.to_vec());
    let inside = pool.clone();
    let job = pool
        .submit(move || solve(&inside, left))
        .expect("it is open");
    let right = solve(pool, right);
    // Your turn: and if nobody is left to run that job?
    let left = job.join().unwrap();
    left + right
}
