//! <https://docs.python.org/3/library/threading.html#threading.Event.wait>: E5, E7.

use std::thread;
use std::time::{Duration, Instant};

use threadproof::{Event, Wait};

use crate::support::until;

const AN_HOUR: Duration = Duration::from_secs(3600);

/// What E7 promises, wide enough for a machine under load.
const PROMPT: Duration = Duration::from_millis(500);

/// E7: the notebook's watcher looks at its flag every two seconds; this one is woken.
#[test]
fn watchers_that_sleep_for_an_hour_end_promptly_after_set() {
    let _alone = crate::alone();
    let stop = Event::new();
    thread::scope(|scope| {
        let watchers = [(); 8].map(|()| {
            scope.spawn(|| {
                while stop.wait_timeout(AN_HOUR) == Wait::TimedOut {}
                Instant::now()
            })
        });
        until(|| stop.n_waiting() == watchers.len());
        let set = Instant::now();
        stop.set();
        for watcher in watchers {
            let took = watcher.join().unwrap().duration_since(set);
            assert!(took < PROMPT, "ended {took:?} after the set");
        }
    });
}

/// E5: neither early because others use the event, nor early because others leave it.
#[test]
fn timed_wait_takes_at_least_its_timeout_however_busy_the_event_is() {
    let _alone = crate::alone();
    let event = Event::new();
    thread::scope(|scope| {
        let waiters = [1, 10, 30, 50].map(|timeout| {
            let timeout = Duration::from_millis(timeout);
            let event = &event;
            scope.spawn(move || {
                let start = Instant::now();
                let wait = event.wait_timeout(timeout);
                (wait, start.elapsed(), timeout)
            })
        });
        while !waiters.iter().all(|waiter| waiter.is_finished()) {
            assert!(!event.clear() && !event.is_set());
            thread::yield_now();
        }
        for waiter in waiters {
            let (wait, took, timeout) = waiter.join().unwrap();
            assert_eq!(wait, Wait::TimedOut);
            assert!(took >= timeout, "timed out after {took:?} of {timeout:?}");
        }
    });
}
