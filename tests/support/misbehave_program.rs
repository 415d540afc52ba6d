//! A worker program whose jobs abort, hang and kill: what the tests of processes start.

#![cfg_attr(not(unix), allow(dead_code, reason = "there are no worker processes"))]

mod misbehave;

use std::process::ExitCode;

use threadproof::compare::Count;
use threadproof::{WorkTable, run_if_worker};

fn main() -> ExitCode {
    let table = WorkTable::new()
        .with::<Count>()
        .with::<misbehave::Misbehave>()
        .with::<misbehave::Faulty>();
    run_if_worker(&table.initialised_by(misbehave::initialise));
    eprintln!("misbehave: only the tests start it, as a worker");
    ExitCode::from(2)
}
