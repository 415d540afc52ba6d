#[path = "../solutions/lost_update.rs"]
mod solution;
#[path = "../starters/lost_update.rs"]
mod starter;

use std::collections::HashMap;
use std::sync::Mutex;
use std::thread;

use super::Exercise;

pub(super) const EXERCISE: Exercise = Exercise {
    name: "lost-update",
    task: "Four threads count into one map, and no count is lost.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "are lost",
};

fn check(count: fn(&Mutex<HashMap<&'static str, u32>>, &[&'static str])) {
    let counts = Mutex::new(HashMap::new());
    let text = ["to", "be", "or", "not", "to", "be"].repeat(2_000);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| count(&counts, &text));
        }
    });
    let counts = counts.into_inner().expect("nobody panics");
    let counted: u32 = counts.values().sum();
    assert_eq!(
        counted,
        48_000,
        "{} of 48000 words are lost",
        48_000 - counted
    );
    assert_eq!(counts["to"], 16_000, "the words are counted one by one");
}
