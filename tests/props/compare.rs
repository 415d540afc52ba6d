//! Claim C2: the four ways give equal results.

#![cfg(unix)]

use std::num::NonZeroUsize;

use proptest::prelude::*;
use threadproof::{WorkerProgram, compare};

use crate::support::PROGRAM;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn all_ways_count_the_same(jobs in 0usize..6, power in 0u32..5, workers in 1usize..4) {
        let workers = NonZeroUsize::new(workers).unwrap();
        let comparison = compare(jobs, power, workers, &WorkerProgram::at(PROGRAM)).unwrap();
        prop_assert_eq!(comparison.runs.len(), 4);
        for run in comparison.runs {
            prop_assert_eq!(run.counts, vec![10u64.pow(power); jobs], "{}", run.way);
        }
    }
}
