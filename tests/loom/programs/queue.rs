//! P3, P5, P6, P11 in every small program of the pool's queue alone: first in, first out, each entry claimed
//! or cancelled once, a report that adds up, rest that is rest.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::{Arc, Weak};

use super::{
    Before, Caller, Calls, ONCE, Program, Subject, Way, Ways, explore_all, run, set_of, table,
};
use crate::sync::thread_local;
use crate::thread_pool::PoolShutDown;
use crate::thread_pool::entry::{Queued, Worker};
use crate::thread_pool::queue::Queue;

/// The whole life of a worker is one call: there it claims, runs, and says how it ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Call {
    Work,
    Push,
    Close,
    Cancel,
    WaitIdle,
    Report,
}

use Call::*;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Answer {
    Done,
    IsClosed,
    /// Who pushed what the worker ran, one after the other.
    Ran(Vec<usize>),
    Cancelled(u8),
    Counts(Counts),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Counts {
    completed: u8,
    cancelled: u8,
    queued: u8,
    running: u8,
}

/// An entry that notes which call pushed it.
#[derive(Debug)]
struct Entry {
    pushed_by: usize,
    queue: Weak<Queue>,
}

thread_local! {
    static RAN: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

impl Queued for Entry {
    fn id(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn jobs(&self) -> usize {
        1
    }

    fn is_batch(&self) -> bool {
        false
    }

    fn has_more(&self) -> bool {
        false
    }

    fn run(&self, worker: &Worker<'_>) {
        RAN.with(|ran| ran.borrow_mut().push(self.pushed_by));
        worker.count(1, 0);
    }

    fn cancel(&self) -> u64 {
        let queue = self.queue.upgrade().expect("it is its queue that asks");
        queue.count_cancelled(1);
        1
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    entries: Vec<usize>,
    is_closed: bool,
    submitted: u8,
    cancelled: u8,
    done: u8,
    rests: u8,
    /// What each row has claimed, how much of it has ended, and whether it has come for the next one.
    ran: Vec<Vec<usize>>,
    ended: Vec<u8>,
    is_busy: Vec<bool>,
    /// Who has closed it.
    closed_by: Calls,
}

struct Queues;

impl Subject for Queues {
    type Call = Call;
    type Answer = Answer;
    type State = State;
    type Real = Arc<Queue>;

    const BEFORE: Before = Before::Schedule;

    fn real(program: &Program<Call>) -> Arc<Queue> {
        Queue::new(program.len())
    }

    fn perform(queue: &Arc<Queue>, mut calls: Range<usize>) {
        calls.all(|me| {
            run::make::<Self>(me, |call| match call {
                Work => {
                    let place = run::place_of::<Self>(me);
                    queue.begin(place);
                    queue.work(place, "worker");
                    Answer::Ran(RAN.with(RefCell::take))
                }
                Push => {
                    let entry = Entry {
                        pushed_by: me,
                        queue: Arc::downgrade(queue),
                    };
                    match queue.push(Arc::new(entry)) {
                        Ok(()) => Answer::Done,
                        Err(PoolShutDown) => Answer::IsClosed,
                    }
                }
                call => Self::call(queue, call),
            })
        });
    }

    fn call(queue: &Arc<Queue>, call: Call) -> Answer {
        match call {
            Close => queue.close(),
            WaitIdle => queue.wait_idle(),
            Cancel => return Answer::Cancelled(queue.cancel() as u8),
            _ => {
                let report = queue.report();
                return Answer::Counts(Counts {
                    completed: report.completed as u8,
                    cancelled: report.cancelled as u8,
                    queued: report.queued as u8,
                    running: report.running as u8,
                });
            }
        }
        Answer::Done
    }

    fn start(program: &Program<Call>) -> State {
        State {
            entries: Vec::new(),
            is_closed: false,
            submitted: 0,
            cancelled: 0,
            done: 0,
            rests: 0,
            ran: vec![Vec::new(); program.len()],
            ended: vec![0; program.len()],
            is_busy: vec![false; program.len()],
            closed_by: 0,
        }
    }

    fn ways(state: &State, caller: Caller, call: Call, at: u8) -> Ways<Self> {
        let mut next = state.clone();
        vec![match call {
            Push if state.is_closed => Way::answers(next, Answer::IsClosed),
            Push => {
                next.entries.push(caller.me);
                next.submitted += 1;
                Way::answers(next, Answer::Done)
            }
            Close => {
                next.is_closed = true;
                next.closed_by |= 1 << caller.me;
                Way::answers(next, Answer::Done)
            }
            Work => return state.works(caller.row, at).into_iter().collect(),
            // First everything is taken out, then one after the other is counted: `at - 1` has in its
            // sixteens how many there were, and in the rest how many are left.
            Cancel if at == 0 => {
                let all = next.entries.len() as u8;
                next.entries.clear();
                Way::goes_on(next, 1 + 16 * all + all)
            }
            Cancel if (at - 1).is_multiple_of(16) => Way::answers(next, Answer::Cancelled(at / 16)),
            Cancel => {
                next.cancelled += 1;
                Way::goes_on(next.with_rest(), at - 1)
            }
            WaitIdle if at == 0 => Way::goes_on(next, 1 + state.rests),
            WaitIdle if state.is_at_rest() || state.rests + 1 != at => {
                Way::answers(next, Answer::Done)
            }
            WaitIdle => return Vec::new(),
            Report => state.reports(at),
        }]
    }

    fn changes(call: Call) -> bool {
        !matches!(call, WaitIdle | Report)
    }

    fn looks(call: Call) -> bool {
        !matches!(call, Close)
    }

    /// A worker does nothing else.
    fn makes_sense(row: &[Call]) -> bool {
        !row.contains(&Work) || row.len() == 1
    }
}

impl State {
    fn is_at_rest(&self) -> bool {
        self.submitted == self.cancelled + self.done
    }

    fn with_rest(mut self) -> Self {
        self.rests += u8::from(self.is_at_rest());
        self
    }

    /// It has come for the next entry (1), or has claimed one (2).
    fn works(&self, row: usize, at: u8) -> Option<Way<Self, Answer>> {
        let mut next = self.clone();
        Some(match at {
            0 => {
                next.done += u8::from(self.is_busy[row]);
                next.is_busy[row] = false;
                Way::goes_on(next.with_rest(), 1)
            }
            1 if !self.entries.is_empty() => {
                next.ran[row].push(next.entries.remove(0));
                next.is_busy[row] = true;
                Way::goes_on(next, 2)
            }
            1 if self.is_closed => {
                let ran = self.ran[row].clone();
                let sees = self.closed_by | set_of(ran.iter().copied());
                Way::answers(next, Answer::Ran(ran)).seeing(sees)
            }
            1 => return None,
            _ => {
                next.ended[row] += 1;
                Way::goes_on(next, 0)
            }
        })
    }

    /// First it looks at one worker after the other, then at the queue.
    fn reports(&self, at: u8) -> Way<Self, Answer> {
        let (row, completed) = (usize::from(at / 16), at % 16);
        let next = self.clone();
        if let Some(ended) = self.ended.get(row) {
            return Way::goes_on(next, at + 16 + ended);
        }
        let left = self.submitted - self.cancelled - completed;
        let busy = self.is_busy.iter().filter(|is_busy| **is_busy).count();
        let running = left.min(busy as u8);
        let counts = Counts {
            completed,
            cancelled: self.cancelled,
            queued: left - running,
            running,
        };
        Way::answers(next, Answer::Counts(counts))
    }
}

/// P3, P5, P6, P11
#[test]
fn every_program() {
    let calls = [Work, Push, Close, Cancel, WaitIdle, Report];
    let of = |size: &[usize]| {
        let name = "Queue: work, push, close, cancel, wait_idle, report";
        table::<Queues>(name, &calls, size, ONCE)
    };
    let sizes: [&[usize]; 5] = [&[2, 1], &[2, 2], &[3, 1], &[1, 1, 1], &[2, 1, 1]];
    explore_all::<Queues>(sizes.map(of));
}
