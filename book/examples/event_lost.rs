//! A notification is not kept for those who come later.

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
        println!("waiter: timed out: {}", wait.unwrap().1.timed_out());
    });
    waiter.join().unwrap();
}
