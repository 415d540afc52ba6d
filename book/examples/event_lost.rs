//! A notification, and then a waiter.

use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::Duration;

static LOCK: Mutex<()> = Mutex::new(());
static CHANGED: Condvar = Condvar::new();

fn main() {
    CHANGED.notify_all(); // nobody waits yet
    let waiter = thread::spawn(|| {
        let guard = LOCK.lock().unwrap();
        let wait = CHANGED.wait_timeout(guard, Duration::from_secs(2));
        let (_guard, result) = wait.unwrap();
        println!("waiter: timed out: {}", result.timed_out());
    });
    waiter.join().unwrap();
}
