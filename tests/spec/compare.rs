//! The comparison of section 11: the verdict on given times (claim C3).

#![cfg(unix)]

use std::num::NonZeroUsize;
use std::time::Duration;

use rstest::rstest;
use threadproof::compare::{Comparison, Run, Way, verdict};

#[rstest]
#[case(100, 200, "threads were 2.00 × as fast as processes")]
#[case(200, 100, "processes were 2.00 × as fast as threads")]
#[case(1000, 1051, "threads were 1.05 × as fast as processes")]
#[case(1000, 1050, "threads and processes took about the same time")]
#[case(1050, 1000, "threads and processes took about the same time")]
#[case(100, 100, "threads and processes took about the same time")]
#[case(0, 0, "threads and processes took about the same time")]
fn the_verdict_names_the_faster_and_its_factor(
    #[case] threads: u64,
    #[case] processes: u64,
    #[case] words: &str,
) {
    let threads = ("threads", Duration::from_millis(threads));
    let processes = ("processes", Duration::from_millis(processes));
    assert_eq!(verdict(threads, processes), words);
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
fn steps_a_second_come_from_the_sequential_run() {
    let steps = comparison(&[(Way::Sequential, 2000)]).steps_per_second();
    assert_eq!(steps, Some(2000.0));
    assert_eq!(comparison(&[(Way::Rayon, 2000)]).steps_per_second(), None);
}
