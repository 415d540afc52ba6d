//! The map that ends at its first error, against a loop: P10.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use proptest::sample::Index;
use threadproof::{JobError, TryMapError, start};

use super::{Drops, Gates, pool};
use crate::support::until;

/// What a job does at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Output,
    Error,
    Panic,
}

/// Most give an output, so that an error is not always among the first.
fn ends() -> impl Strategy<Value = End> {
    prop_oneof![8 => Just(End::Output), 1 => Just(End::Error), 1 => Just(End::Panic)]
}

fn end(number: usize, end: End) -> Result<usize, String> {
    match end {
        End::Output => Ok(number),
        End::Error => Err(format!("error of {number}")),
        End::Panic => panic!("panic of {number}"),
    }
}

/// A loop over the same inputs, whose errors say where it was.
fn looped(ends: &[End]) -> Result<Vec<usize>, (usize, End)> {
    let one = |(number, end): (usize, &End)| match end {
        End::Output => Ok(number),
        failed => Err((number, *failed)),
    };
    ends.iter().enumerate().map(one).collect()
}

fn told(outputs: Result<Vec<usize>, TryMapError<String>>) -> Result<Vec<usize>, (usize, End)> {
    outputs.map_err(|error| match error {
        TryMapError::Failed { index, error } => {
            assert_eq!(error, format!("error of {index}"));
            (index, End::Error)
        }
        TryMapError::Job {
            index,
            error: JobError::Panicked(panicked),
        } => {
            assert_eq!(panicked.message(), format!("panic of {index}"));
            (index, End::Panic)
        }
        other => panic!("{other}"),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn all_outputs_or_the_first_error_are_what_a_loop_gives(
        jobs in prop::collection::vec(ends(), 0..500),
        first in any::<Index>(),
        workers in 1usize..=8,
    ) {
        // With some of them nothing fails before the place that was drawn.
        let mut jobs = jobs;
        let quiet = first.index(jobs.len() + 1);
        jobs[..quiet].fill(End::Output);
        let pool = pool(workers);
        let begun = Arc::new(Mutex::new(BTreeSet::new()));
        let note = begun.clone();
        let outputs = pool.try_map(jobs.clone().into_iter().enumerate(), move |(number, how)| {
            note.lock().unwrap().insert(number);
            end(number, how)
        });
        let outputs = told(outputs);
        let looped = looped(&jobs);
        prop_assert_eq!(&outputs, &looped);
        // All that a loop would have begun was begun here, too.
        let needed = looped.map_or_else(|(index, _)| index + 1, |all| all.len());
        let begun = begun.lock().unwrap();
        prop_assert!((0..needed).all(|number| begun.contains(&number)));
        let report = pool.report();
        prop_assert_eq!(report.submitted(), jobs.len() as u64);
        prop_assert_eq!(report.completed + report.panicked, begun.len() as u64);
    }

    /// Each time one of those that run ends, as the schedule says; what begins then is what a loop
    /// might still need.
    #[test]
    fn nothing_begins_after_an_error_that_is_known_in_every_order_of_completion(
        (workers, schedule) in super::schedules(),
        ends in prop::collection::vec(ends(), 32),
    ) {
        let (pool, jobs) = (Arc::new(pool(workers)), schedule.len());
        let ends = ends[..jobs].to_vec();
        let (inside, (gates, theirs), hows) = (pool.clone(), Gates::new(jobs), ends.clone());
        let body = move |number: usize| end(theirs.pass(number), hows[number]);
        let map = start("map", move || inside.try_map(0..jobs, body)).unwrap();
        // A failure drops it before the map's thread, which is waited for.
        let gates = gates;
        let (mut running, mut next, mut limit) = (BTreeSet::new(), 0, jobs);
        for choice in &schedule {
            while next < limit && running.len() < workers {
                running.insert(next);
                next += 1;
            }
            // A worker's job is counted once it has learnt of the error.
            until(|| {
                let report = pool.report();
                let ended = (report.completed + report.panicked) as usize;
                ended + running.len() == next && *gates.running.lock().unwrap() == running
            });
            if running.is_empty() {
                break;
            }
            let all: Vec<usize> = running.iter().copied().collect();
            let chosen = *choice.get(&all);
            running.remove(&chosen);
            if ends[chosen] != End::Output {
                limit = limit.min(chosen + 1);
            }
            gates.gates[chosen].set();
        }
        let outputs = told(crate::support::ends(move || map.join().unwrap()));
        prop_assert_eq!(outputs, looped(&ends));
        let report = pool.report();
        prop_assert_eq!(report.completed + report.panicked, next as u64);
        prop_assert_eq!(report.cancelled, (jobs - next) as u64);
    }

    #[test]
    fn each_input_and_output_of_a_try_map_is_dropped_once(
        jobs in prop::collection::vec(ends(), 0..100),
        workers in 1usize..=4,
    ) {
        let (pool, length) = (pool(workers), jobs.len());
        let (inputs, outputs, errors) = (Drops::new(length), Drops::new(length), Drops::new(length));
        let made: Vec<_> = (0..length).map(|number| inputs.thing(number)).collect();
        let (given, failed, hows) = (outputs.clone(), errors.clone(), jobs.clone());
        let outcome = pool.try_map(made, move |input: super::Counted| match hows[input.0] {
            End::Output => Ok(given.thing(input.0)),
            End::Error => Err(failed.thing(input.0)),
            End::Panic => panic!("job {}", input.0),
        });
        prop_assert_eq!(inputs.counts(), vec![1; length], "when the map has returned");
        let dropped = |drops: &Drops| drops.counts().into_iter().sum::<usize>() as u64;
        let (kept_outputs, kept_errors) = match &outcome {
            Ok(all) => (all.len() as u64, 0),
            Err(TryMapError::Failed { .. }) => (0, 1),
            Err(_) => (0, 0),
        };
        let made = pool.report().completed - kept_outputs - kept_errors;
        prop_assert_eq!(dropped(&outputs) + dropped(&errors), made);
        drop(outcome);
        let once = |drops: &Drops| drops.counts().into_iter().all(|count| count <= 1);
        prop_assert!(once(&outputs) && once(&errors));
        prop_assert_eq!(dropped(&outputs) + dropped(&errors), pool.report().completed);
    }
}
