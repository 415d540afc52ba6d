//! The same bills, and a pool that knows at any moment which of them has begun.

use threadproof::{ProcessPool, Work, WorkTable, WorkerProgram, run_if_worker};

#[derive(serde::Serialize, serde::Deserialize)]
struct Bill(u32);
impl Work for Bill {
    type Output = ();
    const NAME: &'static str = "bill";
    fn run(self) {
        if self.0 == 4 {
            std::process::exit(3);
        }
        println!("bill {} is paid", self.0);
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    run_if_worker(&WorkTable::new().with::<Bill>());
    let pool = ProcessPool::builder(WorkerProgram::current()?).build()?;
    for outcome in pool.map((1..=6).map(Bill)) {
        outcome.unwrap_or_else(|error| println!("main: {error}"));
    }
    Ok(())
}
