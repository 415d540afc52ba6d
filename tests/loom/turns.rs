//! X14: whoever waits, drives; what is said is heard, and a job that nobody waits for runs.
//!
//! The workers are a list: what is sent has ended at the next look, but for one slow job, which ends
//! once another one has. A look at nothing waits for a nudge.

use super::harness::{Bound, holds};
use crate::Event;
use crate::sync::thread;
use crate::sync::{Arc, Condvar, Deadline, Mutex};
use crate::turns::{Crew, Nudge, Then, Turns, Wheel};

const SLOW: u64 = 9;

#[derive(Default)]
struct Jobs {
    inbox: Vec<u64>,
    ended: Vec<u64>,
    unended: usize,
    woken: Vec<u64>,
    is_closed: bool,
}

impl Jobs {
    fn submit(&mut self, job: u64) {
        self.inbox.push(job);
        self.unended += 1;
    }

    fn take(&mut self, job: u64) -> Option<()> {
        let place = self.ended.iter().position(|ended| *ended == job)?;
        self.ended.remove(place);
        Some(())
    }
}

impl Crew for Jobs {
    type Wheel = List;

    fn feed(&mut self, list: &mut List) {
        self.unended -= list.done.len();
        self.woken.extend(&list.done);
        self.ended.append(&mut list.done);
        list.sent.append(&mut self.inbox);
    }

    fn take_woken(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.woken)
    }

    fn is_busy(&self) -> bool {
        self.unended > 0
    }

    fn has_ended(&self) -> bool {
        self.is_closed && self.unended == 0
    }
}

struct List {
    sent: Vec<u64>,
    done: Vec<u64>,
    others: usize,
    nudged: Arc<Bell>,
    /// Set once a job that is not slow has ended.
    has_run: Arc<Event>,
}

impl Wheel for List {
    type Nudge = Arc<Bell>;

    fn look(&mut self, _: &Deadline) {
        let others = self.others;
        let ready = self.sent.iter().position(|job| *job != SLOW || others > 0);
        let Some(place) = ready else {
            return self.nudged.wait();
        };
        let job = self.sent.remove(place);
        self.done.push(job);
        if job != SLOW {
            self.others += 1;
            self.has_run.set();
        }
    }

    fn glance(&mut self) {}
}

#[derive(Default)]
struct Bell {
    has_rung: Mutex<bool>,
    changed: Condvar,
}

impl Bell {
    fn wait(&self) {
        let mut has_rung = self.has_rung.lock();
        while !*has_rung {
            has_rung = self.changed.wait(has_rung);
        }
        *has_rung = false;
    }
}

impl Nudge for Arc<Bell> {
    fn nudge(&self) {
        *self.has_rung.lock() = true;
        self.changed.notify_one();
    }
}

/// The turns, their background thread, and the event of the first job that is not slow.
fn turns() -> (Arc<Turns<Jobs>>, thread::JoinHandle<()>, Arc<Event>) {
    let (bell, has_run) = (Arc::new(Bell::default()), Arc::new(Event::new()));
    let list = List {
        sent: Vec::new(),
        done: Vec::new(),
        others: 0,
        nudged: bell.clone(),
        has_run: has_run.clone(),
    };
    let turns = Arc::new(Turns::new(Jobs::default(), list, bell));
    let background = {
        let turns = turns.clone();
        thread::spawn(move || turns.drive_in_the_background())
    };
    (turns, background, has_run)
}

fn end(turns: &Turns<Jobs>, background: thread::JoinHandle<()>) {
    turns.tell(|jobs| jobs.is_closed = true);
    background.join().unwrap();
}

/// X14
#[test]
fn a_job_that_nobody_waits_for_runs() {
    holds(Bound::Exhaustive, || {
        let (turns, background, has_run) = turns();
        turns.tell(|jobs| jobs.submit(1));
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
                turns.ask(|jobs| jobs.submit(SLOW), SLOW, |jobs| jobs.take(SLOW));
                turns.leave(|_| {});
            })
        };
        turns.ask(|jobs| jobs.submit(1), 1, |jobs| jobs.take(1));
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
        turns.tell(|jobs| jobs.submit(SLOW));
        turns.ask(|jobs| jobs.submit(1), 1, |jobs| jobs.take(1));
        turns.leave(|_| {});
        turns.wait(SLOW, &Deadline::never(), Then::Leaves, |jobs| {
            jobs.take(SLOW)
        });
        end(&turns, background);
    });
}
