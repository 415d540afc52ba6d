//! X14: whoever waits, drives; what is said is heard, and a job that nobody waits for runs.

use super::crew::{self, Jobs, SLOW};
use super::harness::{Bound, holds};
use crate::Event;
use crate::sync::{Arc, Deadline, thread};
use crate::turns::{Then, Turns};

/// The turns, their background thread, and the event of the first job that is not slow.
fn turns() -> (Arc<Turns<Jobs>>, thread::JoinHandle<()>, Arc<Event>) {
    let has_run = Arc::new(Event::new());
    let turns = crew::turns({
        let has_run = has_run.clone();
        move |job| {
            if job != SLOW {
                has_run.set();
            }
        }
    });
    let background = {
        let turns = turns.clone();
        thread::spawn(move || turns.drive_in_the_background())
    };
    (turns, background, has_run)
}

fn submit(job: u64) -> impl FnOnce(&mut Jobs) {
    move |jobs| assert!(jobs.submit(job), "it is open")
}

fn end(turns: &Turns<Jobs>, background: thread::JoinHandle<()>) {
    turns.tell(Jobs::close);
    background.join().unwrap();
}

/// X14
#[test]
fn a_job_that_nobody_waits_for_runs() {
    holds(Bound::Exhaustive, || {
        let (turns, background, has_run) = turns();
        turns.tell(submit(1));
        has_run.wait();
        end(&turns, background);
    });
}

/// X14
#[test]
fn what_is_said_while_the_leader_looks_is_heard() {
    holds(Bound::Preemptions(2), || {
        let (turns, background, _) = turns();
        let other = {
            let turns = turns.clone();
            thread::spawn(move || {
                turns.ask(submit(SLOW), SLOW, |jobs| jobs.take(SLOW));
                turns.leave(|_| {});
            })
        };
        turns.ask(submit(1), 1, |jobs| jobs.take(1));
        turns.leave(|_| {});
        other.join().unwrap();
        end(&turns, background);
    });
}

/// X14
#[test]
fn the_background_hands_the_wheel_to_whoever_waits() {
    holds(Bound::Preemptions(2), || {
        let (turns, background, _) = turns();
        turns.tell(submit(SLOW));
        turns.ask(submit(1), 1, |jobs| jobs.take(1));
        turns.leave(|_| {});
        turns.wait(SLOW, &Deadline::never(), Then::Leaves, |jobs| {
            jobs.take(SLOW)
        });
        end(&turns, background);
    });
}
