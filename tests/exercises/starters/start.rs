//! Start three threads, and do not wait for them.

use std::sync::Arc;
use threadproof::{Event, Running, start};

/// Starts three threads that wait for the gate and then give their number.
/// Does not wait for them.
pub(super) fn solve(gate: &Arc<Event>) -> Vec<Running<usize>> {
    let mut handles = Vec::new();
    for number in 1..=3 {
        let gate = gate.clone();
        let body = move || {
            gate.wait();
            number
        };
        handles.push(start("worker", body).expect("a thread can be started"));
        // Your turn: what happens to a handle that is taken out of the list and dropped?
        handles.truncate(2);
    }
    handles
}
