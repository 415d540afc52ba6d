//! Two processes, three numbers each. A bug ends the one that meets 3.
use std::process::{Command, Stdio, exit};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let numbers: Vec<String> = std::env::args().skip(1).collect();
    for number in &numbers {
        let number: u32 = number.parse()?;
        if number == 3 {
            exit(3);
        }
        println!("the square of {number} is {}", number * number);
    }
    if !numbers.is_empty() {
        return Ok(()); // that was a worker
    }
    let me = std::env::current_exe()?;
    let start = |jobs| Command::new(&me).args(jobs).stdout(Stdio::piped()).spawn();
    for worker in [start(["1", "3", "5"])?, start(["2", "4", "6"])?] {
        let output = worker.wait_with_output()?;
        print!("{}", String::from_utf8(output.stdout)?);
    }
    Ok(())
}
