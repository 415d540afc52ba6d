use std::cell::RefCell;
use std::thread;

fn main() {
    let counts = RefCell::new(0);
    thread::scope(|scope| {
        scope.spawn(|| *counts.borrow_mut() += 1);
    });
}
