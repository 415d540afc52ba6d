#[path = "../solutions/stopping.rs"]
mod solution;
#[path = "../starters/stopping.rs"]
mod starter;

use super::{PATIENCE, within_patience};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use threadproof::{Event, Wait};

use super::Exercise;

pub(super) const EXERCISE: Exercise = Exercise {
    name: "stopping",
    task: "An event where a sleep was.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "it sleeps on",
};

fn check(watch: fn(&Event, Duration, &dyn Fn())) {
    let (stop, looked) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let (stop_inside, looked_inside) = (stop.clone(), looked.clone());
    let stopper = std::thread::spawn(move || {
        let first_look = looked.wait_timeout(PATIENCE / 2);
        stop.set();
        first_look
    });
    within_patience("it was stopped, and it sleeps on", move || {
        let hour = Duration::from_secs(3600);
        watch(&stop_inside, hour, &|| _ = looked_inside.set());
    });
    assert_eq!(
        stopper.join().expect("it only waits"),
        Wait::Set,
        "it is to look before it waits for the first time"
    );
    let (stop, looks) = (Event::new(), AtomicU32::new(0));
    within_patience("it looks only once", move || {
        // ORDERING: Relaxed. Only one thread looks.
        let look = || {
            if looks.fetch_add(1, Ordering::Relaxed) == 2 {
                stop.set();
            }
        };
        watch(&stop, Duration::from_millis(1), &look);
    });
}

#[cfg(test)]
mod tests {
    use super::super::what_is_wrong;
    use super::{Duration, Event, Wait, check};

    #[test]
    fn who_waits_before_the_first_look_is_told_so() {
        fn waits_first(stop: &Event, interval: Duration, look: &dyn Fn()) {
            while stop.wait_timeout(interval) == Wait::TimedOut {
                look();
            }
        }
        let told = what_is_wrong(|| check(waits_first)).expect("it is wrong");
        assert!(
            told.contains("look before it waits for the first time"),
            "{told}"
        );
    }

    #[test]
    fn who_looks_once_is_told_so() {
        fn looks_once(stop: &Event, _: Duration, look: &dyn Fn()) {
            look();
            stop.wait();
        }
        let told = what_is_wrong(|| check(looks_once)).expect("it is wrong");
        assert!(told.contains("it looks only once"), "{told}");
    }
}
