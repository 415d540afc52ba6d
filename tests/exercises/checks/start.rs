#[path = "../solutions/start.rs"]
mod solution;
#[path = "../starters/start.rs"]
mod starter;

use super::within_patience;
use std::sync::Arc;
use threadproof::{Event, Running};

use super::Exercise;

pub(super) const EXERCISE: Exercise = Exercise {
    name: "start",
    task: "Start three threads, and do not wait for them.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "main waits for its threads",
};

fn check(start_three: fn(&Arc<Event>) -> Vec<Running<usize>>) {
    let gate = Arc::new(Event::new());
    let inside = gate.clone();
    let handles = within_patience(
        "main waits for its threads before the gate is open",
        move || start_three(&inside),
    );
    gate.set();
    let numbers: Vec<_> = handles.into_iter().map(|handle| handle.join()).collect();
    assert_eq!(
        numbers,
        [Ok(1), Ok(2), Ok(3)],
        "three handles are to be given back"
    );
}
