//! The comparison of section 11: the verdict on given times (claim C3), and the order of the rounds.

use std::num::NonZeroUsize;
use std::time::Duration;

use rstest::rstest;
use threadproof::compare::{Comparison, ROUNDS, Run, Spread, Way, verdict};

const SAME: &str = "threads and processes took about the same time";

#[rstest]
#[case(100, 200, "threads were 2.00 × as fast as processes")]
#[case(200, 100, "processes were 2.00 × as fast as threads")]
#[case(1000, 1251, "threads were 1.25 × as fast as processes")]
#[case(1000, 1250, SAME)]
#[case(1250, 1000, SAME)]
#[case(100, 100, SAME)]
#[case(0, 0, SAME)]
#[case(0, 1, "threads were 1000000.00 × as fast as processes")]
#[case(1, 0, "processes were 1000000.00 × as fast as threads")]
fn the_verdict_names_the_faster_and_its_factor(
    #[case] threads: u64,
    #[case] processes: u64,
    #[case] words: &str,
) {
    let threads = ("threads", Duration::from_millis(threads));
    let processes = ("processes", Duration::from_millis(processes));
    assert_eq!(verdict(threads, processes), words);
}

fn spread(millis: &[u64]) -> Spread {
    let times: Vec<Duration> = millis.iter().copied().map(Duration::from_millis).collect();
    Spread::of(&times).expect("there are rounds")
}

#[rstest]
#[case::apart(&[10, 11, 12], &[20, 22, 24], "threads were 2.00 × as fast as processes")]
#[case::apart_and_turned_round(&[20, 22, 24], &[12, 10, 11], "processes were 2.00 × as fast as threads")]
#[case::overlapping(&[10, 11, 21], &[20, 22, 24], SAME)]
#[case::overlapping_in_one_time(&[10, 11, 20], &[20, 22, 24], SAME)]
#[case::one_within_the_other(&[10, 20, 90], &[40, 41, 42], SAME)]
#[case::apart_by_a_hair(&[1000, 1001, 1002], &[1003, 1004, 1005], SAME)]
#[case::equal(&[10, 11, 12], &[10, 11, 12], SAME)]
#[case::a_clock_that_stood_still(&[0, 0, 0], &[0, 0, 0], SAME)]
#[case::one_round(&[10], &[20], "threads were 2.00 × as fast as processes")]
#[case::an_even_number(&[10, 11, 12, 13], &[22, 24, 26, 28], "threads were 2.18 × as fast as processes")]
#[case::of_seven_one_was_interrupted(&[10, 11, 900, 12, 11, 10, 11], &[22; 7], "threads were 2.00 × as fast as processes")]
#[case::of_seven_two_were_interrupted(&[10, 11, 900, 12, 900, 10, 11], &[22; 7], SAME)]
#[case::of_six_one_was_interrupted(&[10, 11, 900, 12, 10, 11], &[22; 6], SAME)]
// From a run beside two busy loops. Taken alone, five rounds say threads and three say processes.
#[case::a_busy_machine(
    &[50, 89, 104, 87, 41, 70, 88, 92, 96],
    &[96, 76, 104, 45, 49, 92, 74, 99, 186],
    SAME
)]
fn of_several_rounds_one_is_faster_only_if_they_are_apart(
    #[case] threads: &[u64],
    #[case] processes: &[u64],
    #[case] words: &str,
) {
    let threads = ("threads", spread(threads));
    let processes = ("processes", spread(processes));
    assert_eq!(verdict(threads, processes), words);
}

/// Each run of the program is one of these orders. As many as are apart, so often is it wrong
/// where there is no difference.
#[test]
fn of_the_orders_of_two_equal_ways_one_in_2431_is_apart() {
    // Each rank is twice the one before, so that the factor never stands in the way.
    let time = |rank: usize| Duration::from_nanos(1 << rank);
    let (mut orders, mut apart) = (0, [0, 0]);
    for chosen in 0u32..1 << (2 * ROUNDS) {
        if chosen.count_ones() as usize != ROUNDS {
            continue;
        }
        let (mut a, mut b) = (Vec::new(), Vec::new());
        for rank in 0..2 * ROUNDS {
            let side = if chosen >> rank & 1 == 1 {
                &mut a
            } else {
                &mut b
            };
            side.push(time(rank));
        }
        let (a, b) = (Spread::of(&a).unwrap(), Spread::of(&b).unwrap());
        orders += 1;
        apart[0] += usize::from(a.times_as_fast_as(&b).is_some());
        apart[1] += usize::from(b.times_as_fast_as(&a).is_some());
    }
    assert_eq!((orders, apart), (48_620, [10, 10]));
}

#[rstest]
#[case(&[], None)]
#[case(&[5], Some((5, 5, 5)))]
#[case(&[7, 5], Some((5, 5, 7)))]
#[case(&[9, 5, 7], Some((5, 7, 9)))]
#[case(&[6, 5, 4, 3, 2, 1], Some((1, 3, 6)))]
#[case(&[7, 6, 5, 4, 3, 2, 1], Some((1, 4, 6)))]
#[case(&[1, 1, 1, 1, 1, 1, 1, 1, 9], Some((1, 1, 1)))]
fn a_spread_is_fastest_median_and_slowest_that_counts(
    #[case] millis: &[u64],
    #[case] expected: Option<(u64, u64, u64)>,
) {
    let times: Vec<Duration> = millis.iter().copied().map(Duration::from_millis).collect();
    let spread = Spread::of(&times);
    let parts = spread.map(|spread| (spread.fastest, spread.median, spread.slowest));
    let millis = Duration::from_millis;
    assert_eq!(
        parts,
        expected.map(|(fastest, median, slowest)| (
            millis(fastest),
            millis(median),
            millis(slowest)
        ))
    );
}

#[rstest]
#[case(0, [Way::Sequential, Way::Threads, Way::Rayon, Way::Processes])]
#[case(1, [Way::Threads, Way::Rayon, Way::Processes, Way::Sequential])]
#[case(2, [Way::Rayon, Way::Processes, Way::Sequential, Way::Threads])]
#[case(3, [Way::Processes, Way::Sequential, Way::Threads, Way::Rayon])]
#[case(4, [Way::Sequential, Way::Threads, Way::Rayon, Way::Processes])]
fn each_round_begins_with_the_next_way(#[case] round: usize, #[case] ways: [Way; 4]) {
    assert_eq!(Way::in_round(round), ways);
}

fn comparison(runs: &[(Way, u64)]) -> Comparison {
    let run = |(way, millis): &(Way, u64)| Run {
        way: *way,
        elapsed: Duration::from_millis(*millis),
        counts: Vec::new(),
    };
    let runs = runs.iter().map(run).collect();
    Comparison {
        jobs: 4,
        power: 3,
        workers: NonZeroUsize::MIN,
        runs,
    }
}

#[test]
fn a_verdict_needs_threads_and_processes_of_one_run() {
    let ways = [(Way::Threads, 10), (Way::Processes, 30)];
    let words = "threads were 3.00 × as fast as processes";
    assert_eq!(comparison(&ways).verdict().as_deref(), Some(words));
    assert_eq!(comparison(&ways[..1]).verdict(), None);
}

#[test]
fn a_comparison_takes_the_rounds_of_each_way_together() {
    let (threads, processes) = (Way::Threads, Way::Processes);
    let rounds = [
        [(threads, 10), (processes, 30)],
        [(processes, 40), (threads, 12)],
        [(threads, 11), (processes, 33)],
    ];
    let comparison = comparison(rounds.as_flattened());
    let millis = Duration::from_millis;
    assert_eq!(comparison.times(processes), [30, 40, 33].map(millis));
    assert_eq!(comparison.times(Way::Rayon), []);
    assert_eq!(comparison.spread(threads), Some(spread(&[10, 11, 12])));
    assert_eq!(comparison.spread(Way::Rayon), None);
    let words = "threads were 3.00 × as fast as processes";
    assert_eq!(comparison.verdict().as_deref(), Some(words));
}

#[rstest]
#[case(&[20], 20)]
#[case(&[20, 10], 10)]
#[case(&[20, 10, 30], 20)]
#[case(&[900, 20, 10, 30], 20)]
fn the_run_of_a_way_is_that_of_the_median_time(#[case] millis: &[u64], #[case] median: u64) {
    let runs: Vec<_> = millis.iter().map(|millis| (Way::Rayon, *millis)).collect();
    let comparison = comparison(&runs);
    let run = comparison.of(Way::Rayon).unwrap();
    assert_eq!(run.elapsed, Duration::from_millis(median));
    assert_eq!(run.elapsed, comparison.spread(Way::Rayon).unwrap().median);
    assert_eq!(comparison.of(Way::Threads), None);
}

#[test]
fn steps_a_second_come_from_the_sequential_runs() {
    let sequential = [1000, 2000, 9000].map(|millis| (Way::Sequential, millis));
    let steps = comparison(&sequential).steps_per_second();
    assert_eq!(steps, Some(2000.0));
    assert_eq!(comparison(&[(Way::Rayon, 2000)]).steps_per_second(), None);
}
