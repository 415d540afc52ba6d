//! Six bills, and two processes that pay them. Bill 4 ends the one that looks at it.

use std::process::{Command, exit};

fn main() -> std::io::Result<()> {
    if let Some(bills) = std::env::args().nth(1) {
        for bill in bills.split(' ') {
            match bill {
                "4" => exit(3),
                _ => println!("bill {bill} is paid"),
            }
        }
        return Ok(()); // that was a worker
    }
    let program = std::env::current_exe()?;
    let pay = |bills| Command::new(&program).arg(bills).spawn();
    let workers = [pay("1 3 5")?, pay("2 4 6")?];
    for mut worker in workers {
        worker.wait()?;
    }
    println!("main: done");
    Ok(())
}
