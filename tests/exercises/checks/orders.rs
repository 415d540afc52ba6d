#[path = "../solutions/orders.rs"]
mod solution;
#[path = "../starters/orders.rs"]
mod starter;

use super::Exercise;

pub(super) const EXERCISE: Exercise = Exercise {
    name: "orders",
    task: "An order of steps that loses an update.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "no update is lost",
};

fn check(order: fn() -> &'static str) {
    let order = order();
    let (mut count, mut read) = (0, [None, None]);
    for letter in order.chars() {
        let thread = match letter {
            'A' => 0,
            'B' => 1,
            other => panic!("there is no thread {other:?}: the letters are A and B"),
        };
        read[thread] = match read[thread] {
            None => Some(Some(count)),
            Some(Some(found)) => {
                count = found + 1;
                Some(None)
            }
            Some(None) => panic!("{letter} has ended after two steps"),
        };
    }
    let both_ended = read == [Some(None); 2];
    assert!(both_ended, "both threads are to take two steps");
    assert!(count == 1, "in the order {order} no update is lost");
}
