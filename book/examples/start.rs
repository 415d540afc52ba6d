//! Three threads are started, and main asks at once how far they are.

use std::thread;
use std::time::Duration;

fn main() -> std::io::Result<()> {
    let mut downloads = Vec::new();
    for n in 1..=3 {
        let body = move || thread::sleep(Duration::from_secs(2));
        downloads.push(threadproof::start(&format!("download-{n}"), body)?);
    }
    for download in &downloads {
        println!(
            "{} has finished: {}",
            download.name(),
            download.is_finished()
        );
    }
    println!("Main program done!!");
    Ok(())
} // the three handles end here, and each waits for its thread
