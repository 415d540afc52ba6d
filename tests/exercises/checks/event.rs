#[path = "../solutions/event.rs"]
mod solution;
#[path = "../starters/event.rs"]
mod starter;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::{Exercise, within_patience};

pub(super) const EXERCISE: Exercise = Exercise {
    name: "event",
    task: "A latch that lets everybody through who waits.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "latch",
};

// ANCHOR: types
/// Closed at first. Once it was opened, it stays so.
#[derive(Default)]
pub(super) struct Latch {
    is_open: Mutex<bool>,
    changed: Condvar,
}
// ANCHOR_END: types

type Act = fn(&Latch);

fn check(latch: fn() -> [Act; 2]) {
    let [open, wait] = latch();
    let (latch, through) = (Arc::new(Latch::default()), Arc::new(AtomicUsize::new(0)));
    let waiters: Vec<_> = (0..3)
        .map(|_| {
            let (latch, through) = (latch.clone(), through.clone());
            thread::spawn(move || {
                wait(&latch);
                // ORDERING: Relaxed. Only the number counts.
                through.fetch_add(1, Ordering::Relaxed);
            })
        })
        .collect();
    // Wakes who sleeps, and opens nothing. A sound latch lets nobody through, however long this goes on.
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(300) {
        latch.changed.notify_all();
        thread::yield_now();
        // ORDERING: Relaxed. Only the number counts.
        let n = through.load(Ordering::Relaxed);
        assert_eq!(n, 0, "a closed latch lets through who is woken for nothing");
    }
    open(&latch);
    let all = move || waiters.into_iter().all(|waiter| waiter.join().is_ok());
    let all = within_patience("the latch is open, and somebody waits for ever", all);
    assert!(all, "who waits for the latch panics");
}
