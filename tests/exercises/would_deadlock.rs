//! A job that waits for a job of its own pool.

use std::sync::Arc;

use threadproof::ThreadPool;

use crate::support::{count, ends};

// ANCHOR: starter
/// Adds up the numbers: one half as a job of the pool, the other half here.
fn starter(pool: &Arc<ThreadPool>, numbers: Vec<u64>) -> u64 {
    if numbers.len() <= 1 {
        return numbers.into_iter().sum();
    }
    let (left, right) = numbers.split_at(numbers.len() / 2);
    let (left, right) = (left.to_vec(), right.to_vec());
    let inside = pool.clone();
    let job = pool
        .submit(move || starter(&inside, left))
        .expect("it is open");
    let right = starter(pool, right);
    // Your turn: and if nobody is left to run that job?
    let left = job.join().unwrap();
    left + right
}
// ANCHOR_END: starter

// ANCHOR: solution
fn solution(pool: &Arc<ThreadPool>, numbers: Vec<u64>) -> u64 {
    if numbers.len() <= 1 {
        return numbers.into_iter().sum();
    }
    let (left, right) = numbers.split_at(numbers.len() / 2);
    let (left, right) = (left.to_vec(), right.to_vec());
    let (inside, of_job) = (pool.clone(), left.clone());
    let job = pool
        .submit(move || solution(&inside, of_job))
        .expect("it is open");
    let right = solution(pool, right);
    // A job that was cancelled never runs, so its half is ours. A job that cannot be
    // cancelled has a worker already, and can be waited for.
    let left = match job.cancel() {
        true => solution(pool, left),
        false => job.join().expect("a worker runs it"),
    };
    left + right
}
// ANCHOR_END: solution

// ANCHOR: test
fn test(sum: fn(&Arc<ThreadPool>, Vec<u64>) -> u64) {
    for workers in [1, 2, 4] {
        let pool = ThreadPool::new(count(workers)).expect("threads can be started");
        let pool = Arc::new(pool);
        let inside = pool.clone();
        let job = pool.submit(move || sum(&inside, (0..100).collect()));
        let job = job.expect("it is open");
        let total = ends(move || job.join()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(total, 4950);
    }
}
// ANCHOR_END: test

#[test]
fn the_starter_fails_and_the_solution_passes() {
    let because = "WouldDeadlock";
    super::exercise(
        "would_deadlock",
        || test(starter),
        because,
        || test(solution),
    );
}
