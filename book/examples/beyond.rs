//! The workers give way to other programs, since a command stands in front of them.

use rustix::process::nice;
use serde::{Deserialize, Serialize};
use threadproof::{ProcessPool, Work, WorkTable, WorkerProgram, run_if_worker};

#[derive(Serialize, Deserialize)]
struct Niceness;

impl Work for Niceness {
    type Output = i32;
    const NAME: &'static str = "niceness";
    fn run(self) -> i32 {
        nice(0).expect("one may ask")
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    run_if_worker(&WorkTable::new().with::<Niceness>());
    let program = WorkerProgram::current()?.wrapped_by(["nice", "-n", "5"]);
    let pool = ProcessPool::builder(program).build()?;
    let more = pool.run(Niceness)? - nice(0)?;
    println!("a worker is nicer than main by {more}");
    Ok(())
}
