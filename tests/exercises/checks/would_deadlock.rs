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

fn check(sum: fn(&Arc<ThreadPool>, Vec<u64>) -> u64) {
    for workers in [1, 2, 4] {
        let workers = NonZeroUsize::new(workers).expect("not zero");
        let pool = Arc::new(ThreadPool::new(workers).expect("threads can be started"));
        let inside = pool.clone();
        let job = pool.submit(move || sum(&inside, (0..100).collect()));
        let job = job.expect("it is open");
        let total = within_patience("it waits for ever", move || job.join());
        let total = total.unwrap_or_else(|error| panic!("in a pool of {workers}: {error}"));
        assert_eq!(total, 4950, "the sum of 0 to 99");
        assert!(
            pool.report().submitted() > 1,
            "it adds up all by itself; one half is to be a job of the pool"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::what_is_wrong;
    use super::check;

    #[test]
    fn who_submits_nothing_is_told_so() {
        let told = what_is_wrong(|| check(|_, numbers| numbers.into_iter().sum()));
        let told = told.expect("it is wrong");
        assert!(told.contains("is to be a job of the pool"), "{told}");
    }
}
