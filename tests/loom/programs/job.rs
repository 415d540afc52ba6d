//! P3, P5 in every small program of one job alone: it runs or is cancelled, never both; whoever joins hears of
//! it, and sees what its body did.

use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::event::has_time_passed;
use super::{Before, Caller, Calls, ONCE, Program, Subject, Way, Ways, explore_all, run, table};
use crate::loom_models::coin;
use crate::sync::{Mutex, thread_local};
use crate::thread_pool::entry::{Queued, Worker};
use crate::thread_pool::queue::Queue;
use crate::thread_pool::{Canceller, JobCell};
use crate::{Job, JobError};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Call {
    /// A worker that has taken the job out of the queue.
    Run,
    Join,
    /// `join_timeout`: for a second, and for no time.
    JoinTimeout,
    Poll,
    Cancel,
    IsFinished,
    TimePasses,
}

use Call::*;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Answer {
    /// Whether this call ran the body.
    Ran(bool),
    /// Of the body that this call ran.
    Output(usize),
    Cancelled,
    Back,
    /// It came back, and no time had passed.
    TooEarly,
    /// Somebody else has the handle, or had it.
    NoHandle,
    Is(bool),
    Done,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Phase {
    Queued,
    /// By this call.
    Running(usize),
    Done(usize),
    Cancelled,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    phase: Phase,
    has_handle: bool,
}

struct Jobs;

struct Real {
    entry: Arc<dyn Queued>,
    /// Who joins takes it, and puts it back if the job is not over.
    handle: Mutex<Option<Job<usize>>>,
    canceller: Canceller,
}

thread_local! {
    /// The call that runs the body, if this thread does.
    static RUNS: Cell<Option<usize>> = const { Cell::new(None) };
}

impl Subject for Jobs {
    type Call = Call;
    type Answer = Answer;
    type State = State;
    type Real = Arc<Real>;

    const BEFORE: Before = Before::Schedule;

    fn real(program: &Program<Call>) -> Arc<Real> {
        if program.iter().flatten().any(|call| *call == TimePasses) {
            coin::lay_out();
        }
        let queue = Queue::new(1);
        let body = || {
            let me = RUNS.with(Cell::get).expect("only a worker runs it");
            run::write::<Self>(me);
            me
        };
        let entry = JobCell::new(body, &queue, None);
        let handle = entry.handle();
        Arc::new(Real {
            entry,
            canceller: handle.canceller(),
            handle: Mutex::new(Some(handle)),
        })
    }

    fn perform(real: &Arc<Real>, mut calls: Range<usize>) {
        calls.all(|me| {
            RUNS.with(|runs| runs.set(Some(me)));
            run::make::<Self>(me, |call| Self::call(real, call))
        });
    }

    fn call(real: &Arc<Real>, call: Call) -> Answer {
        match call {
            Run => {
                let ended = Mutex::default();
                real.entry.run(&Worker::new("worker", &ended));
                let ran = ended.lock().completed;
                Answer::Ran(ran == 1)
            }
            Join => {
                let handle = real.handle.lock().take();
                handle.map_or(Answer::NoHandle, |job| ended(job.join()))
            }
            JoinTimeout => match real.join_timeout(Duration::from_secs(1)) {
                Answer::Back if !has_time_passed() => Answer::TooEarly,
                answer => answer,
            },
            Poll => real.join_timeout(Duration::ZERO),
            Cancel => Answer::Is(real.canceller.cancel()),
            IsFinished => {
                let handle = real.handle.lock();
                let is_finished = |job: &Job<usize>| Answer::Is(job.is_finished());
                handle.as_ref().map_or(Answer::NoHandle, is_finished)
            }
            TimePasses => {
                coin::toss_here();
                Answer::Done
            }
        }
    }

    fn start(_: &Program<Call>) -> State {
        State {
            phase: Phase::Queued,
            has_handle: true,
        }
    }

    fn ways(state: &State, caller: Caller, call: Call, at: u8) -> Ways<Self> {
        let mut next = state.clone();
        vec![match (call, at) {
            (Run, 0) if state.phase == Phase::Queued => {
                next.phase = Phase::Running(caller.me);
                Way::goes_on(next, 1)
            }
            (Run, 0) => Way::answers(next, Answer::Ran(false)),
            (Run, _) => {
                next.phase = Phase::Done(caller.me);
                Way::answers(next, Answer::Ran(true))
            }
            (Cancel, _) => {
                let cancels = state.phase == Phase::Queued;
                if cancels {
                    next.phase = Phase::Cancelled;
                }
                Way::answers(next, Answer::Is(cancels))
            }
            (TimePasses, _) => Way::answers(next, Answer::Done),
            (_, 0) if !state.has_handle => Way::answers(next, Answer::NoHandle),
            (IsFinished, _) => {
                let is_finished = state.ended().is_some();
                Way::answers(next, Answer::Is(is_finished)).seeing(state.done_by())
            }
            // First it takes the handle; if the job does not end in time it puts it back at last.
            (_, 0) => {
                next.has_handle = false;
                Way::goes_on(next, 1)
            }
            (_, 1) => match state.ended() {
                Some(answer) => Way::answers(next, answer).seeing(state.done_by()),
                None if call == Join => return Vec::new(),
                None => Way::goes_on(next, 2),
            },
            _ => {
                next.has_handle = true;
                Way::answers(next, Answer::Back)
            }
        }]
    }

    fn changes(call: Call) -> bool {
        call != IsFinished
    }

    fn looks(call: Call) -> bool {
        call != TimePasses
    }

    fn is_timed(call: Call) -> bool {
        call == JoinTimeout
    }

    fn writes_itself(call: Call) -> bool {
        call == Run
    }
}

impl Real {
    fn join_timeout(&self, timeout: Duration) -> Answer {
        let Some(job) = self.handle.lock().take() else {
            return Answer::NoHandle;
        };
        match job.join_timeout(timeout) {
            Ok(outcome) => ended(outcome),
            Err(job) => {
                *self.handle.lock() = Some(job);
                Answer::Back
            }
        }
    }
}

impl State {
    fn ended(&self) -> Option<Answer> {
        match self.phase {
            Phase::Done(me) => Some(Answer::Output(me)),
            Phase::Cancelled => Some(Answer::Cancelled),
            _ => None,
        }
    }

    fn done_by(&self) -> Calls {
        match self.phase {
            Phase::Done(me) => 1 << me,
            _ => 0,
        }
    }
}

fn ended(outcome: Result<usize, JobError>) -> Answer {
    outcome.map_or(Answer::Cancelled, Answer::Output)
}

/// P3, P5
#[test]
fn every_program() {
    let of = |name, calls: &[Call], size: &[usize]| table::<Jobs>(name, calls, size, ONCE);
    let timed = |size| {
        let calls = [Run, Join, JoinTimeout, Cancel, TimePasses];
        of("Job: run, join, join_timeout, cancel; time", &calls, size)
    };
    let all = |size| {
        let calls = [Run, Join, Poll, Cancel, IsFinished];
        let name = "Job: run, join, join_timeout(ZERO), cancel, is_finished";
        of(name, &calls, size)
    };
    explore_all::<Jobs>([
        timed(&[2, 2]),
        timed(&[1, 1, 1]),
        all(&[2, 2]),
        all(&[2, 1, 1]),
    ]);
}
