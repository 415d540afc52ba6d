//! Each worker dies, and the next one gets all that has no answer: all six.

use std::process::{Command, Stdio, exit};

fn main() -> std::io::Result<()> {
    if std::env::args().nth(1).as_deref() == Some("worker") {
        let mut answers = Vec::new(); // sent at the end
        for bill in 1..=6 {
            if bill == 4 {
                exit(3);
            }
            eprintln!("bill {bill} is paid");
            answers.push(bill);
        }
        println!("{answers:?}");
        return Ok(());
    }
    for attempt in 1..=3 {
        let mut worker = Command::new(std::env::current_exe()?);
        let output = worker.arg("worker").stderr(Stdio::inherit()).output()?;
        println!("worker {attempt} ended: {}", output.status);
    }
    println!("main: I give up");
    Ok(())
}
