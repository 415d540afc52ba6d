//! Three files, one after the other; the second is missing.

use std::thread;
use std::time::{Duration, Instant};

const ANSWER: Duration = Duration::from_millis(100);

fn main() {
    let start = Instant::now();
    for name in ["a.png", "missing.png", "c.png"] {
        match fetch(name) {
            Ok(bytes) => println!("{name}: {bytes} bytes"),
            Err(why) => println!("{name}: {why}"),
        }
    }
    println!("three answers long: {}", start.elapsed() >= 3 * ANSWER);
}

fn fetch(name: &str) -> Result<usize, &str> {
    thread::sleep(ANSWER); // the network
    match name {
        "missing.png" => Err("404 Not Found"),
        _ => Ok(199_865),
    }
}
