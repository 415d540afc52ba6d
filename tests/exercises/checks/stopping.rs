#[path = "../solutions/stopping.rs"]
mod solution;
#[path = "../starters/stopping.rs"]
mod starter;

use super::{PATIENCE, within_patience};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use threadproof::Event;

use super::Exercise;

pub(super) const EXERCISE: Exercise = Exercise {
    name: "stopping",
    task: "An event where a sleep was.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "it sleeps on",
};

/// Looks and looked: how often, and that it was done.
type Looks = Arc<(AtomicU32, Event)>;

/// Stops the watcher in its first interval. How often had it looked by then, and did it wait on the event?
fn stop_in_the_first_interval(stop: &Event, looks: &Looks) -> (u32, bool) {
    let (n_looks, looked) = &**looks;
    let _ = looked.wait_timeout(PATIENCE / 2);
    let begun = Instant::now();
    while stop.n_waiting() == 0 && begun.elapsed() < PATIENCE / 4 {
        thread::yield_now();
    }
    let waits = stop.n_waiting() > 0;
    // Who looks too often does so meanwhile; nobody else needs the time.
    thread::sleep(Duration::from_millis(50));
    // ORDERING: Relaxed. Only its own value counts.
    let n_looks = n_looks.load(Ordering::Relaxed);
    stop.set();
    (n_looks, waits)
}

fn check(watch: fn(&Event, Duration, &dyn Fn())) {
    let (stop, looks) = (Arc::new(Event::new()), Looks::default());
    let (stop_inside, looks_inside) = (stop.clone(), looks.clone());
    let stopper = thread::spawn(move || stop_in_the_first_interval(&stop, &looks));
    within_patience("it was stopped, and it sleeps on", move || {
        let look = || {
            // ORDERING: Relaxed. Only its own value counts.
            looks_inside.0.fetch_add(1, Ordering::Relaxed);
            looks_inside.1.set();
        };
        watch(&stop_inside, Duration::from_secs(3600), &look);
    });
    let (n_looks, waits) = stopper.join().expect("it only waits");
    assert!(
        n_looks > 0,
        "it is to look before it waits for the first time"
    );
    assert!(n_looks == 1, "it looks again before the interval is over");
    assert!(
        waits,
        "nobody waits on the event between two looks, and so `set` wakes nobody"
    );
    let (stop, looks) = (Event::new(), AtomicU32::new(0));
    let is_stopped = within_patience("it looks only once", move || {
        // ORDERING: Relaxed. Only one thread looks.
        let look = || {
            if looks.fetch_add(1, Ordering::Relaxed) == 2 {
                stop.set();
            }
        };
        watch(&stop, Duration::from_millis(1), &look);
        stop.is_set()
    });
    assert!(
        is_stopped,
        "an interval has passed, and it ends and does not look again"
    );
}

#[cfg(test)]
mod tests {
    use super::super::what_is_wrong;
    use super::{Duration, Event, Instant, check, thread};
    use threadproof::Wait;

    #[test]
    fn who_ends_after_the_first_interval_is_told_so() {
        fn ends_early(stop: &Event, interval: Duration, look: &dyn Fn()) {
            while !stop.is_set() {
                look();
                if stop.wait_timeout(interval) == Wait::TimedOut {
                    return;
                }
            }
        }
        let told = what_is_wrong(|| check(ends_early)).expect("it is wrong");
        assert!(told.contains("does not look again"), "{told}");
    }

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
    fn who_looks_too_often_is_told_so() {
        fn sleeps_a_little(stop: &Event, _: Duration, look: &dyn Fn()) {
            while !stop.is_set() {
                look();
                thread::sleep(Duration::from_millis(1));
            }
        }
        fn waits_a_little(stop: &Event, _: Duration, look: &dyn Fn()) {
            look();
            while stop.wait_timeout(Duration::from_millis(1)) == Wait::TimedOut {
                look();
            }
        }
        let told = [
            what_is_wrong(|| check(sleeps_a_little)),
            what_is_wrong(|| check(waits_a_little)),
        ];
        for told in told {
            let told = told.expect("it is wrong");
            assert!(told.contains("before the interval is over"), "{told}");
        }
    }

    #[test]
    fn who_sleeps_in_pieces_is_told_so() {
        fn sleeps_in_pieces(stop: &Event, interval: Duration, look: &dyn Fn()) {
            let piece = interval.min(Duration::from_millis(1));
            while !stop.is_set() {
                look();
                let begun = Instant::now();
                while !stop.is_set() && begun.elapsed() < interval {
                    thread::sleep(piece);
                }
            }
        }
        let told = what_is_wrong(|| check(sleeps_in_pieces)).expect("it is wrong");
        assert!(told.contains("nobody waits on the event"), "{told}");
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
