#[path = "../solutions/what_a_thread_sees.rs"]
mod solution;
#[path = "../starters/what_a_thread_sees.rs"]
mod starter;

use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

use super::Exercise;

pub(super) const EXERCISE: Exercise = Exercise {
    name: "what-a-thread-sees",
    task: "For each access the weakest ordering that is enough.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "is too weak",
};

fn check(orderings: fn() -> [Ordering; 4]) {
    let names = [
        "the store of the price",
        "the store of the flag",
        "the load of the flag",
        "the load of the price",
    ];
    let enough = [Relaxed, Release, Acquire, Relaxed];
    for (index, ordering) in orderings().into_iter().enumerate() {
        let name = names[index];
        let is_store = index < 2;
        let cannot_be = if is_store {
            [Acquire, AcqRel]
        } else {
            [Release, AcqRel]
        };
        assert!(
            !cannot_be.contains(&ordering),
            "{name} cannot be {ordering:?}: rustc refuses it (and std panics, where it is known only at run time)"
        );
        let is_edge = enough[index] != Relaxed;
        assert!(
            !is_edge || ordering != Relaxed,
            "{name} is too weak: the price may be the old one"
        );
        assert!(
            is_edge || ordering == Relaxed,
            "{name} is stronger than it needs to be"
        );
        assert!(
            ordering != SeqCst,
            "{name} is stronger than it needs to be: there is one flag"
        );
    }
}
