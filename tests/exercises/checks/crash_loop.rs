#[path = "../solutions/crash_loop.rs"]
mod solution;
#[path = "../starters/crash_loop.rs"]
mod starter;

use std::cell::{Cell, RefCell};
use std::ops::Range;

use super::Exercise;

pub(super) const EXERCISE: Exercise = Exercise {
    name: "crash-loop",
    task: "A bad job costs itself, and no crash loop goes on for ever.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "begun a second time",
};

// ANCHOR: types
/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Done,
    /// It had begun when its worker died.
    Crashed,
    /// It never began: there was no worker any more.
    Broken,
}

/// Starts a worker, which takes these jobs one after the other. Gives the number of jobs that it
/// did. If some are left, it died in the next one.
pub(super) type Worker<'a> = &'a dyn Fn(Range<usize>) -> usize;
// ANCHOR_END: types

fn check(run: fn(usize, usize, Worker<'_>) -> Vec<End>) {
    let run = |n_jobs, most_workers, is_bad: fn(usize) -> bool| {
        let (begun, workers) = (RefCell::new(vec![false; n_jobs]), Cell::new(0));
        let worker = |jobs: Range<usize>| {
            workers.set(workers.get() + 1);
            assert!(
                workers.get() <= most_workers,
                "more than {most_workers} workers are started"
            );
            let mut done = 0;
            for job in jobs {
                let again = std::mem::replace(&mut begun.borrow_mut()[job], true);
                assert!(!again, "job {job} is begun a second time");
                if is_bad(job) {
                    break;
                }
                done += 1;
            }
            done
        };
        run(n_jobs, most_workers, &worker)
    };
    use End::{Broken, Crashed, Done};
    assert_eq!(
        run(6, 3, |job| job == 3),
        [Done, Done, Done, Crashed, Done, Done],
        "the ends of six jobs, of which job 3 kills its worker"
    );
    assert_eq!(
        run(5, 3, |_| true),
        [Crashed, Crashed, Crashed, Broken, Broken],
        "the ends of five jobs, each of which kills its worker, on three workers"
    );
    assert_eq!(run(2, 1, |_| false), [Done, Done], "the ends of two jobs");
    assert_eq!(
        run(2, 1, |job| job == 1),
        [Done, Crashed],
        "the ends of two jobs, of which the last one kills the only worker"
    );
}
