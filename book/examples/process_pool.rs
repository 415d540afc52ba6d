//! The same numbers and the same bug, in a pool that knows which job each worker runs.

use threadproof::{ProcessPool, Work, WorkTable, WorkerProgram, run_if_worker};

#[derive(serde::Serialize, serde::Deserialize)]
struct Square(u32);
impl Work for Square {
    type Output = u32;
    const NAME: &'static str = "square";
    fn run(self) -> u32 {
        if self.0 == 3 {
            std::process::exit(3);
        }
        self.0 * self.0
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    run_if_worker(&WorkTable::new().with::<Square>());
    let pool = ProcessPool::builder(WorkerProgram::current()?).build()?;
    for outcome in pool.map((1..=6).map(Square)) {
        println!("{:?}", outcome.map_err(|error| error.to_string()));
    }
    Ok(())
}
