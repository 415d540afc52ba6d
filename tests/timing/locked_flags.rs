//! <https://docs.python.org/3/library/threading.html#lock-objects>: K7, how long a stop waits.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use threadproof::LockedFlags;

/// K7: a lock may go back to the thread that has just let it go, for seconds. A stop waits for the step
/// that runs, whatever the worker does: 10 ms here, and the test allows 500.
#[test]
fn worker_that_steps_without_a_pause_does_not_hold_up_a_stop() {
    let _alone = crate::alone();
    let one_step = Duration::from_millis(10);
    for _ in 0..5 {
        let flags = LockedFlags::new();
        let (enter, entered) = mpsc::channel();
        let took = thread::scope(|scope| {
            scope.spawn(|| {
                let worker = flags.register("a").unwrap();
                let step = || {
                    enter.send(()).unwrap();
                    let start = Instant::now();
                    while start.elapsed() < one_step {}
                };
                while worker.step(step).is_some() {}
            });
            entered.recv().unwrap();
            let start = Instant::now();
            flags.stop("a").unwrap();
            start.elapsed()
        });
        assert!(took < 50 * one_step, "stop took {took:?}");
    }
}
