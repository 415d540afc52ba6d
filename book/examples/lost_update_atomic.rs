//! One number needs no lock: reading and writing are one step.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

static COUNT: AtomicU32 = AtomicU32::new(0);

fn main() {
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..100_000).for_each(|_| count_one()));
        }
    });
    println!("{}", COUNT.load(Ordering::Relaxed));
}

fn count_one() {
    // Read and write in one step.
    COUNT.fetch_add(1, Ordering::Relaxed);
}
