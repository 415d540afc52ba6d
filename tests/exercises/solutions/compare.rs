//! One long job holds up nobody.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

pub(super) fn solve(n_jobs: usize, job: &(dyn Fn(usize) + Sync)) {
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            // ORDERING: Relaxed. Each number is given out once; nothing else is passed on.
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= n_jobs {
                return;
            }
            job(number);
        }
    };
    thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
}
