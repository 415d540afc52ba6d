//! P12 where several values of the caller's meet: a panic in the `Drop` of one costs nothing else.
//!
//! Each kind of value in each place: `tests/spec/drops.rs`.

use std::sync::Arc;

use threadproof::{JobError, Shutdown};

use super::{gate_and_clone, pool};
use crate::support::{PanicsWhenDropped, ends, until};

#[test]
fn an_output_nobody_wants_that_panics_when_dropped_costs_no_worker() {
    let pool = pool(1);
    let (gate, theirs) = gate_and_clone();
    let job = pool.submit(move || {
        theirs.wait();
        PanicsWhenDropped
    });
    drop(job.unwrap());
    gate.set();
    let next = pool.submit(|| "next").unwrap();
    assert_eq!(ends(move || next.join()), Ok("next"));
    assert_eq!(pool.shutdown(Shutdown::Drain).completed, 2);
}

#[test]
fn a_cancelled_job_that_panics_when_dropped_leaves_nobody_waiting() {
    let pool = pool(1);
    let (gate, theirs) = gate_and_clone();
    let first = pool.submit(move || theirs.wait()).unwrap();
    until(|| gate.n_waiting() == 1);
    let panics = PanicsWhenDropped;
    let second = pool.submit(move || drop(panics)).unwrap();
    let third = pool.submit(|| ()).unwrap();
    assert_eq!(pool.cancel_queued(), 2);
    let cancelled = ends(move || [second.join(), third.join()]);
    assert_eq!(cancelled, [const { Err(JobError::Cancelled) }; 2]);
    gate.set();
    assert_eq!(first.join(), Ok(()));
}

#[test]
fn a_cancelled_input_that_panics_when_dropped_leaves_no_map_waiting() {
    let pool = Arc::new(pool(1));
    let (gate, theirs) = gate_and_clone();
    let inside = pool.clone();
    let map = threadproof::start("map", move || {
        let inputs = (0..3).map(|number| (number, (number == 1).then(|| PanicsWhenDropped)));
        inside.map(inputs, move |(number, _)| {
            theirs.wait();
            number
        })
    });
    until(|| gate.n_waiting() == 1);
    assert_eq!(pool.cancel_queued(), 2);
    gate.set();
    let outputs = ends(move || map.unwrap().join().unwrap());
    let cancelled = Err(JobError::Cancelled);
    assert_eq!(outputs, [Ok(0), cancelled.clone(), cancelled]);
}
