//! A pipe holds little. Nobody reads this one, so the child waits to write the rest.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn main() -> std::io::Result<()> {
    if std::env::args().nth(1).as_deref() == Some("child") {
        print!("{}", "x".repeat(1_000_000));
        return Ok(());
    }
    let mut command = Command::new(std::env::current_exe()?);
    let mut child = command.arg("child").stdout(Stdio::piped()).spawn()?;
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(1) {
        if child.try_wait()?.is_some() {
            println!("it has ended");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    println!("after a second it still runs");
    let output = child.wait_with_output()?;
    println!("read, it ends: {} bytes", output.stdout.len());
    Ok(())
}
