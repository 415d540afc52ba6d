//! S1: never more than n permits are out, the first to ask is served first, and none is lost.

use std::mem::ManuallyDrop;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::coin;
use super::harness::{Bound, Seen, holds};
use super::recorder::Data;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::thread;
use crate::{Event, Permit, Semaphore};

fn permits(number: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(NonZeroUsize::new(number).unwrap()))
}

/// Who was served, in that order; std's, so that it is no step of the model.
#[derive(Clone, Default)]
struct Served(Arc<Mutex<Vec<&'static str>>>);

impl Served {
    fn add(&self, who: &'static str) {
        self.0.lock().unwrap().push(who);
    }

    fn so_far(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().clone()
    }
}

/// Starts a thread that waits for a permit, and says when it has been served.
fn waits(semaphore: &Arc<Semaphore>, served: &Served, who: &'static str) -> thread::JoinHandle<()> {
    let (semaphore, served) = (semaphore.clone(), served.clone());
    thread::spawn(move || {
        let permit = semaphore.acquire();
        served.add(who);
        drop(permit);
    })
}

/// A wait that never ends unwinds, and a drop that locks would then abort the process.
fn held(semaphore: &Semaphore) -> ManuallyDrop<Permit<'_>> {
    ManuallyDrop::new(semaphore.acquire())
}

fn give_back(permit: ManuallyDrop<Permit<'_>>) {
    drop(ManuallyDrop::into_inner(permit));
}

/// S1
#[test]
fn never_more_than_two_permits_of_two_are_out() {
    holds(Bound::Preemptions(3), || {
        let (two, inside) = (permits(2), Arc::new(AtomicUsize::new(0)));
        let work = || {
            let (two, inside) = (two.clone(), inside.clone());
            move || {
                let permit = two.acquire();
                let before = inside.fetch_add(1, Ordering::Relaxed);
                inside.fetch_add(usize::MAX, Ordering::Relaxed);
                drop(permit);
                assert!(before < 2, "the third one is inside");
            }
        };
        let others = [(); 2].map(|()| thread::spawn(work()));
        work()();
        others.into_iter().for_each(|other| other.join().unwrap());
    });
}

/// S1: nobody has to give a permit back before the second one is served.
#[test]
fn second_permit_of_two_is_taken_while_the_first_is_out() {
    holds(Bound::Preemptions(3), || {
        let (two, both) = (permits(2), Arc::new(Event::new()));
        let others = [(); 2].map(|()| {
            let (two, both) = (two.clone(), both.clone());
            thread::spawn(move || {
                let permit = two.acquire();
                both.set();
                drop(permit);
            })
        });
        let permit = held(&two);
        both.wait();
        give_back(permit);
        others.into_iter().for_each(|other| other.join().unwrap());
    });
}

/// S1
#[test]
fn what_one_holder_wrote_the_next_one_sees() {
    holds(Bound::Exhaustive, || {
        let (one, data) = (permits(1), Data::new());
        let add = || {
            let (one, data) = (one.clone(), data.clone());
            move || {
                let permit = one.acquire();
                let added = catch_unwind(AssertUnwindSafe(|| data.write(data.read() + 1)));
                drop(permit);
                added.unwrap_or_else(|race| resume_unwind(race));
            }
        };
        let other = thread::spawn(add());
        add()();
        other.join().unwrap();
        assert_eq!(data.read(), 2);
    });
}

/// S1: a waiter that was counted comes before the thread that held the permit and asks again.
#[test]
fn holder_that_gives_back_and_asks_again_is_served_after_the_waiter() {
    let counts = Seen::new();
    let seen = counts.clone();
    holds(Bound::Exhaustive, move || {
        let (one, served) = (permits(1), Served::default());
        let permit = held(&one);
        let waiter = waits(&one, &served, "waiter");
        let waiting = one.n_waiting();
        give_back(permit);
        let permit = held(&one);
        served.add("main");
        give_back(permit);
        waiter.join().unwrap();
        if waiting == 1 {
            assert_eq!(served.so_far(), ["waiter", "main"]);
        }
        seen.add(waiting);
    });
    counts.are_exactly([0, 1]);
}

/// S1: a look for a free permit overtakes nobody either.
#[test]
fn permit_that_somebody_waits_for_is_never_free() {
    let answers = Seen::new();
    let seen = answers.clone();
    holds(Bound::Exhaustive, move || {
        let (one, served) = (permits(1), Served::default());
        let permit = held(&one);
        let waiter = waits(&one, &served, "waiter");
        let waiting = one.n_waiting();
        give_back(permit);
        let permit = one.try_acquire().map(ManuallyDrop::new);
        let (is_free, before) = (permit.is_some(), served.so_far().len());
        permit.into_iter().for_each(give_back);
        waiter.join().unwrap();
        assert!(waiting == 0 || !is_free || before == 1, "it was overtaken");
        seen.add((waiting, is_free));
    });
    answers.are_exactly([(0, false), (0, true), (1, false), (1, true)]);
}

/// S1
#[test]
fn waiters_are_served_in_the_order_in_which_they_asked() {
    let counts = Seen::new();
    let seen = counts.clone();
    holds(Bound::Exhaustive, move || {
        let (one, served) = (permits(1), Served::default());
        let permit = held(&one);
        let first = waits(&one, &served, "first");
        // The second asks only if the first was seen in line.
        let second = (one.n_waiting() == 1).then(|| waits(&one, &served, "second"));
        let waiting = one.n_waiting();
        give_back(permit);
        first.join().unwrap();
        if let Some(second) = second {
            second.join().unwrap();
            assert_eq!(served.so_far(), ["first", "second"]);
        }
        seen.add(waiting);
    });
    counts.are_exactly([0, 1, 2]);
}

/// S1: a wait ends either way, and the permit is there for the next one.
#[test]
fn wait_that_timed_out_has_left_the_line_and_costs_no_permit() {
    let outcomes = Seen::new();
    let seen = outcomes.clone();
    holds(Bound::Exhaustive, move || {
        let one = permits(1);
        let permit = held(&one);
        let coin = coin::toss(1);
        let waiter = {
            let one = one.clone();
            thread::spawn(move || one.acquire_timeout(Duration::from_secs(1)).is_some())
        };
        give_back(permit);
        let was_served = waiter.join().unwrap();
        coin.join().unwrap();
        assert_eq!(one.n_waiting(), 0);
        assert!(one.try_acquire().is_some(), "the permit is lost");
        seen.add(was_served);
    });
    outcomes.are_exactly([false, true]);
}

/// S1: it is served all the same.
#[test]
fn waiter_behind_one_that_timed_out_is_served() {
    let outcomes = Seen::new();
    let seen = outcomes.clone();
    holds(Bound::Preemptions(3), move || {
        let (one, served) = (permits(1), Served::default());
        let permit = held(&one);
        let coin = coin::toss(1);
        let impatient = {
            let one = one.clone();
            thread::spawn(move || one.acquire_timeout(Duration::from_secs(1)).is_some())
        };
        let patient = waits(&one, &served, "patient");
        give_back(permit);
        let was_served = impatient.join().unwrap();
        patient.join().unwrap();
        coin.join().unwrap();
        assert_eq!(served.so_far(), ["patient"]);
        seen.add(was_served);
    });
    outcomes.are_exactly([false, true]);
}

/// S1: a condition variable may wake a thread for no reason; that is no permit.
#[test]
fn spurious_wake_up_lets_nobody_in() {
    holds(Bound::Exhaustive, || {
        let (one, data) = (permits(1), Data::new());
        let permit = held(&one);
        let coin = coin::toss(1);
        let waiter = {
            let (one, data) = (one.clone(), data.clone());
            thread::spawn(move || {
                let permit = held(&one);
                assert_eq!(data.read(), 1);
                give_back(permit);
            })
        };
        data.write(1);
        give_back(permit);
        waiter.join().unwrap();
        coin.join().unwrap();
    });
}

/// S1
#[test]
fn permit_of_a_holder_that_panics_goes_to_the_waiter() {
    holds(Bound::Exhaustive, || {
        let (one, served) = (permits(1), Served::default());
        let holder = {
            let one = one.clone();
            thread::spawn(move || {
                let panics = || {
                    let _permit = one.acquire();
                    resume_unwind(Box::new("unlucky"))
                };
                catch_unwind(AssertUnwindSafe(panics)).is_err()
            })
        };
        let waiter = waits(&one, &served, "waiter");
        assert!(holder.join().unwrap());
        waiter.join().unwrap();
        assert_eq!(served.so_far(), ["waiter"]);
    });
}
