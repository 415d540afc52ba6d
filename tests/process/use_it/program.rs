// ANCHOR: program
use std::error::Error;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use threadproof::{ProcessError, ProcessPool, Shutdown};
use threadproof::{Work, WorkTable, WorkerProgram, run_if_worker};

/// Counts the steps from a number to 1: an even number is halved, an odd one is tripled and 1 added.
#[derive(Serialize, Deserialize)]
struct Steps(u64);

impl Work for Steps {
    type Output = u64;
    const NAME: &'static str = "steps";

    /// From 0 there is no way to 1: that job never ends.
    fn run(self) -> u64 {
        let (mut n, mut steps) = (self.0, 0);
        while n != 1 {
            n = if n % 2 == 0 { n / 2 } else { 3 * n + 1 };
            steps += 1;
        }
        steps
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    // First of all: in a worker this line never returns.
    run_if_worker(&WorkTable::new().with::<Steps>());
    let pool = ProcessPool::builder(WorkerProgram::current()?)
        .workers(3)
        .job_timeout(Duration::from_secs(1))
        .jobs_per_worker(1_000)
        .max_frame(1024 * 1024)
        .build()?;
    let numbers = [27, 97, 0, 871];
    for (number, outcome) in numbers.iter().zip(pool.map(numbers.map(Steps))) {
        match outcome {
            Ok(steps) => println!("{number}: {steps} steps"),
            // Not this input's fault, and the next one would not fare better.
            Err(error @ ProcessError::PoolBroken { .. }) => return Err(error.into()),
            // Of this input alone: it panicked, crashed, took too long, or could not be sent.
            Err(error) => println!("{number}: {error}"),
        }
    }
    let report = pool.shutdown(Shutdown::Drain);
    assert_eq!((report.completed, report.timed_out), (3, 1));
    Ok(())
}
// ANCHOR_END: program
