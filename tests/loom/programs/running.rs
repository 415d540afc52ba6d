//! J1, J3, J4, J5 in every small program of one thread and its handle: who asks it, and how often, and
//! what the thread itself does with its own handle.
//!
//! The last row of a program is the body of the thread that the first row starts; the others find the
//! handle in one place, and take it from there. Of a thread's end loom knows less than the system: that
//! its thread-locals are dropped after its body. The recorder does that, for a body that lingers.

use std::sync::Arc;
use std::time::Duration;

use super::enumerate::sequences;
use super::{Before, Bound, Caller, Program, Span, Subject, Way, Ways, explore, holds, run};
use crate::loom_models::{coin, recorder};
use crate::sync::Mutex;
use crate::{Daemon, Event, JoinError, Running, start};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Call {
    /// The first call of the first row. Not written down, nor are the beginning and the end of the body.
    Start,
    Begin,
    End,
    /// The body panics in the end.
    Panic,
    /// The body leaves something in a thread-local whose drop lasts until `LetGo`.
    Linger,
    LetGo,
    Join,
    /// `join_timeout` of a second, and of none.
    JoinTimeout,
    Poll,
    /// Of the handle, or of the daemon that became of it.
    IsFinished,
    Detach,
    Drop,
    /// A second passes.
    TimePasses,
}

use Call::*;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Answer {
    Done,
    Value,
    Panicked,
    WouldDeadlock,
    /// The handle came back.
    Back,
    TooEarly,
    NoHandle,
    Is(bool),
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    /// The row of the thread's own calls, and the call that ends it.
    body: usize,
    ends_by: usize,
    thread: Thread,
    handle: Handle,
    lingers: bool,
    is_let_go: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Thread {
    Unknown,
    Runs,
    Ended(Answer),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Handle {
    Nowhere,
    There,
    Daemon,
}

struct OneThread;

/// What all rows share.
#[derive(Clone)]
struct Place {
    handle: Arc<Mutex<(Option<Running<()>>, Option<Daemon>)>>,
    let_go: Arc<Event>,
    program: Arc<Program<Call>>,
}

impl OneThread {
    fn body(place: &Place) {
        let row = place.program.len() - 1;
        Self::perform(place, run::row::<Self>(row));
        if place.program[row].last() == Some(&Panic) {
            // Without the hook, which would print it.
            std::panic::resume_unwind(Box::new("as it should"));
        }
    }

    fn join_timeout(place: &Place, timeout: Duration) -> Answer {
        let Some(running) = place.handle.lock().0.take() else {
            return Answer::NoHandle;
        };
        match running.join_timeout(timeout) {
            Ok(outcome) => answer(outcome),
            Err(running) => {
                place.handle.lock().0 = Some(running);
                match timeout.is_zero() || coin::tossed() > 0 {
                    true => Answer::Back,
                    false => Answer::TooEarly,
                }
            }
        }
    }
}

fn answer(outcome: Result<(), JoinError>) -> Answer {
    match outcome {
        Ok(()) => Answer::Value,
        Err(JoinError::Panicked(_)) => Answer::Panicked,
        Err(JoinError::WouldDeadlock) => Answer::WouldDeadlock,
    }
}

impl Subject for OneThread {
    type Call = Call;
    type Answer = Answer;
    type State = State;
    type Real = Place;

    const BEFORE: Before = Before::Schedule;
    const MAY_BLOCK: bool = false;

    fn real(program: &Program<Call>) -> Place {
        if program.iter().flatten().any(|call| *call == TimePasses) {
            coin::lay_out();
        }
        Place {
            handle: Arc::default(),
            let_go: Arc::new(Event::new()),
            program: Arc::new(program.clone()),
        }
    }

    fn call(place: &Place, call: Call) -> Answer {
        match call {
            Begin | End | Panic => {}
            Start => {
                let own = place.clone();
                let running = start("thread", move || Self::body(&own)).unwrap();
                place.handle.lock().0 = Some(running);
            }
            Linger => {
                let let_go = place.let_go.clone();
                recorder::thread::at_its_end(move || let_go.wait());
            }
            LetGo => drop(place.let_go.set()),
            Join => {
                let running = place.handle.lock().0.take();
                return running.map_or(Answer::NoHandle, |running| answer(running.join()));
            }
            JoinTimeout => return Self::join_timeout(place, Duration::from_secs(1)),
            Poll => return Self::join_timeout(place, Duration::ZERO),
            IsFinished => {
                let handle = place.handle.lock();
                let is_finished = match &*handle {
                    (Some(running), _) => running.is_finished(),
                    (None, Some(daemon)) => daemon.is_finished(),
                    (None, None) => return Answer::NoHandle,
                };
                return Answer::Is(is_finished);
            }
            Detach => {
                let Some(running) = place.handle.lock().0.take() else {
                    return Answer::NoHandle;
                };
                let daemon = running.detach();
                place.handle.lock().1 = Some(daemon);
            }
            Drop => {
                let Some(running) = place.handle.lock().0.take() else {
                    return Answer::NoHandle;
                };
                drop(running);
            }
            TimePasses => coin::toss_here(),
        }
        Answer::Done
    }

    fn start(program: &Program<Call>) -> State {
        State {
            body: program.len() - 1,
            ends_by: program.iter().map(Vec::len).sum::<usize>() - 1,
            thread: Thread::Unknown,
            handle: Handle::Nowhere,
            lingers: false,
            is_let_go: false,
        }
    }

    fn ways(state: &State, caller: Caller, call: Call, at: u8) -> Ways<Self> {
        let mut next = state.clone();
        let is_own = caller.row == state.body;
        match (call, at) {
            (Start, 0) => {
                next.thread = Thread::Runs;
                return vec![Way::goes_on(next, 1)];
            }
            (Start, _) => next.handle = Handle::There,
            (Begin, _) => {
                let way = Way::answers(next, Answer::Done).seeing(1);
                let runs = state.thread == Thread::Runs;
                return runs.then_some(way).into_iter().collect();
            }
            (End, _) => next.thread = Thread::Ended(Answer::Value),
            (Panic, _) => next.thread = Thread::Ended(Answer::Panicked),
            (Linger, _) => next.lingers = true,
            (LetGo, _) => next.is_let_go = true,
            (Join | JoinTimeout | Poll | Detach | Drop, 0) => match state.handle {
                Handle::There => {
                    next.handle = Handle::Nowhere;
                    return vec![Way::goes_on(next, 1)];
                }
                _ => return vec![Way::answers(next, Answer::NoHandle)],
            },
            (Join | JoinTimeout | Poll, 1) if is_own => {
                return vec![Way::answers(next, Answer::WouldDeadlock)];
            }
            (Join, _) => return state.if_over(state.outcome()),
            (JoinTimeout | Poll, 1) => {
                let outcome = state.outcome().map(|outcome| state.told(outcome));
                return vec![outcome.unwrap_or(Way::goes_on(next, 2))];
            }
            (JoinTimeout | Poll, _) => {
                next.handle = Handle::There;
                return vec![Way::answers(next, Answer::Back)];
            }
            (Detach, _) => next.handle = Handle::Daemon,
            (Drop, _) if !is_own => return state.if_over(Some(Answer::Done)),
            (Drop | TimePasses, _) => {}
            (IsFinished, _) => {
                let answer = Answer::Is(state.outcome().is_some());
                return vec![match (state.handle, state.outcome()) {
                    (Handle::Nowhere, _) => Way::answers(next, Answer::NoHandle),
                    (_, Some(_)) => state.told(answer),
                    (_, None) => Way::answers(next, answer),
                }];
            }
        }
        vec![Way::answers(next, Answer::Done)]
    }

    fn changes(_: Call) -> bool {
        true
    }

    fn looks(_: Call) -> bool {
        true
    }

    fn span(call: Call) -> Span {
        match call {
            Begin => Span::UntilReturn,
            End | Panic => Span::FromBeginning,
            _ => Span::Whole,
        }
    }

    fn threads(program: &Program<Call>) -> usize {
        program.len() - 1
    }

    fn whole(program: &Program<Call>) -> Program<Call> {
        let mut whole = program.clone();
        whole[0].insert(0, Start);
        let body = whole.last_mut().expect("a body");
        body.insert(0, Begin);
        if body.last() != Some(&Panic) {
            body.push(End);
        }
        whole
    }

    fn smaller(program: &Program<Call>) -> Vec<Program<Call>> {
        let rows = program.iter().enumerate();
        let places = rows.flat_map(|(row, calls)| (0..calls.len()).map(move |at| (row, at)));
        let without = |(row, at): (usize, usize)| {
            let mut smaller = program.clone();
            smaller[row].remove(at);
            smaller
        };
        places.map(without).filter(makes_sense).collect()
    }
}

impl State {
    fn outcome(&self) -> Option<Answer> {
        match self.thread {
            Thread::Ended(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// Whoever is told of the end sees what the body did.
    fn told(&self, answer: Answer) -> Way<Self, Answer> {
        Way::answers(self.clone(), answer).seeing(1 << self.ends_by)
    }

    /// The thread has ended, not only its body.
    fn if_over(&self, answer: Option<Answer>) -> Ways<OneThread> {
        let is_over = self.outcome().is_some() && (self.is_let_go || !self.lingers);
        let answer = answer.filter(|_| is_over);
        answer.map(|answer| self.told(answer)).into_iter().collect()
    }
}

fn makes_sense(program: &Program<Call>) -> bool {
    let number = |wanted: Call| {
        program
            .iter()
            .flatten()
            .filter(|call| **call == wanted)
            .count()
    };
    let (body, owners) = program.split_last().expect("a body");
    // Nobody waits for the end of a thread that he himself must let go.
    let lets_go_first = |row: &Vec<Call>| {
        let place = row.iter().position(|call| *call == LetGo);
        place.is_none_or(|place| !row[..place].iter().any(|call| [Join, Drop].contains(call)))
    };
    let panics_last = body.iter().rev().skip(1).all(|call| *call != Panic);
    owners.iter().all(lets_go_first)
        && panics_last
        && number(Linger) == number(LetGo)
        && number(LetGo) <= 1
        && (number(TimePasses) == 0 || number(JoinTimeout) > 0)
}

/// All programs whose owners make so many calls, and the thread itself so many.
fn programs(owners: &[usize], body: usize) -> Vec<Program<Call>> {
    const OF_OWNERS: [Call; 8] = [
        Join,
        JoinTimeout,
        Poll,
        IsFinished,
        Detach,
        Drop,
        TimePasses,
        LetGo,
    ];
    const OF_BODY: [Call; 7] = [Join, Poll, IsFinished, Detach, Drop, Linger, Panic];
    let mut programs: Vec<Program<Call>> = vec![Vec::new()];
    let owners = owners.iter().map(|length| sequences(&OF_OWNERS, *length));
    for rows in owners.chain([sequences(&OF_BODY, body)]) {
        let longer = |program: Program<Call>| {
            let longer = rows
                .iter()
                .map(move |row| [&program[..], &[row.clone()]].concat());
            longer.collect::<Vec<_>>()
        };
        programs = programs.into_iter().flat_map(longer).collect();
    }
    programs.retain(makes_sense);
    programs
}

/// J1, J3, J4, J5
#[test]
fn every_program() {
    let sizes: [(&[usize], usize); 7] = [
        (&[1], 0),
        (&[2], 0),
        (&[3], 0),
        (&[2], 1),
        (&[3], 1),
        (&[1, 1], 1),
        (&[2, 1], 1),
    ];
    let explore = |(owners, body): (&[usize], usize)| {
        let owned: Vec<String> = owners.iter().map(ToString::to_string).collect();
        let size = format!("{}, {body} inside", owned.join("+"));
        let name = "Running: join, join_timeout, is_finished, detach, drop; time";
        explore::explore::<OneThread>(name, &size, Bound::Preemptions(1), programs(owners, body))
    };
    let failures: usize = sizes.into_iter().map(explore).sum();
    assert_eq!(failures, 0, "programs that fail");
}

/// T6: found by `every_program`.
#[test]
fn poll_of_a_thread_whose_thread_locals_take_long_to_drop() {
    holds::<OneThread>(vec![vec![Poll, LetGo], vec![Linger]]);
}
