//! J1, J3, J4: the end of a thread is told once its outcome is there, and nothing of it is lost.

use std::time::Duration;

use super::coin;
use super::harness::{Bound, Seen, holds};
use super::recorder::Data;
use crate::{JoinError, Running, start};

/// A thread that writes, and then returns 7.
fn writer(data: &Data) -> Running<u32> {
    let data = data.clone();
    let body = move || {
        data.write(1);
        7
    };
    start("writer", body).expect("a model can start a thread")
}

/// J1, whether the thread has ended before or not.
#[test]
fn join_gives_the_value_and_all_that_the_thread_did() {
    let answers = Seen::new();
    let seen = answers.clone();
    holds(Bound::Exhaustive, move || {
        let data = Data::new();
        let running = writer(&data);
        seen.add(running.is_finished());
        assert_eq!(running.join(), Ok(7));
        assert_eq!(data.read(), 1);
    });
    answers.are_exactly([false, true]);
}

/// J1
#[test]
fn join_gives_the_panic() {
    let answers = Seen::new();
    let seen = answers.clone();
    holds(Bound::Exhaustive, move || {
        let running = start::<(), _>("unlucky", || panic!("no such file")).unwrap();
        seen.add(running.is_finished());
        let Err(JoinError::Panicked(panicked)) = running.join() else {
            panic!("the panic was lost")
        };
        assert_eq!(panicked.message(), "no such file");
    });
    answers.are_exactly([false, true]);
}

/// J3
#[test]
fn dropping_the_handle_waits_for_the_thread() {
    let answers = Seen::new();
    let seen = answers.clone();
    holds(Bound::Exhaustive, move || {
        let data = Data::new();
        let running = writer(&data);
        seen.add(running.is_finished());
        drop(running);
        assert_eq!(data.read(), 1);
    });
    answers.are_exactly([false, true]);
}

/// J4: either the outcome, with all that the thread did, or the handle, which still gives it.
#[test]
fn timed_join_gives_the_outcome_or_the_handle_back() {
    let ends = Seen::new();
    let seen = ends.clone();
    holds(Bound::Exhaustive, move || {
        let data = Data::new();
        // The coin wakes whoever waits for what was made before it.
        let running = writer(&data);
        let coin = coin::toss(1);
        let (end, outcome) = match running.join_timeout(Duration::from_secs(1)) {
            Ok(outcome) => ("outcome", outcome),
            Err(running) => ("handle", running.join()),
        };
        assert_eq!(outcome, Ok(7));
        assert_eq!(data.read(), 1);
        seen.add(end);
        coin.join().unwrap();
    });
    ends.are_exactly(["handle", "outcome"]);
}

/// J4: of a thread that is said to have finished the outcome is there.
#[test]
fn outcome_of_a_thread_that_has_finished_is_there() {
    let answers = Seen::new();
    let seen = answers.clone();
    holds(Bound::Exhaustive, move || {
        let data = Data::new();
        let running = writer(&data);
        let is_finished = running.is_finished();
        if is_finished {
            assert_eq!(data.read(), 1);
            assert_eq!(running.join_timeout(Duration::ZERO).unwrap(), Ok(7));
        } else {
            drop(running.detach());
        }
        seen.add(is_finished);
    });
    answers.are_exactly([false, true]);
}

/// Says when it is dropped.
struct Telling(Data);

impl Drop for Telling {
    fn drop(&mut self) {
        self.0.write(1);
    }
}

/// J3: whoever is told that a daemon has finished finds its value gone.
#[test]
fn value_of_a_daemon_is_dropped_before_its_end_is_told() {
    let answers = Seen::new();
    let seen = answers.clone();
    holds(Bound::Exhaustive, move || {
        let data = Data::new();
        let value = Telling(data.clone());
        let daemon = start("teller", move || value).unwrap().detach();
        let is_finished = daemon.is_finished();
        if is_finished {
            assert_eq!(data.read(), 1, "the value is still there");
        }
        seen.add(is_finished);
    });
    answers.are_exactly([false, true]);
}
