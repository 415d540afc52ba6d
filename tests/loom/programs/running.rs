//! J1, J3, J4, J5 in every small program of one thread and its handle: who asks it, and how often, and
//! what the thread itself does with its own handle.
//!
//! The last row of a program is the body of the thread that the first row starts; the others find the
//! handle in one place, and take it from there. Of a thread's end loom knows less than the system: that
//! its thread-locals are dropped after its body. The recorder does that, for a body that lingers.

mod every;
mod state;

use std::sync::Arc;
use std::time::Duration;

use self::every::makes_sense;
use self::state::State;
use super::{Before, Caller, Program, Span, Subject, Ways, run};
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

struct OneThread;

/// What all rows share.
#[derive(Clone)]
struct Place {
    handle: Arc<Mutex<Handle>>,
    let_go: Arc<Event>,
    program: Arc<Program<Call>>,
}

/// What became of it.
#[derive(Default)]
struct Handle {
    running: Option<Running<()>>,
    daemon: Option<Daemon>,
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
        let Some(running) = place.handle.lock().running.take() else {
            return Answer::NoHandle;
        };
        match running.join_timeout(timeout) {
            Ok(outcome) => answer(outcome),
            Err(running) => {
                place.handle.lock().running = Some(running);
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
                place.handle.lock().running = Some(running);
            }
            Linger => {
                let let_go = place.let_go.clone();
                recorder::thread::at_its_end(move || let_go.wait());
            }
            LetGo => drop(place.let_go.set()),
            Join => {
                let running = place.handle.lock().running.take();
                return running.map_or(Answer::NoHandle, |running| answer(running.join()));
            }
            JoinTimeout => return Self::join_timeout(place, Duration::from_secs(1)),
            Poll => return Self::join_timeout(place, Duration::ZERO),
            IsFinished => {
                let handle = place.handle.lock();
                let is_finished = match (&handle.running, &handle.daemon) {
                    (Some(running), _) => running.is_finished(),
                    (None, Some(daemon)) => daemon.is_finished(),
                    (None, None) => return Answer::NoHandle,
                };
                return Answer::Is(is_finished);
            }
            Detach => {
                let Some(running) = place.handle.lock().running.take() else {
                    return Answer::NoHandle;
                };
                let daemon = running.detach();
                place.handle.lock().daemon = Some(daemon);
            }
            Drop => {
                let Some(running) = place.handle.lock().running.take() else {
                    return Answer::NoHandle;
                };
                drop(running);
            }
            TimePasses => coin::toss_here(),
        }
        Answer::Done
    }

    fn start(program: &Program<Call>) -> State {
        State::new(program)
    }

    fn ways(state: &State, caller: Caller, call: Call, at: u8) -> Ways<Self> {
        state.ways_of(caller, call, at)
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
