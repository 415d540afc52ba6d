//! A bad job costs itself, and no crash loop goes on for ever.

use super::{End, Worker};

/// Runs the jobs on one worker at a time, and on `most_workers` in all.
pub(super) fn solve(n_jobs: usize, _most_workers: usize, worker: Worker<'_>) -> Vec<End> {
    let mut ends = Vec::new();
    while ends.len() < n_jobs {
        // Your turn: what of the job in which the worker died?
        let done = worker(ends.len()..n_jobs);
        ends.extend(vec![End::Done; done]);
    }
    ends
}
