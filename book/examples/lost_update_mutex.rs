//! The dict is inside the lock, and one thread at a time is there.

use std::collections::HashMap;
use std::sync::Mutex;
use std::thread;

fn main() {
    let counts = Mutex::new(HashMap::new());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..100_000).for_each(|_| count_one(&counts)));
        }
    });
    println!("{:?}", counts.lock().unwrap());
}

fn count_one(counts: &Mutex<HashMap<&str, u32>>) {
    let mut counts = counts.lock().unwrap();
    let n = *counts.get("a.txt").unwrap_or(&0);
    counts.insert("a.txt", n + 1);
} // the guard is dropped, and the lock is free again
