//! A command that hands on large portions: the first byte for a worker stays in it.

use std::time::Duration;

use threadproof::{ProcessError, ProcessPool, WorkTable, WorkerProgram, run_if_worker};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    run_if_worker(&WorkTable::new());
    let keeps = r#"head -c 1000000 | "$@""#;
    let program = WorkerProgram::current()?.wrapped_by(["sh", "-c", keeps, "sh"]);
    let pool = ProcessPool::builder(program);
    match pool.start_timeout(Duration::from_millis(500)).build() {
        Err(ProcessError::NotAWorker { why, .. }) => println!("no worker: {why}"),
        other => println!("{other:?}"),
    }
    Ok(())
}
