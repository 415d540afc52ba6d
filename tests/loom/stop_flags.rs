//! K2: no lock, and still everything written before the stop is seen after it.

use std::sync::Arc;

use super::harness::{Bound, Seen, holds};
use super::recorder::Data;
use crate::StopFlags;
use crate::sync::thread;

type Flags = StopFlags<&'static str>;

/// One thread writes data and stops, the other looks once; says whether it saw the stop.
fn write_and_stop(stop: fn(&Flags)) -> bool {
    let (flags, data) = (Arc::new(StopFlags::new(["a", "b"])), Data::new());
    let stopper = {
        let (flags, data) = (flags.clone(), data.clone());
        thread::spawn(move || {
            data.write(1);
            stop(&flags);
        })
    };
    let is_stopped = flags.is_stopped("b").unwrap();
    if is_stopped {
        assert_eq!(data.read(), 1);
    }
    stopper.join().unwrap();
    assert_eq!(flags.is_stopped("b"), Ok(true));
    is_stopped
}

/// K2
#[test]
fn what_was_written_before_stop_is_seen_with_the_flag() {
    let answers = Seen::new();
    let seen = answers.clone();
    holds(Bound::Exhaustive, move || {
        seen.add(write_and_stop(|flags| {
            assert_eq!(flags.stop("b"), Ok(true))
        }));
    });
    answers.are_exactly([false, true]);
}

/// K2
#[test]
fn what_was_written_before_stop_all_is_seen_with_the_flag() {
    let answers = Seen::new();
    let seen = answers.clone();
    holds(Bound::Exhaustive, move || {
        seen.add(write_and_stop(StopFlags::stop_all));
    });
    answers.are_exactly([false, true]);
}

/// K2
#[test]
fn of_two_stoppers_one_is_told_that_it_stopped_the_worker() {
    holds(Bound::Exhaustive, || {
        let flags = Arc::new(StopFlags::new(["a"]));
        let other = {
            let flags = flags.clone();
            thread::spawn(move || flags.stop("a").unwrap())
        };
        let stopped = flags.stop("a").unwrap();
        assert!(stopped != other.join().unwrap());
    });
}
