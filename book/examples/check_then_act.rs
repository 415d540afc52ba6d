//! Two threads withdraw: each looks at the balance, then takes.

use std::sync::{Barrier, Mutex};
use std::thread;

fn main() {
    let balance = Mutex::new(100);
    let both = Barrier::new(2);
    let withdraw = || {
        // Check.
        let is_enough = *balance.lock().unwrap() >= 100;
        // The unlucky moment, made certain.
        both.wait();
        if is_enough {
            // Act.
            *balance.lock().unwrap() -= 100;
        }
    };
    thread::scope(|scope| {
        scope.spawn(withdraw);
        scope.spawn(withdraw);
    });
    println!("the balance is {}", balance.lock().unwrap());
}
