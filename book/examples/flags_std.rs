//! A flag that a watcher polls.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

static STOP: AtomicBool = AtomicBool::new(false);

fn main() {
    thread::scope(|scope| {
        scope.spawn(|| {
            while !STOP.load(Ordering::Acquire) {
                thread::sleep(Duration::from_millis(20));
            }
            println!("watcher: stopped");
        });
        println!("main:    stop, please");
        STOP.store(true, Ordering::Release);
    });
}
