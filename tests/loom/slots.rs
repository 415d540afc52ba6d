//! D7: who waits for a slot, with loom's threads as downloads.

use std::mem::ManuallyDrop;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use super::harness::{Bound, holds};
use super::recorder::Data;
use crate::Event;
use crate::slots::Slots;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::thread;

/// Three threads, each with its number, take one of so many slots and do this while they hold it.
fn three_take(slots: usize, work: impl Fn(usize) + Clone + 'static) {
    let slots = Arc::new(Slots::new(NonZeroUsize::new(slots).unwrap()));
    let take = |number| {
        let (slots, work) = (slots.clone(), work.clone());
        move || {
            let slot = slots.take(number);
            work(number);
            drop(slot);
        }
    };
    let others = [2, 1].map(|number| thread::spawn(take(number)));
    take(0)();
    others.into_iter().for_each(|other| other.join().unwrap());
}

/// D7: what one of them wrote under the slot, the next one sees.
#[test]
fn one_slot_lets_in_one_after_the_other_and_in_their_order() {
    holds(Bound::Preemptions(3), || {
        // Std's: known to the test, no step of the model.
        let order = Arc::new(Mutex::new(Vec::new()));
        let (data, noted) = (Data::new(), order.clone());
        three_take(1, move |number| {
            data.write(1);
            noted.lock().unwrap().push(number);
        });
        assert_eq!(*order.lock().unwrap(), [0, 1, 2]);
    });
}

/// D7: nobody has to leave before the second one is let in, though a third one waits, too.
#[test]
fn second_of_two_slots_is_taken_while_the_first_is_held() {
    holds(Bound::Preemptions(3), || {
        let both = Arc::new((Slots::new(NonZeroUsize::new(2).unwrap()), Event::new()));
        let others = [2, 1].map(|number| {
            let both = both.clone();
            thread::spawn(move || {
                let slot = both.0.take(number);
                both.1.set();
                drop(slot);
            })
        });
        // A wait that never ends unwinds, and a drop that locks would then abort the process.
        let slot = ManuallyDrop::new(both.0.take(0));
        both.1.wait();
        drop(ManuallyDrop::into_inner(slot));
        others.into_iter().for_each(|other| other.join().unwrap());
    });
}

/// D7
#[test]
fn two_slots_let_in_two_at_a_time_and_in_the_end_all() {
    holds(Bound::Preemptions(3), || {
        let (inside, through) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let counts = Arc::new((inside, through));
        let theirs = counts.clone();
        three_take(2, move |_| {
            assert!(theirs.0.fetch_add(1, Ordering::Relaxed) < 2);
            let left = theirs
                .0
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| Some(n - 1));
            assert!(left.is_ok());
            theirs.1.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(counts.1.load(Ordering::Relaxed), 3);
    });
}
