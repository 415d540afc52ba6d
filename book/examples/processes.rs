//! A program starts itself once more, and looks at how that ended.

use std::process::{Command, exit};

fn main() -> std::io::Result<()> {
    if std::env::args().nth(1).as_deref() == Some("child") {
        println!("child:  I have memory of my own, and fail");
        exit(3);
    }
    let program = std::env::current_exe()?;
    let output = Command::new(program).arg("child").output()?;
    print!("{}", String::from_utf8_lossy(&output.stdout));
    println!("parent: its exit code is {:?}", output.status.code());
    Ok(())
}
