#[path = "../solutions/programs.rs"]
mod solution;
#[path = "../starters/programs.rs"]
mod starter;

use std::collections::BTreeSet;

use super::Exercise;

pub(super) const EXERCISE: Exercise = Exercise {
    name: "programs",
    task: "All orders of two threads.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "orders are missing",
};

fn check(orders: fn(usize, usize) -> Vec<String>) {
    for (a, b, n) in [(1, 1, 2), (2, 2, 6), (3, 2, 10), (5, 5, 252), (0, 0, 1)] {
        let found = orders(a, b);
        for order in &found {
            let steps = |name| order.matches(name).count();
            let is_one = steps("A") == a && steps("B") == b && order.len() == a + b;
            assert!(is_one, "{order:?} is no order of {a} and {b} steps");
        }
        let different = found.iter().collect::<BTreeSet<_>>().len();
        assert_eq!(
            different,
            found.len(),
            "an order of {a} and {b} steps is there twice"
        );
        assert_eq!(
            found.len(),
            n,
            "of {a} and {b} steps {} orders are missing",
            n - found.len()
        );
    }
}
