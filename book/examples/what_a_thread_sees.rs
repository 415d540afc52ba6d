//! One thread writes a letter and raises a flag; the other waits for the flag.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::thread;

static LETTER: AtomicU32 = AtomicU32::new(0);
static FLAG: AtomicBool = AtomicBool::new(false);

fn main() {
    thread::scope(|scope| {
        scope.spawn(|| {
            LETTER.store(42, Relaxed); // ① write the letter
            FLAG.store(true, Release); // ② raise the flag
        });
        scope.spawn(|| {
            // ③ see the flag
            while !FLAG.load(Acquire) {
                thread::yield_now();
            }
            let letter = LETTER.load(Relaxed); // ④ read the letter
            println!("the letter says {letter}");
        });
    });
}
