//! A thread sleeps until a condition holds.

use std::sync::{Condvar, Mutex};
use std::thread;

static IS_READY: Mutex<bool> = Mutex::new(false);
static CHANGED: Condvar = Condvar::new();

fn main() {
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut is_ready = IS_READY.lock().unwrap();
            while !*is_ready {
                is_ready = CHANGED.wait(is_ready).unwrap();
            }
            println!("waiter: it is ready");
        });
        println!("main:   now");
        *IS_READY.lock().unwrap() = true;
        CHANGED.notify_all();
    });
}
