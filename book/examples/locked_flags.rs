//! A worker counts its steps until it is stopped.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use threadproof::LockedFlags;

fn main() {
    let (flags, steps) = (LockedFlags::new(), AtomicU32::new(0));
    let count_one = || {
        steps.fetch_add(1, Ordering::Relaxed);
    };
    thread::scope(|scope| {
        let worker = flags.register("a.txt").unwrap();
        scope.spawn(move || {
            while let Some(()) = worker.step(count_one) {}
            println!("worker: stopped");
        });
        flags.stop("a.txt").unwrap();
        let at_the_stop = steps.load(Ordering::Relaxed);
        // Time for a step, if one could begin.
        thread::yield_now();
        let since_then = steps.load(Ordering::Relaxed) - at_the_stop;
        println!("main:   {since_then} steps since the stop");
    });
}
