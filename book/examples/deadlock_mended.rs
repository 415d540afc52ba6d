//! Everybody takes the locks in the same order.

use std::sync::Mutex;
use std::thread;

static FORK: Mutex<&str> = Mutex::new("fork");
static KNIFE: Mutex<&str> = Mutex::new("knife");

fn main() {
    thread::scope(|scope| {
        scope.spawn(|| dine("Ada"));
        scope.spawn(|| dine("Bob"));
    });
}

fn dine(name: &str) {
    // Everybody takes the fork first.
    let fork = FORK.lock().unwrap();
    let knife = KNIFE.lock().unwrap();
    println!("{name} eats with {fork} and {knife}");
}
