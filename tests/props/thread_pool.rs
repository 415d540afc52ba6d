//! The pool against the sequential map, for all inputs and all orders of completion.

mod try_map;
mod unordered;
mod waits;

use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use proptest::sample::Index;
use rayon::prelude::*;
use threadproof::{Event, JobError, Shutdown, ThreadPool, scoped_map};

use crate::support::{count, ends, until};

fn pool(workers: usize) -> ThreadPool {
    ThreadPool::new(count(workers)).expect("a few threads can be started")
}

fn function(input: i64) -> i64 {
    input.wrapping_mul(input).rotate_left(7)
}

/// Jobs that end when they are told to, and a record of which run.
struct Gated {
    gates: Vec<Event>,
    running: Mutex<BTreeSet<usize>>,
}

/// Opens all gates when it is dropped: a test that fails ends, and does not wait for its jobs for ever.
struct Gates(Arc<Gated>);

impl Gated {
    /// The body of job `number`.
    fn pass(&self, number: usize) -> usize {
        self.running.lock().unwrap().insert(number);
        self.gates[number].wait();
        self.running.lock().unwrap().remove(&number);
        number
    }
}

impl Deref for Gates {
    type Target = Gated;

    fn deref(&self) -> &Gated {
        &self.0
    }
}

impl Drop for Gates {
    fn drop(&mut self) {
        for gate in &self.gates {
            gate.set();
        }
    }
}

impl Gates {
    /// The test's hand on the gates, and what the jobs pass.
    fn new(jobs: usize) -> (Self, Arc<Gated>) {
        let (gates, running) = ((0..jobs).map(|_| Event::new()).collect(), Mutex::default());
        let gated = Arc::new(Gated { gates, running });
        (Self(gated.clone()), gated)
    }

    /// Ends the jobs one after the other: each time one of those that run, as `schedule` says.
    fn open_one_by_one(self, workers: usize, schedule: &[Index]) {
        for (ended, choice) in schedule.iter().enumerate() {
            let at_once = workers.min(schedule.len() - ended);
            until(|| self.running.lock().unwrap().len() == at_once);
            let running: Vec<usize> = self.running.lock().unwrap().iter().copied().collect();
            let chosen = *choice.get(&running);
            self.gates[chosen].set();
            until(|| !self.running.lock().unwrap().contains(&chosen));
        }
    }
}

/// A number of workers, and for each job which of those that run ends next. So few jobs that a
/// worker always claims single inputs: a second one in a longer run would not have started.
fn schedules() -> impl Strategy<Value = (usize, Vec<Index>)> {
    (1usize..=8).prop_flat_map(|workers| {
        let schedule = prop::collection::vec(any::<Index>(), 0..4 * workers);
        (Just(workers), schedule)
    })
}

/// Counts how often each thing was dropped.
#[derive(Clone)]
struct Drops(Arc<Vec<AtomicUsize>>);

struct Counted(usize, Drops);

impl Drops {
    fn new(things: usize) -> Self {
        Self(Arc::new((0..things).map(|_| AtomicUsize::new(0)).collect()))
    }

    fn thing(&self, number: usize) -> Counted {
        Counted(number, self.clone())
    }

    fn counts(&self) -> Vec<usize> {
        self.0
            .iter()
            .map(|count| count.load(Ordering::Relaxed))
            .collect()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.0[self.0].fetch_add(1, Ordering::Relaxed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_map_equals_the_sequential_one_and_rayon_s(
        inputs in prop::collection::vec(any::<i64>(), 0..500),
        workers in 1usize..=8,
        window in 1usize..20,
    ) {
        let pool = pool(workers);
        let sequential: Vec<i64> = inputs.iter().copied().map(function).collect();
        let in_parallel: Vec<i64> = inputs.par_iter().copied().map(function).collect();
        prop_assert_eq!(&in_parallel, &sequential);
        let eager: Result<Vec<i64>, JobError> = pool.map(inputs.clone(), function).into_iter().collect();
        prop_assert_eq!(eager.as_ref(), Ok(&sequential));
        let lazy: Result<Vec<i64>, JobError> = pool.map_lazy(inputs.clone(), count(window), function).collect();
        prop_assert_eq!(lazy.as_ref(), Ok(&sequential));
        let scoped: Result<Vec<i64>, _> = scoped_map(count(workers), &inputs, |input| function(*input)).into_iter().collect();
        prop_assert_eq!(scoped.as_ref(), Ok(&sequential));
        let report = pool.shutdown(Shutdown::Drain);
        prop_assert_eq!(report.completed, 2 * inputs.len() as u64);
    }

    #[test]
    fn outputs_belong_to_their_inputs_in_every_order_of_completion((workers, schedule) in schedules()) {
        let (pool, (gates, theirs)) = (Arc::new(pool(workers)), Gates::new(schedule.len()));
        let jobs = 0..schedule.len();
        let expected: Vec<Result<usize, JobError>> = jobs.clone().map(Ok).collect();

        let inside = pool.clone();
        let map = move || inside.map(jobs, move |number| theirs.pass(number));
        let map = threadproof::start("map", map).unwrap();
        gates.open_one_by_one(workers, &schedule);
        prop_assert_eq!(map.join().unwrap(), expected);
    }

    #[test]
    fn submitted_jobs_keep_their_outputs_in_every_order_of_completion(
        workers in 1usize..=8,
        schedule in prop::collection::vec(any::<Index>(), 0..40),
    ) {
        let (pool, (gates, theirs)) = (pool(workers), Gates::new(schedule.len()));
        let submit = |number| {
            let gates = theirs.clone();
            pool.submit(move || gates.pass(number)).unwrap()
        };
        let jobs: Vec<_> = (0..schedule.len()).map(submit).collect();
        gates.open_one_by_one(workers, &schedule);
        for (number, job) in jobs.into_iter().enumerate() {
            prop_assert_eq!(job.join(), Ok(number));
        }
    }

    #[test]
    fn each_panic_costs_only_its_own_job(
        panics in prop::collection::vec(any::<bool>(), 0..80),
        workers in 1usize..=8,
    ) {
        let pool = pool(workers);
        let body = |(number, panics): (usize, bool)| {
            assert!(!panics, "job {number}");
            number
        };
        let inputs: Vec<(usize, bool)> = panics.iter().copied().enumerate().collect();
        let eager = pool.map(inputs.clone(), body);
        let lazy: Vec<_> = pool.map_lazy(inputs.clone(), count(5), body).collect();
        let scoped = scoped_map(count(workers), &inputs, |input| body(*input));
        let scoped: Vec<_> = scoped.into_iter().map(|outcome| outcome.map_err(JobError::Panicked)).collect();
        for outcomes in [eager, lazy, scoped] {
            prop_assert_eq!(outcomes.len(), panics.len());
            for ((number, panics), outcome) in inputs.iter().zip(outcomes) {
                match outcome {
                    Ok(output) => prop_assert!(!panics && output == *number),
                    Err(JobError::Panicked(panicked)) => {
                        prop_assert!(panics);
                        prop_assert_eq!(panicked.message(), format!("job {number}"));
                    }
                    Err(other) => prop_assert!(false, "{}", other),
                }
            }
        }
        let panicked = 2 * panics.iter().filter(|panics| **panics).count() as u64;
        let report = pool.shutdown(Shutdown::Drain);
        prop_assert_eq!((report.panicked, report.completed), (panicked, 2 * panics.len() as u64 - panicked));
    }

    #[test]
    fn a_lazy_map_never_takes_more_than_its_window_ahead(
        workers in 1usize..=4,
        window in 1usize..=9,
        asked in 0usize..60,
    ) {
        let pool = pool(workers);
        let (taken, yielded) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let most_ahead = Arc::new(AtomicUsize::new(0));
        let counts = (taken.clone(), yielded.clone(), most_ahead.clone());
        // Inputs are taken on this thread alone, so each instant at which the count grows is seen.
        let endless = (0..).inspect(move |_: &usize| {
            let ahead = counts.0.fetch_add(1, Ordering::Relaxed) + 1 - counts.1.load(Ordering::Relaxed);
            counts.2.fetch_max(ahead, Ordering::Relaxed);
        });
        let mut outputs = pool.map_lazy(endless, count(window), |number| 2 * number);
        prop_assert_eq!(taken.load(Ordering::Relaxed), 0);
        for number in 0..asked {
            prop_assert_eq!(outputs.next(), Some(Ok(2 * number)));
            yielded.fetch_add(1, Ordering::Relaxed);
        }
        let ahead = if asked == 0 { 0 } else { window };
        prop_assert_eq!(most_ahead.load(Ordering::Relaxed), ahead);
    }

    #[test]
    fn each_input_and_each_output_is_dropped_once(
        panics in prop::collection::vec(any::<bool>(), 0..60),
        workers in 1usize..=4,
        window in 1usize..=9,
        asked in 0usize..80,
    ) {
        let (pool, jobs) = (pool(workers), panics.len());
        let panics = Arc::new(panics);
        let run = |inputs: &Drops, outputs: &Drops| {
            let (panics, outputs) = (panics.clone(), outputs.clone());
            let body = move |input: Counted| {
                assert!(!panics[input.0], "job {}", input.0);
                outputs.thing(input.0)
            };
            let inputs = inputs.clone();
            ((0..jobs).map(move |number| inputs.thing(number)), body)
        };
        let once_if_made: Vec<usize> = panics.iter().map(|panics| usize::from(!panics)).collect();

        let (inputs, outputs) = (Drops::new(jobs), Drops::new(jobs));
        let (made, body) = run(&inputs, &outputs);
        let outcomes = pool.map(made, body);
        prop_assert_eq!(inputs.counts(), vec![1; jobs], "when the map has returned");
        prop_assert_eq!(outputs.counts(), vec![0; jobs]);
        drop(outcomes);
        prop_assert_eq!(outputs.counts(), once_if_made.clone());

        let (inputs, outputs) = (Drops::new(jobs), Drops::new(jobs));
        let (made, body) = run(&inputs, &outputs);
        let handles: Vec<_> = made.map(|input| {
            let body = body.clone();
            pool.submit(move || body(input)).unwrap()
        }).collect();
        for (number, handle) in handles.into_iter().enumerate() {
            // Some are joined, some cancelled if it is not too late, and some forgotten.
            match number % 3 {
                0 => drop(handle.join()),
                1 => drop(handle.cancel()),
                _ => drop(handle),
            }
        }

        let (lazy_inputs, lazy_outputs) = (Drops::new(jobs), Drops::new(jobs));
        let (made, body) = run(&lazy_inputs, &lazy_outputs);
        let yielded = pool.map_lazy(made, count(window), body).take(asked).count();
        prop_assert_eq!(yielded, asked.min(jobs));
        let taken = if asked == 0 { 0 } else { jobs.min(asked - 1 + window) };

        let report = pool.shutdown(Shutdown::Drain);
        prop_assert_eq!(inputs.counts(), vec![1; jobs]);
        let once = |(count, expected): (usize, &usize)| count <= *expected;
        prop_assert!(outputs.counts().into_iter().zip(&once_if_made).all(once));
        let expected: Vec<usize> = (0..jobs).map(|number| usize::from(number < taken)).collect();
        prop_assert_eq!(lazy_inputs.counts(), expected);
        let all = report.completed + report.panicked + report.cancelled;
        prop_assert_eq!(all, (2 * jobs + taken) as u64);
    }

    #[test]
    fn a_cancel_at_any_moment_ends_every_job_in_one_of_three_ways(
        workers in 1usize..=4,
        jobs in 1usize..12,
        opened in any::<Index>(),
    ) {
        let (pool, (gates, theirs)) = (Arc::new(pool(workers)), Gates::new(jobs));
        let submit = |number| {
            let gates = theirs.clone();
            pool.submit(move || gates.pass(number)).unwrap()
        };
        let handles: Vec<_> = (0..jobs).map(submit).collect();
        let opened = opened.index(jobs + 1);
        for number in 0..opened {
            gates.gates[number].set();
        }
        // Now some have ended and as many as there are workers run: all behind them are queued.
        let claimed = jobs.min(opened + workers);
        until(|| handles[..opened].iter().all(threadproof::Job::is_finished));
        until(|| gates.running.lock().unwrap().len() == claimed - opened);
        prop_assert_eq!(pool.cancel_queued(), (jobs - claimed) as u64);
        for gate in &gates.gates {
            gate.set();
        }
        let outcomes = ends(move || handles.into_iter().map(threadproof::Job::join).collect::<Vec<_>>());
        for (number, outcome) in outcomes.into_iter().enumerate() {
            let expected = if number < claimed { Ok(number) } else { Err(JobError::Cancelled) };
            prop_assert_eq!(outcome, expected);
        }
    }
}
