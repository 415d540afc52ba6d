//! E2, E3, E4, E5, E6: nobody sleeps through a `set`, and everybody sees what came before it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::coin;
use super::harness::{Bound, Seen, holds};
use super::recorder::Data;
use crate::sync::thread;
use crate::{Event, Wait};

fn start_waiters<const N: usize>(event: &Arc<Event>) -> [thread::JoinHandle<()>; N] {
    [(); N].map(|()| {
        let event = event.clone();
        thread::spawn(move || event.wait())
    })
}

/// E4: the one moment that matters is the one between the look and the sleep.
#[test]
fn no_wake_up_is_lost_between_look_and_sleep() {
    holds(Bound::Exhaustive, || {
        let event = Arc::new(Event::new());
        let [waiter] = start_waiters(&event);
        assert!(event.set());
        waiter.join().unwrap();
        assert_eq!(event.n_waiting(), 0);
    });
}

/// E2: with one waiter, waking only one would pass.
#[test]
fn set_releases_every_waiter() {
    holds(Bound::Exhaustive, || {
        let event = Arc::new(Event::new());
        let waiters = start_waiters::<2>(&event);
        event.set();
        waiters
            .into_iter()
            .for_each(|waiter| waiter.join().unwrap());
        assert_eq!(event.n_waiting(), 0);
    });
}

/// E3: who is counted as waiting is released, although the event is clear again when it looks.
#[test]
fn pulse_releases_every_thread_that_already_waits() {
    let counts = Seen::new();
    let seen = counts.clone();
    holds(Bound::Exhaustive, move || {
        let event = Arc::new(Event::new());
        let waiters = start_waiters::<2>(&event);
        let waiting = event.n_waiting();
        event.set();
        if waiting == 2 {
            event.clear();
        }
        waiters
            .into_iter()
            .for_each(|waiter| waiter.join().unwrap());
        seen.add(waiting);
    });
    counts.are_exactly([0, 1, 2]);
}

/// E3: a pulse is over for who comes after it: only a later set ends that wait.
#[test]
fn pulse_releases_nobody_who_comes_after_it() {
    let answers = Seen::new();
    let seen = answers.clone();
    holds(Bound::Exhaustive, move || {
        let event = Arc::new(Event::new());
        let pulser = {
            let event = event.clone();
            thread::spawn(move || event.set())
        };
        let is_over = event.clear();
        if is_over {
            // Std's: known to the test, not a step of the model.
            let is_set_again = Arc::new(AtomicBool::new(false));
            let setter = {
                let (event, is_set_again) = (event.clone(), is_set_again.clone());
                thread::spawn(move || {
                    is_set_again.store(true, Ordering::Relaxed);
                    event.set();
                })
            };
            event.wait();
            assert!(is_set_again.load(Ordering::Relaxed), "the pulse was over");
            setter.join().unwrap();
        }
        pulser.join().unwrap();
        seen.add(is_over);
    });
    answers.are_exactly([false, true]);
}

/// E3: whoever has noted the generation learns of a pulse that was over before it waits.
#[test]
fn pulse_before_the_wait_ends_a_wait_since() {
    let waits = Seen::new();
    let seen = waits.clone();
    holds(Bound::Exhaustive, move || {
        let (event, data) = (Arc::new(Event::new()), Data::new());
        let before = event.generation();
        let watcher = {
            let (event, data, seen) = (event.clone(), data.clone(), seen.clone());
            thread::spawn(move || {
                seen.add(event.is_set());
                assert_eq!(event.wait_since(before, Duration::MAX), Wait::Set);
                assert_eq!(data.read(), 1);
            })
        };
        data.write(1);
        event.set();
        event.clear();
        watcher.join().unwrap();
        assert_eq!(event.n_waiting(), 0);
    });
    waits.are_exactly([false, true]);
}

/// E3 and E6: so does whoever only looks, and sees what came before the pulse.
#[test]
fn pulse_between_two_looks_is_seen_by_who_compares() {
    let answers = Seen::new();
    let seen = answers.clone();
    holds(Bound::Exhaustive, move || {
        let (event, data) = (Arc::new(Event::new()), Data::new());
        let before = event.generation();
        let pulser = {
            let (event, data) = (event.clone(), data.clone());
            thread::spawn(move || {
                data.write(1);
                event.set();
                event.clear();
            })
        };
        let watcher = {
            let (event, data, seen) = (event.clone(), data.clone(), seen.clone());
            thread::spawn(move || {
                let is_news = event.is_set_since(before);
                if is_news {
                    assert_eq!(data.read(), 1);
                }
                seen.add(is_news);
            })
        };
        pulser.join().unwrap();
        assert!(event.is_set_since(before), "the pulse was missed");
        watcher.join().unwrap();
    });
    answers.are_exactly([false, true]);
}

/// E1: the answer of `set` is about this call, so only one of two can have changed the event.
#[test]
fn of_two_setters_one_is_told_that_it_changed_the_event() {
    holds(Bound::Exhaustive, || {
        let event = Arc::new(Event::new());
        let other = {
            let event = event.clone();
            thread::spawn(move || event.set())
        };
        let changed = event.set();
        assert!(changed != other.join().unwrap());
    });
}

/// E6
#[test]
fn what_was_written_before_set_is_seen_after_wait() {
    holds(Bound::Exhaustive, || {
        let (event, data) = (Arc::new(Event::new()), Data::new());
        let reader = {
            let (event, data) = (event.clone(), data.clone());
            thread::spawn(move || {
                event.wait();
                assert_eq!(data.read(), 1);
            })
        };
        data.write(1);
        event.set();
        reader.join().unwrap();
    });
}

/// E6
#[test]
fn what_was_written_before_set_is_seen_after_is_set() {
    let answers = Seen::new();
    let seen = answers.clone();
    holds(Bound::Exhaustive, move || {
        let (event, data) = (Arc::new(Event::new()), Data::new());
        let writer = {
            let (event, data) = (event.clone(), data.clone());
            thread::spawn(move || {
                data.write(1);
                event.set();
            })
        };
        let is_set = event.is_set();
        if is_set {
            assert_eq!(data.read(), 1);
        }
        seen.add(is_set);
        writer.join().unwrap();
    });
    answers.are_exactly([false, true]);
}

/// E5: a timed wait ends either way, and says `Set` only if somebody had begun to set.
#[test]
fn timed_wait_ends_as_set_or_as_timed_out() {
    let outcomes = Seen::new();
    let seen = outcomes.clone();
    holds(Bound::Exhaustive, move || {
        let event = Arc::new(Event::new());
        let coin = coin::toss(1);
        // Std's: known to the test, not a step of the model.
        let was_set = Arc::new(AtomicBool::new(false));
        // The setter is the thread that is started: so the wait may be over before it begins.
        let setter = {
            let (event, was_set) = (event.clone(), was_set.clone());
            thread::spawn(move || {
                was_set.store(true, Ordering::Relaxed);
                event.set();
            })
        };
        let wait = event.wait_timeout(Duration::from_secs(1));
        let may_be_set = was_set.load(Ordering::Relaxed);
        assert!(wait == Wait::TimedOut || may_be_set, "nobody has set it");
        seen.add(format!("{wait:?}"));
        setter.join().unwrap();
        coin.join().unwrap();
        assert_eq!(event.n_waiting(), 0);
    });
    outcomes.are_exactly(["Set", "TimedOut"].map(String::from));
}

/// E5: who has seen the event says so, although the event is clear again before it returns.
#[test]
fn wait_that_saw_the_event_has_not_timed_out() {
    holds(Bound::Exhaustive, || {
        let event = Arc::new(Event::new());
        event.set();
        let waiter = {
            let event = event.clone();
            // Nobody tosses a coin, so this deadline never comes.
            thread::spawn(move || event.wait_timeout(Duration::from_secs(1)))
        };
        event.clear();
        event.set();
        assert_eq!(waiter.join().unwrap(), Wait::Set);
    });
}

/// E4: a condition variable may wake a thread for no reason; the event does not.
#[test]
fn spurious_wake_up_ends_no_wait() {
    holds(Bound::Exhaustive, || {
        let (event, data) = (Arc::new(Event::new()), Data::new());
        let coin = coin::toss(1);
        let waiter = {
            let (event, data) = (event.clone(), data.clone());
            thread::spawn(move || {
                event.wait();
                assert_eq!(data.read(), 1);
            })
        };
        data.write(1);
        // Not set again and again: the waiter that is counted must not need a second set.
        let waits_already = event.n_waiting() == 1;
        event.set();
        if waits_already {
            event.clear();
        }
        waiter.join().unwrap();
        coin.join().unwrap();
    });
}
