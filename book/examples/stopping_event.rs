//! One event stops all who wait on it.

use std::thread;
use std::time::Duration;
use threadproof::{Event, Wait};

fn main() {
    let stop = Event::new();
    thread::scope(|scope| {
        for name in ["a.txt", "b.txt", "c.txt"] {
            let stop = &stop;
            scope.spawn(move || {
                while stop.wait_timeout(Duration::from_secs(60)) == Wait::TimedOut {
                    println!("{name}: I look");
                }
                println!("{name}: I put my things away, and end");
            });
        }
        stop.set(); // one word to all of them
    });
    println!("all three have ended");
}
