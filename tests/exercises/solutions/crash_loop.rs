//! A bad job costs itself, and no crash loop goes on for ever.

use super::{End, Worker};

pub(super) fn solve(n_jobs: usize, most_workers: usize, worker: Worker<'_>) -> Vec<End> {
    let mut ends = Vec::new();
    for _ in 0..most_workers {
        if ends.len() == n_jobs {
            break;
        }
        let done = worker(ends.len()..n_jobs);
        ends.extend(vec![End::Done; done]);
        if ends.len() < n_jobs {
            // It had begun; nobody knows how far it came.
            ends.push(End::Crashed);
        }
    }
    ends.resize(n_jobs, End::Broken);
    ends
}
