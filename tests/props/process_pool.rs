//! Claim X1: the map over processes is the sequential map, whatever the number of workers.

use proptest::prelude::*;
use threadproof::{ProcessPool, Shutdown};

use crate::support::{Misbehave, worker_program};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn outputs_stand_in_the_order_of_the_inputs(
        maps in prop::collection::vec(prop::collection::vec(any::<u64>(), 0..600), 1..4),
        workers in 1usize..5,
        jobs_per_worker in prop::option::of(1u64..200),
    ) {
        let mut builder = ProcessPool::builder(worker_program()).workers(workers);
        if let Some(jobs) = jobs_per_worker {
            builder = builder.jobs_per_worker(jobs);
        }
        let pool = builder.build().unwrap();
        for inputs in &maps {
            let outputs = pool.map(inputs.iter().copied().map(Misbehave::Not));
            let outputs: Vec<Vec<u8>> = outputs.into_iter().map(Result::unwrap).collect();
            let expected: Vec<Vec<u8>> = inputs.iter().map(|n| n.to_le_bytes().to_vec()).collect();
            prop_assert_eq!(outputs, expected);
        }
        let jobs: usize = maps.iter().map(Vec::len).sum();
        prop_assert_eq!(pool.shutdown(Shutdown::Drain).completed, jobs as u64);
    }

    /// Claim X2 for any set of jobs that panic.
    #[test]
    fn a_panic_is_the_outcome_of_its_job_alone(panics in prop::collection::vec(any::<bool>(), 0..40)) {
        let pool = ProcessPool::builder(worker_program()).workers(2).build().unwrap();
        let job = |panics: &bool| {
            if *panics { Misbehave::Panic("no".to_owned()) } else { Misbehave::Zeros(1) }
        };
        let failed: Vec<bool> =
            pool.map(panics.iter().map(job)).iter().map(Result::is_err).collect();
        prop_assert_eq!(failed, panics);
    }
}
