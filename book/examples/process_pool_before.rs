//! What stands before `run_if_worker` is done by each worker as well.

use serde::{Deserialize, Serialize};
use threadproof::{ProcessPool, Work, WorkTable, WorkerProgram, run_if_worker};

#[derive(Serialize, Deserialize)]
struct Square(u32);

impl Work for Square {
    type Output = u32;
    const NAME: &'static str = "square";
    fn run(self) -> u32 {
        self.0 * self.0
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("main begins");
    run_if_worker(&WorkTable::new().with::<Square>());
    let pool = ProcessPool::builder(WorkerProgram::current()?)
        .workers(2)
        .build()?;
    println!("the square is {}", pool.run(Square(3))?);
    Ok(())
}
