//! Its main does not begin with `run_if_worker`, so what it starts is no worker.

use serde::{Deserialize, Serialize};
use threadproof::{Process, ProcessError, Work, WorkerProgram};

#[derive(Serialize, Deserialize)]
struct Greet;

impl Work for Greet {
    type Output = String;
    const NAME: &'static str = "greet";
    fn run(self) -> String {
        "hello".to_owned()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("main begins");
    let program = WorkerProgram::current()?;
    match Process::start(&program, Greet) {
        Err(ProcessError::NotAWorker { why, .. }) => println!("no worker: {why}"),
        other => println!("{}", other?.join()?),
    }
    Ok(())
}
