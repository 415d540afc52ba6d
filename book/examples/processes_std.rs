//! A program starts itself twice more. Each of the three prints a COUNT.

use std::process::{Command, Stdio, exit};
use std::sync::atomic::{AtomicU32, Ordering};

static COUNT: AtomicU32 = AtomicU32::new(0);

fn main() -> std::io::Result<()> {
    if let Some(name) = std::env::args().nth(1) {
        COUNT.fetch_add(1, Ordering::Relaxed);
        println!("{name}: COUNT is {COUNT:?}");
        exit(if name == "b" { 3 } else { 0 });
    }
    let me = std::env::current_exe()?;
    let start = |name| Command::new(&me).arg(name).stdout(Stdio::piped()).spawn();
    for child in [start("a")?, start("b")?] {
        let output = child.wait_with_output()?;
        print!("{}", String::from_utf8_lossy(&output.stdout));
        println!("main: its exit code is {:?}", output.status.code());
    }
    println!("main: COUNT is {COUNT:?}");
    Ok(())
}
