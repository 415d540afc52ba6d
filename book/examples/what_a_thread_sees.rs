//! One thread writes a letter and raises a flag; the other waits for the flag.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

static LETTER: AtomicU32 = AtomicU32::new(0);
static FLAG: AtomicBool = AtomicBool::new(false);

fn main() {
    thread::scope(|scope| {
        scope.spawn(|| {
            LETTER.store(42, Ordering::Relaxed); // ① write the letter
            FLAG.store(true, Ordering::Release); // ② raise the flag
        });
        scope.spawn(|| {
            // ③ see the flag
            while !FLAG.load(Ordering::Acquire) {
                thread::yield_now();
            }
            println!("the letter says {}", LETTER.load(Ordering::Relaxed)); // ④
        });
    });
}
