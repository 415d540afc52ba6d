//! An event where a sleep was.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use threadproof::{Event, Wait};

use crate::support::until;

// ANCHOR: starter
/// Looks, and looks again after each interval, until it is stopped.
/// Then it ends at once.
fn starter(stop: &Event, interval: Duration, look: impl Fn()) {
    while !stop.is_set() {
        look();
        // Your turn: nobody can wake a sleeper.
        thread::sleep(interval);
    }
}
// ANCHOR_END: starter

// ANCHOR: solution
fn solution(stop: &Event, interval: Duration, look: impl Fn()) {
    loop {
        look();
        if stop.wait_timeout(interval) == Wait::Set {
            return;
        }
    }
}
// ANCHOR_END: solution

// ANCHOR: test
fn test(watch: impl FnOnce(&Event, Duration, Box<dyn Fn()>) + Send + 'static) {
    let (stop, looked) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let (stop_inside, looked_inside) = (stop.clone(), looked.clone());
    let look = move || _ = looked_inside.set();
    let hour = Duration::from_secs(3600);
    let watcher = threadproof::start("watcher", move || {
        watch(&stop_inside, hour, Box::new(look));
    });
    until(|| looked.is_set());
    stop.set();
    let watcher = watcher.expect("a thread can be started");
    if let Err(asleep) = watcher.join_timeout(Duration::from_secs(1)) {
        // Dropped, the handle would wait for the rest of the hour.
        drop(asleep.detach());
        panic!("it sleeps on");
    }
}
// ANCHOR_END: test

#[test]
fn the_starter_fails_and_the_solution_passes() {
    super::exercise("event", || test(starter), "it sleeps on", || test(solution));
}
