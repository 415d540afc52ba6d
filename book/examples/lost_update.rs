//! Each single step is safe. The three together are not.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

static COUNT: AtomicU32 = AtomicU32::new(0);

fn main() {
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..100_000).for_each(|_| count_one()));
        }
    });
    let lost = 400_000 - COUNT.load(Ordering::Relaxed);
    println!("some updates are lost: {}", lost > 0);
}

fn count_one() {
    let n = COUNT.load(Ordering::Relaxed); // read
    thread::yield_now(); // anything may happen here
    COUNT.store(n + 1, Ordering::Relaxed); // write
}
