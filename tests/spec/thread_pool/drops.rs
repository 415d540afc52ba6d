//! P12 where several values of the caller's meet: a panic in the `Drop` of one costs nothing else.
//!
//! Each kind of value in each place: `tests/spec/drops.rs`.

use std::sync::{Arc, Barrier};

use threadproof::{JobError, Shutdown, TryMapError};

use super::{gate_and_clone, message, pool};
use crate::support::{PanicsWhenDropped, count, ends, in_a_process_of_its_own, until};

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

/// The map has ended and the last job is the function's last owner. If it panics, too, the two panics
/// must not meet.
#[test]
fn a_function_that_panics_when_dropped_by_a_job_that_panics_ends_no_program() {
    in_a_process_of_its_own(|| {
        let pool = pool(1);
        let captured = || {
            let bomb = PanicsWhenDropped;
            move |number: u32| -> u32 {
                let _ = &bomb;
                panic!("{number}")
            }
        };
        let mut lazy = pool.map_lazy([0], count(2), captured());
        assert_eq!(message(&lazy.next().unwrap()), "0");
        let mut unordered = pool.map_unordered([0], count(2), captured());
        assert_eq!(message(&unordered.next().unwrap().1), "0");
        let (gate, theirs) = gate_and_clone();
        let mut dropped = pool.map_lazy([0, 1], count(2), {
            let function = captured();
            move |number| match number {
                0 => 0,
                _ => {
                    theirs.wait();
                    function(number)
                }
            }
        });
        assert_eq!(dropped.next(), Some(Ok(0)));
        until(|| gate.n_waiting() == 1);
        drop(dropped);
        gate.set();
        pool.wait_idle();
        let report = pool.report();
        assert_eq!((report.completed, report.panicked), (1, 3));
    });
}

/// With the error the outputs before it are dropped, and what came after it.
#[test]
fn outputs_of_a_failed_try_map_that_panic_when_dropped_do_not_hide_the_error() {
    in_a_process_of_its_own(|| {
        let pool = pool(2);
        let meeting = Arc::new(Barrier::new(2));
        let body = move |number: u32| {
            // The last two run side by side, so that both fail.
            if number >= 4 {
                meeting.wait();
                return Err((number, PanicsWhenDropped));
            }
            Ok(PanicsWhenDropped)
        };
        let error = pool.try_map(0..6, body).unwrap_err();
        assert_eq!(error.index(), 4);
        let TryMapError::Failed { error, .. } = error else {
            panic!("{error:?}")
        };
        assert_eq!(error.0, 4);
        std::mem::forget(error);
        assert_eq!(pool.submit(|| "open").unwrap().join(), Ok("open"));
    });
}
