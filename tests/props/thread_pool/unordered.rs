//! The map that gives outcomes as they come: P10.

use std::panic::panic_any;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use proptest::prelude::*;
use proptest::sample::Index;
use threadproof::{JobError, Shutdown};

use super::{Counted, Drops, Gates, function, pool};
use crate::support::{count, until};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn outcomes_as_they_come_are_those_of_the_sequential_map_each_once(
        inputs in prop::collection::vec(any::<Option<i64>>(), 0..200),
        workers in 1usize..=8,
        window in 1usize..20,
    ) {
        let pool = pool(workers);
        let body = |input: Option<i64>| input.map_or_else(|| panic_any(7), function);
        let mut outcomes: Vec<_> = pool.map_unordered(inputs.clone(), count(window), body).collect();
        outcomes.sort_by_key(|(index, _)| *index);
        let indices: Vec<_> = outcomes.iter().map(|(index, _)| *index).collect();
        prop_assert_eq!(indices, Vec::from_iter(0..inputs.len()));
        for (input, (_, outcome)) in inputs.iter().zip(outcomes) {
            match outcome {
                Ok(output) => prop_assert_eq!(input.map(function), Some(output)),
                Err(JobError::Panicked(_)) => prop_assert_eq!(*input, None),
                Err(other) => prop_assert!(false, "{}", other),
            }
        }
        prop_assert_eq!(pool.report().submitted(), inputs.len() as u64);
    }

    /// Each time one of those that run ends, as the schedule says, and it is the next to be given.
    #[test]
    fn each_outcome_is_given_as_soon_as_it_is_there_and_never_more_than_a_window_is_ahead(
        workers in 1usize..=4,
        window in 1usize..=6,
        schedule in prop::collection::vec(any::<Index>(), 0..30),
    ) {
        let (pool, jobs) = (pool(workers), schedule.len());
        let (gates, theirs) = Gates::new(jobs);
        let (taken, given) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let most_ahead = Arc::new(AtomicUsize::new(0));
        let counts = (taken.clone(), given.clone(), most_ahead.clone());
        let inputs = (0..jobs).inspect(move |_| {
            let ahead = counts.0.fetch_add(1, Ordering::Relaxed) + 1 - counts.1.load(Ordering::Relaxed);
            counts.2.fetch_max(ahead, Ordering::Relaxed);
        });
        let mut outcomes = pool.map_unordered(inputs, count(window), move |number| theirs.pass(number));
        let (tell, told) = mpsc::channel();
        let expected = std::thread::scope(|scope| {
            let schedule = &schedule;
            // A failure on either side lets the other one end: it drops the gates, or the sender.
            let tell = tell;
            let opener = scope.spawn(move || {
                let open = |(ended, choice): (usize, &Index)| {
                    let at_once = workers.min(window).min(jobs - ended);
                    until(|| gates.running.lock().unwrap().len() >= at_once);
                    let running: Vec<usize> = gates.running.lock().unwrap().iter().copied().collect();
                    let chosen = *choice.get(&running);
                    gates.gates[chosen].set();
                    // The next one only when this one has been given.
                    told.recv().unwrap();
                    chosen
                };
                schedule.iter().enumerate().map(open).collect::<Vec<_>>()
            });
            let mut order = Vec::new();
            while order.len() < jobs {
                let (index, outcome) = outcomes.next().unwrap();
                assert_eq!(outcome, Ok(index));
                order.push(index);
                given.fetch_add(1, Ordering::Relaxed);
                tell.send(()).unwrap();
            }
            (order, opener.join().unwrap())
        });
        prop_assert_eq!(expected.0, expected.1);
        prop_assert_eq!(outcomes.next(), None);
        prop_assert_eq!(taken.load(Ordering::Relaxed), jobs);
        prop_assert_eq!(most_ahead.load(Ordering::Relaxed), window.min(jobs));
    }

    #[test]
    fn each_input_and_output_of_outcomes_as_they_come_is_dropped_once(
        panics in prop::collection::vec(any::<bool>(), 0..60),
        workers in 1usize..=4,
        window in 1usize..=9,
        asked in 0usize..80,
    ) {
        let (pool, jobs) = (pool(workers), panics.len());
        let (inputs, outputs) = (Drops::new(jobs), Drops::new(jobs));
        let (make, given, panics) = (inputs.clone(), outputs.clone(), Arc::new(panics));
        let body = move |input: Counted| {
            assert!(!panics[input.0], "job {}", input.0);
            given.thing(input.0)
        };
        let made = (0..jobs).map(move |number| make.thing(number));
        let outcomes = pool.map_unordered(made, count(window), body);
        prop_assert_eq!(outcomes.take(asked).count(), asked.min(jobs));
        let taken = if asked == 0 { 0 } else { jobs.min(asked - 1 + window) };
        let report = pool.shutdown(Shutdown::Drain);
        let expected: Vec<usize> = (0..jobs).map(|number| usize::from(number < taken)).collect();
        prop_assert_eq!(inputs.counts(), expected);
        prop_assert_eq!(outputs.counts().into_iter().sum::<usize>() as u64, report.completed);
        prop_assert!(outputs.counts().into_iter().all(|count| count <= 1));
        prop_assert_eq!(report.ended(), taken as u64);
    }
}
