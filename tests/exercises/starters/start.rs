//! Start three threads, and do not wait for them.

use std::sync::Arc;
use threadproof::{Event, Running, start};

/// Starts three threads that wait for the gate and then give their number.
/// Gives the handles, that of thread 1 first. Does not wait for them.
pub(super) fn solve(gate: &Arc<Event>) -> Vec<Running<usize>> {
    let thread = |number| {
        let gate = gate.clone();
        let body = move || {
            gate.wait();
            number
        };
        start("worker", body).expect("a thread can be started")
    };
    let mut handle = thread(1);
    for number in 2..=3 {
        // Your turn: what happens to the handle that was in the variable?
        handle = thread(number);
    }
    vec![handle]
}
