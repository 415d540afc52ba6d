#[path = "../solutions/channels.rs"]
mod solution;
#[path = "../starters/channels.rs"]
mod starter;

use super::within_patience;

use super::Exercise;

pub(super) const EXERCISE: Exercise = Exercise {
    name: "channels",
    task: "The reader ends when all senders have ended.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "it waits for ever",
};

fn check(sum: fn(Vec<Vec<u32>>) -> u32) {
    let lists = vec![vec![1, 2, 3], vec![10, 20], vec![100]];
    let total = within_patience("all threads have ended, and it waits for ever", move || {
        sum(lists)
    });
    assert_eq!(total, 136, "the sum of all lists");
    let nothing = within_patience("without a list it waits for ever", move || sum(Vec::new()));
    assert_eq!(nothing, 0, "the sum of no list");
}
