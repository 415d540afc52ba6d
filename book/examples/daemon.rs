//! A daemon sleeps for an hour, and main ends before it.

use std::thread;
use std::time::Duration;

fn main() -> std::io::Result<()> {
    let backup = threadproof::start_daemon("backup", || {
        let _says_so = SaysSo;
        thread::sleep(Duration::from_secs(3600));
    })?;
    thread::sleep(Duration::from_millis(100));
    println!("{} has finished: {}", backup.name(), backup.is_finished());
    println!("Main program done!!");
    Ok(())
}

struct SaysSo;

impl Drop for SaysSo {
    fn drop(&mut self) {
        println!("backup: I have put my things away");
    }
}
