//! Four threads count; each reads, gives way, and writes.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

static COUNT: AtomicU32 = AtomicU32::new(0);

fn main() {
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..100_000).for_each(|_| count_one()));
        }
    });
    let count = COUNT.load(Ordering::Relaxed);
    println!("count < 400000: {}", count < 400_000);
}

fn count_one() {
    let n = COUNT.load(Ordering::Relaxed); // read
    // Anything may happen here.
    thread::yield_now();
    COUNT.store(n + 1, Ordering::Relaxed); // write
}
