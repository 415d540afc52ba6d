#[path = "../solutions/orders.rs"]
mod solution;
#[path = "../starters/orders.rs"]
mod starter;

use super::Exercise;

pub(super) const EXERCISE: Exercise = Exercise {
    name: "orders",
    task: "An order of steps that loses one update of four.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "all four updates are there",
};

#[derive(Clone, Copy, Default)]
struct Thread {
    /// What it has read and not yet used.
    read: Option<u32>,
    steps: usize,
}

fn check(order: fn() -> &'static str) {
    let order = order();
    let (mut count, mut threads) = (0, [Thread::default(); 2]);
    for letter in order.chars() {
        let thread = match letter {
            'A' => &mut threads[0],
            'B' => &mut threads[1],
            other => panic!("there is no thread {other:?}: the letters are A and B"),
        };
        thread.steps += 1;
        assert!(thread.steps <= 4, "{letter} has ended after four steps");
        match thread.read.take() {
            None => thread.read = Some(count),
            Some(found) => count = found + 1,
        }
    }
    let all = threads.iter().all(|thread| thread.steps == 4);
    assert!(all, "both threads are to take four steps");
    assert!(
        count != 4,
        "in the order {order} all four updates are there"
    );
    assert!(
        count == 3,
        "in the order {order} the count ends as {count}: more than one update is lost"
    );
}
