#[path = "../solutions/three_minutes.rs"]
mod solution;
#[path = "../starters/three_minutes.rs"]
mod starter;

use super::Exercise;

pub(super) const EXERCISE: Exercise = Exercise {
    name: "three-minutes",
    task: "Give back what the thread has counted.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "the answer of the thread is thrown away",
};

fn check(count: fn(String) -> usize) {
    let found = count("to be or not to be".to_owned());
    assert!(found != 0, "the answer of the thread is thrown away");
    assert_eq!(found, 6, "six words were counted as {found}");
}
