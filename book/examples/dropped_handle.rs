//! threadproof: a handle that is dropped waits for its thread.

use std::thread;
use std::time::Duration;

fn main() -> std::io::Result<()> {
    let _download = threadproof::start("download", || {
        thread::sleep(Duration::from_secs(2));
        println!("thread: the file is there");
    })?;
    println!("main:   done");
    Ok(())
}
