//! Two diners, a fork and a knife.

use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Duration;

static FORK: Mutex<&str> = Mutex::new("fork");
static KNIFE: Mutex<&str> = Mutex::new("knife");
static BOTH_HAVE_ONE: Barrier = Barrier::new(2);

fn main() {
    thread::spawn(|| dine("Ada", &FORK, &KNIFE));
    thread::spawn(|| dine("Bob", &KNIFE, &FORK));
    thread::sleep(Duration::from_millis(500));
    println!("main: half a second is over");
}

fn dine(name: &str, first: &Mutex<&str>, second: &Mutex<&str>) {
    let one = first.lock().unwrap();
    // The unlucky moment, made certain.
    BOTH_HAVE_ONE.wait();
    let two = second.lock().unwrap();
    println!("{name} eats with {one} and {two}");
}
