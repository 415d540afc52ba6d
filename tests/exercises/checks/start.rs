#[path = "../solutions/start.rs"]
mod solution;
#[path = "../starters/start.rs"]
mod starter;

use super::{PATIENCE, within_patience};
use std::sync::Arc;
use std::thread;
use std::time::Instant;
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
    let start = Instant::now();
    while gate.n_waiting() < 3
        && !handles.iter().any(Running::is_finished)
        && start.elapsed() < PATIENCE
    {
        thread::yield_now();
    }
    let all_wait = gate.n_waiting() >= 3;
    gate.set();
    let numbers: Vec<_> = handles.into_iter().map(|handle| handle.join()).collect();
    assert_eq!(
        numbers,
        [Ok(1), Ok(2), Ok(3)],
        "three handles are to be given back, in the order of the numbers"
    );
    assert!(all_wait, "somebody does not wait for the gate");
}

#[cfg(test)]
mod tests {
    use super::super::what_is_wrong;
    use super::check;

    #[test]
    fn threads_that_do_not_wait_for_the_gate_are_refused() {
        let told = what_is_wrong(|| {
            check(|_| {
                let start = |number| threadproof::start("worker", move || number);
                (1..=3).map(|number| start(number).unwrap()).collect()
            });
        });
        let told = told.expect("it is wrong");
        assert!(told.contains("does not wait for the gate"), "{told}");
    }
}
