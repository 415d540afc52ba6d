#[path = "../solutions/process_pool.rs"]
mod solution;
#[path = "../starters/process_pool.rs"]
mod starter;

use super::Exercise;

pub(super) const EXERCISE: Exercise = Exercise {
    name: "process-pool",
    task: "After a crash, run again what may be run again.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "paid twice",
};

// ANCHOR: types
/// How a job of a pool of processes ended; nobody has called `kill`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Done,
    /// No worker had begun it.
    Cancelled,
    /// Its worker was gone before it answered.
    Crashed,
}

pub(super) struct Job {
    end: End,
    /// To do it twice is the same as to do it once: to count words is, to pay a bill is not.
    may_be_repeated: bool,
}
// ANCHOR_END: types

fn check(again: fn(&[Job]) -> Vec<usize>) {
    let job = |end, may_be_repeated| Job {
        end,
        may_be_repeated,
    };
    let jobs = [
        job(End::Done, true),
        job(End::Crashed, true),
        job(End::Crashed, false),
        job(End::Cancelled, false),
        job(End::Done, false),
    ];
    let again = again(&jobs);
    assert!(
        !again.contains(&2),
        "a bill may be paid twice: job 2 had begun, and nobody knows how far it came"
    );
    assert!(
        !again.contains(&0) && !again.contains(&4),
        "a job that is done is run again"
    );
    assert!(
        again.contains(&3),
        "job 3 never began, and is not run again"
    );
    assert_eq!(again, [1, 3], "the jobs that are to be run again");
}
