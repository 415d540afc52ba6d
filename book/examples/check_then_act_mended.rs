//! The same, with one guard for the look and the taking.

use std::sync::Mutex;
use std::thread;

fn main() {
    let balance = Mutex::new(100);
    let withdraw = || {
        let mut balance = balance.lock().unwrap();
        if *balance >= 100 {
            // Checked and done under one guard.
            *balance -= 100;
        }
    };
    thread::scope(|scope| {
        scope.spawn(withdraw);
        scope.spawn(withdraw);
    });
    println!("the balance is {}", balance.lock().unwrap());
}
