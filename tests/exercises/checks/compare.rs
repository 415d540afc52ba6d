#[path = "../solutions/compare.rs"]
mod solution;
#[path = "../starters/compare.rs"]
mod starter;

use std::sync::Mutex;
use std::time::Duration;
use threadproof::{Event, Wait};

use super::Exercise;

pub(super) const EXERCISE: Exercise = Exercise {
    name: "compare",
    task: "One long job holds up nobody.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "wait behind a long one",
};

/// The first job is long: it ends when all others are done.
fn check(run: fn(usize, &(dyn Fn(usize) + Sync))) {
    const JOBS: usize = 10;
    let (done, all_others) = (Mutex::new(vec![0; JOBS]), Event::new());
    let waits = Mutex::new(None);
    run(JOBS, &|number| {
        if number == 0 {
            let wait = all_others.wait_timeout(Duration::from_secs(1));
            *waits.lock().expect("nobody panics") = Some(wait);
        }
        let mut done = done.lock().expect("nobody panics");
        done[number] += 1;
        if done[1..].iter().all(|times| *times > 0) {
            all_others.set();
        }
    });
    let done = done.into_inner().expect("nobody panics");
    assert_eq!(done, [1; JOBS], "each job is to be done once");
    let waits = waits.into_inner().expect("nobody panics");
    assert!(
        waits == Some(Wait::Set),
        "some jobs wait behind a long one while a thread is idle"
    );
}
