#[path = "../solutions/would_deadlock.rs"]
mod solution;
#[path = "../starters/would_deadlock.rs"]
mod starter;

use super::within_patience;
use std::num::NonZeroUsize;
use std::sync::Arc;
use threadproof::ThreadPool;

use super::Exercise;

pub(super) const EXERCISE: Exercise = Exercise {
    name: "would-deadlock",
    task: "A job that waits for a job of its own pool.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "WouldDeadlock",
};

/// Who halves them until there is one left submits a job for each but the last.
const NUMBERS: u64 = 100;

fn check(sum: fn(&Arc<ThreadPool>, Vec<u64>) -> u64) {
    // Often: whether another worker has begun a job whose join is refused, is chance.
    for workers in [1, 2, 4].repeat(50) {
        let workers = NonZeroUsize::new(workers).expect("not zero");
        let pool = Arc::new(ThreadPool::new(workers).expect("threads can be started"));
        let inside = pool.clone();
        let job = pool.submit(move || sum(&inside, (0..NUMBERS).collect()));
        let job = job.expect("it is open");
        let total = within_patience("it waits for ever", move || job.join());
        let total = total.unwrap_or_else(|error| panic!("in a pool of {workers}: {error}"));
        assert_eq!(total, 4950, "the sum of 0 to 99");
        assert!(
            pool.report().submitted() > 1,
            "it adds up all by itself; one half is to be a job of the pool"
        );
        pool.wait_idle();
        assert!(
            pool.report().submitted() <= NUMBERS,
            "in a pool of {workers} a half is added up here, and its job was not cancelled: it is added \
             up there, too"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::what_is_wrong;
    use super::{Arc, ThreadPool, check};

    #[test]
    fn who_does_the_work_of_a_job_that_still_runs_is_told_so() {
        fn does_both(pool: &Arc<ThreadPool>, numbers: Vec<u64>) -> u64 {
            if numbers.len() <= 1 {
                return numbers.into_iter().sum();
            }
            let (left, right) = numbers.split_at(numbers.len() / 2);
            let (inside, of_job) = (pool.clone(), left.to_vec());
            drop(pool.submit(move || does_both(&inside, of_job)).unwrap());
            does_both(pool, left.to_vec()) + does_both(pool, right.to_vec())
        }
        let told = what_is_wrong(|| check(does_both)).expect("it is wrong");
        assert!(told.contains("was not cancelled"), "{told}");
    }

    #[test]
    fn who_takes_a_refused_join_for_a_cancelled_job_is_told_so() {
        fn waits_for_a_refusal(pool: &Arc<ThreadPool>, numbers: Vec<u64>) -> u64 {
            if numbers.len() <= 1 {
                return numbers.into_iter().sum();
            }
            let (left, right) = numbers.split_at(numbers.len() / 2);
            let (inside, of_job) = (pool.clone(), left.to_vec());
            let job = pool.submit(move || waits_for_a_refusal(&inside, of_job));
            let right = waits_for_a_refusal(pool, right.to_vec());
            let of_job = job.unwrap().join();
            of_job.unwrap_or_else(|_| waits_for_a_refusal(pool, left.to_vec())) + right
        }
        let told = what_is_wrong(|| check(waits_for_a_refusal)).expect("it is wrong");
        assert!(told.contains("was not cancelled"), "{told}");
    }

    #[test]
    fn who_submits_nothing_is_told_so() {
        let told = what_is_wrong(|| check(|_, numbers| numbers.into_iter().sum()));
        let told = told.expect("it is wrong");
        assert!(told.contains("is to be a job of the pool"), "{told}");
    }
}
