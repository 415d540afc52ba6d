//! Claim C1: CPU-bound threads run at once, which Python's interpreter lock forbids.

#![cfg(unix)]

use std::num::NonZeroUsize;

use threadproof::WorkerProgram;
use threadproof::compare::{Way, run};

#[test]
fn two_cpu_bound_threads_take_less_than_one_after_the_other() {
    if std::thread::available_parallelism().map_or(1, usize::from) < 2 {
        println!("one core: nothing can run at once here, so this proves nothing");
        return;
    }
    let program = WorkerProgram::at(env!("CARGO_BIN_EXE_threadproof"));
    let workers = NonZeroUsize::new(2).unwrap();
    let seconds = |way| {
        run(way, 2, 8, workers, &program)
            .unwrap()
            .elapsed
            .as_secs_f64()
    };
    // Best of ten: other programs may have the second core for a while.
    let mut ratios = (0..10).map(|_| seconds(Way::Threads) / seconds(Way::Sequential));
    let enough = ratios.find(|ratio| *ratio <= 0.7);
    assert!(
        enough.is_some(),
        "two threads never took 0.7 × one after the other"
    );
}
