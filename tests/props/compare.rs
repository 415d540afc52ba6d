//! Claim C2: the four ways give equal results. Claim C3: of two ways at most one is faster.

use std::num::NonZeroUsize;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use threadproof::compare::{ROUNDS, Spread, Way, verdict};
use threadproof::{WorkerProgram, compare};

use crate::support::PROGRAM;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn all_ways_count_the_same(jobs in 0usize..6, power in 0u32..5, workers in 1usize..4) {
        let workers = NonZeroUsize::new(workers).unwrap();
        let comparison = compare(jobs, power, workers, &WorkerProgram::at(PROGRAM)).unwrap();
        let ways: Vec<Way> = comparison.runs.iter().map(|run| run.way).collect();
        prop_assert_eq!(ways, (0..ROUNDS).flat_map(Way::in_round).collect::<Vec<_>>());
        for run in comparison.runs {
            prop_assert_eq!(run.counts, vec![10u64.pow(power); jobs], "{}", run.way);
        }
    }
}

/// Rounds of a busy machine: what the work takes, and what came in between.
fn rounds() -> impl Strategy<Value = Vec<Duration>> {
    let round = (0u64..2, prop_oneof![0u64..20, 0u64..2000]);
    let round = round.prop_map(|(work, between)| Duration::from_millis(100 * work + between));
    vec(round, 1..12)
}

fn spread(times: &[Duration]) -> Spread {
    Spread::of(times).expect("there are rounds")
}

proptest! {
    #[test]
    fn a_verdict_does_not_depend_on_who_is_named_first(a in rounds(), b in rounds()) {
        let (a, b) = (spread(&a), spread(&b));
        let (one, other) = (verdict(("a", a), ("b", b)), verdict(("b", b), ("a", a)));
        prop_assert_eq!(one, other.replace("b and a", "a and b"));
    }

    #[test]
    fn a_verdict_does_not_depend_on_the_order_of_the_rounds(a in rounds(), b in rounds(), turn in 0usize..12) {
        let mut turned: Vec<Duration> = a.iter().rev().copied().collect();
        turned.rotate_left(turn % a.len());
        let b = spread(&b);
        prop_assert_eq!(verdict(("a", spread(&a)), ("b", b)), verdict(("a", spread(&turned)), ("b", b)));
    }

    #[test]
    fn who_is_faster_has_a_factor_and_the_other_has_none(a in rounds(), b in rounds()) {
        let (a, b) = (spread(&a), spread(&b));
        if let Some(factor) = a.times_as_fast_as(&b) {
            prop_assert!(factor > 1.25 && !a.overlaps(&b));
            prop_assert_eq!(b.times_as_fast_as(&a), None);
        }
    }

    /// Whatever comes in between: it only ever adds time, and each way has one round without it.
    #[test]
    fn the_slower_is_never_said_to_be_faster(
        (fast, more) in (1u64..1000, 0u64..1000),
        between_fast in vec(0u64..5000, 0..12),
        between_slow in vec(0u64..5000, 0..12),
    ) {
        let rounds = |work: u64, between: &[u64]| -> Vec<Duration> {
            let rounds = between.iter().chain(&[0]).map(|between| work + between);
            rounds.map(Duration::from_millis).collect()
        };
        let fast_rounds = spread(&rounds(fast, &between_fast));
        let slow_rounds = spread(&rounds(fast + more, &between_slow));
        prop_assert_eq!(slow_rounds.times_as_fast_as(&fast_rounds), None);
    }

    #[test]
    fn how_slow_the_slowest_of_many_rounds_was_changes_nothing(
        times in vec(0u64..1000, 6..12),
        (slowest, more) in (1000u64..2000, 0u64..100_000),
    ) {
        let with = |last: u64| {
            let times: Vec<_> = times.iter().chain(&[last]).copied().map(Duration::from_millis).collect();
            spread(&times)
        };
        prop_assert_eq!(with(slowest), with(slowest + more));
    }
}
