//! Claim C1: CPU-bound threads run at once, which Python's interpreter lock forbids.

use threadproof::compare::{Way, run};

use crate::needs::Need;
use crate::run::Test;
use crate::support::{count, worker_program};

pub(crate) fn tests() -> Vec<Test> {
    let test = two_cpu_bound_threads_take_less_than_one_after_the_other;
    vec![Test::new(&[Need::TwoCores], test).alone()]
}

fn two_cpu_bound_threads_take_less_than_one_after_the_other() {
    let program = worker_program();
    let seconds = |way| {
        run(way, 2, 7, count(2), &program)
            .unwrap()
            .elapsed
            .as_secs_f64()
    };
    // The best of a hundred: other programs may have the second core for a while.
    let mut ratios = (0..100).map(|_| seconds(Way::Threads) / seconds(Way::Sequential));
    let enough = ratios.find(|ratio| *ratio <= 0.7);
    assert!(
        enough.is_some(),
        "two threads never took 0.7 × one after the other"
    );
}
