//! A job that would run for ever is killed, and the pool goes on.

use std::time::Duration;
use threadproof::{ProcessPool, Work, WorkTable, WorkerProgram, run_if_worker};

#[derive(serde::Serialize, serde::Deserialize)]
struct Sum(u64);

impl Work for Sum {
    type Output = u64;
    const NAME: &'static str = "sum";
    fn run(self) -> u64 {
        (1..=self.0).fold(0, |sum, n| std::hint::black_box(n).wrapping_add(sum))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    run_if_worker(&WorkTable::new().with::<Sum>());
    let pool = ProcessPool::builder(WorkerProgram::current()?).build()?;
    let job = pool.submit(Sum(u64::MAX))?;
    let job = job.join_timeout(Duration::from_millis(300)).unwrap_err();
    job.kill();
    println!("{:?}, then {:?}", job.join(), pool.run(Sum(100)));
    Ok(())
}
