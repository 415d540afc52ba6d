//! Start three threads, and do not wait for them.

use std::sync::Arc;
use threadproof::{Event, Running, start};

pub(super) fn solve(gate: &Arc<Event>) -> Vec<Running<usize>> {
    let started = (1..=3).map(|number| {
        let gate = gate.clone();
        let body = move || {
            gate.wait();
            number
        };
        start("worker", body).expect("a thread can be started")
    });
    // All handles are kept. A dropped one would wait for its thread.
    started.collect()
}
