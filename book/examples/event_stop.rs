//! A watcher that sleeps for an hour stops at once.

use std::thread;
use std::time::{Duration, Instant};
use threadproof::{Event, Wait};

static STOP: Event = Event::new();

fn main() {
    let start = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| {
            while STOP.wait_timeout(Duration::from_secs(3600)) == Wait::TimedOut {
                println!("watcher: an hour has passed, I look again");
            }
            println!("watcher: stopped");
        });
        STOP.set();
    });
    println!("it took an hour: {}", start.elapsed().as_secs() >= 3600);
}
