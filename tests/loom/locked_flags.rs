//! K3, K4, K5, K7: check and step are one, so a stop that has returned is final.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::harness::{Bound, Seen, holds};
use super::recorder::Data;
use crate::LockedFlags;
use crate::sync::thread;

/// What the test knows beside the model; std's, so that looking at it is no step of the model.
///
/// It remembers the offence and accuses later: a panic inside a step would unwind through locks.
#[derive(Clone)]
struct Stopped(Arc<[AtomicBool; 2]>);

impl Stopped {
    fn not_yet() -> Self {
        Self(Arc::default())
    }

    /// The stop has returned.
    fn now(&self) {
        self.0[0].store(true, Ordering::Relaxed);
    }

    /// A step begins.
    fn step(&self) {
        self.0[1].fetch_or(self.0[0].load(Ordering::Relaxed), Ordering::Relaxed);
    }

    fn is_final(&self) -> bool {
        !self.0[1].load(Ordering::Relaxed)
    }
}

/// K3
#[test]
fn no_step_begins_after_stop_returned() {
    let counts = Seen::new();
    let seen = counts.clone();
    holds(Bound::Exhaustive, move || {
        let (flags, stopped) = (Arc::new(LockedFlags::new()), Stopped::not_yet());
        let worker = flags.register("a").unwrap();
        let stopper = {
            let (flags, stopped) = (flags.clone(), stopped.clone());
            thread::spawn(move || {
                let answer = flags.stop("a");
                stopped.now();
                answer
            })
        };
        let step = || worker.step(|| stopped.step());
        let steps = (0..2).filter_map(|_| step()).count();
        let answer = stopper.join().unwrap();
        let one_more = step();
        drop(worker);
        assert!(stopped.is_final(), "a step began after the stop");
        assert_eq!((answer, one_more), (Ok(true), None));
        seen.add(steps);
    });
    counts.are_exactly([0, 1, 2]);
}

/// K3: a stop that comes during a step returns after it, and sees all that it did.
#[test]
fn step_and_stop_exclude_each_other() {
    let reads = Seen::new();
    let seen = reads.clone();
    holds(Bound::Exhaustive, move || {
        let (flags, data) = (Arc::new(LockedFlags::new()), Data::new());
        let worker = flags.register("a").unwrap();
        let stopper = {
            let (flags, data) = (flags.clone(), data.clone());
            thread::spawn(move || {
                // Unknown once the worker has gone.
                let _ = flags.stop("a");
                data.read()
            })
        };
        let step = || {
            data.write(1);
            // Here the stopper may run, if nothing holds it back.
            thread::yield_now();
            data.write(2);
        };
        // Caught, so that the worker is not dropped by a panic: its drop takes the lock.
        let stepped = catch_unwind(AssertUnwindSafe(|| worker.step(step)));
        drop(worker);
        seen.add(stopper.join().unwrap());
        stepped.unwrap_or_else(|race| resume_unwind(race));
    });
    reads.are_exactly([0, 2]);
}

/// K3: steps of two workers exclude each other, too.
#[test]
fn steps_of_two_workers_exclude_each_other() {
    holds(Bound::Preemptions(3), || {
        let (flags, data) = (Arc::new(LockedFlags::new()), Data::new());
        let other = {
            let (flags, data) = (flags.clone(), data.clone());
            thread::spawn(move || {
                let worker = flags.register("b").unwrap();
                worker.step(|| data.write(data.read() + 1)).unwrap();
            })
        };
        let worker = flags.register("a").unwrap();
        worker.step(|| data.write(data.read() + 1)).unwrap();
        other.join().unwrap();
        assert_eq!(data.read(), 2);
    });
}

/// K4: one worker is there before, one comes at any moment; no step begins after the return.
#[test]
fn stop_all_stops_who_registers_before_during_and_after() {
    let answers = Seen::new();
    let seen = answers.clone();
    holds(Bound::Preemptions(3), move || {
        let (flags, stopped) = (Arc::new(LockedFlags::new()), Stopped::not_yet());
        let early = flags.register("early").unwrap();
        let late = {
            let (flags, stopped) = (flags.clone(), stopped.clone());
            thread::spawn(move || {
                let late = flags.register("late").unwrap();
                late.step(|| stopped.step()).is_some()
            })
        };
        flags.stop_all();
        stopped.now();
        let early_stepped = early.step(|| ()).is_some();
        drop(early);
        let late_stepped = late.join().unwrap();
        assert!(stopped.is_final(), "a step began after stop_all");
        assert!(!early_stepped);
        assert!(flags.is_empty(), "both have taken their keys along");
        seen.add(late_stepped);
    });
    answers.are_exactly([false, true]);
}

/// The answer of `stop` is about this call, and an ended worker is unknown: never both, never none.
#[test]
fn of_two_stoppers_one_is_told_that_it_stopped_the_worker() {
    let answers = Seen::new();
    let seen = answers.clone();
    holds(Bound::Exhaustive, move || {
        let flags = Arc::new(LockedFlags::new());
        let worker = flags.register("a").unwrap();
        let other = {
            let flags = flags.clone();
            thread::spawn(move || flags.stop("a").ok())
        };
        let mine = flags.stop("a").ok();
        drop(worker);
        let other = other.join().unwrap();
        assert!(mine != other);
        seen.add((mine, other));
    });
    answers.are_exactly([
        (Some(true), Some(false)),
        (Some(false), Some(true)),
        (Some(true), None),
    ]);
}

/// K5: a key has one worker at a time, and whoever is told that it has the key keeps it.
#[test]
fn of_two_workers_with_one_key_one_is_refused_while_the_other_is_there() {
    let answers = Seen::new();
    let seen = answers.clone();
    holds(Bound::Exhaustive, move || {
        let flags = Arc::new(LockedFlags::new());
        let passer_by = {
            let flags = flags.clone();
            thread::spawn(move || flags.register("a").is_ok())
        };
        let mine = flags.register("a");
        let passer_by = passer_by.join().unwrap();
        assert_eq!(flags.len(), usize::from(mine.is_ok()));
        seen.add((mine.is_ok(), passer_by));
    });
    answers.are_exactly([(true, false), (true, true), (false, true)]);
}

/// K7: a stop that is seen to wait while a step runs is served before the worker's next step.
#[test]
fn stop_that_waits_for_a_step_is_served_before_the_next_one() {
    let counts = Seen::new();
    let seen = counts.clone();
    holds(Bound::Exhaustive, move || {
        let flags = Arc::new(LockedFlags::new());
        let worker = flags.register("a").unwrap();
        let stopper = {
            let flags = flags.clone();
            thread::spawn(move || flags.stop("a"))
        };
        let waiting = worker.step(|| flags.n_waiting());
        let next = worker.step(|| ());
        assert_eq!(stopper.join().unwrap(), Ok(true));
        drop(worker);
        if waiting == Some(1) {
            assert_eq!(
                next, None,
                "the worker was there first, and overtook the stop"
            );
        }
        seen.add((waiting, next));
    });
    counts.are_exactly([
        (None, None),
        (Some(0), None),
        (Some(0), Some(())),
        (Some(1), None),
    ]);
}

/// K5: a step has the turn that a drop of another registration needs, and waits for nobody.
#[test]
fn registration_dropped_inside_a_step_frees_its_key() {
    let answers = Seen::new();
    let seen = answers.clone();
    holds(Bound::Exhaustive, move || {
        let flags = Arc::new(LockedFlags::new());
        let [a, b] = ["a", "b"].map(|key| flags.register(key).unwrap());
        let other = {
            let flags = flags.clone();
            thread::spawn(move || flags.register("b").is_ok())
        };
        a.step(move || drop(b)).unwrap();
        let is_registered = other.join().unwrap();
        drop(a);
        assert!(flags.is_empty());
        seen.add(is_registered);
    });
    answers.are_exactly([false, true]);
}
