//! K3, K4, K5 in every small program: check and step are one, so a stop that has returned is final, for
//! whoever is there and for whoever comes later.

use std::ops::Range;
use std::sync::Arc;

use super::{
    Before, Caller, Calls, ONCE, Program, Subject, TWICE, Way, Ways, explore_all, or_larger, run,
    table,
};
use crate::{LockedFlags, Registration};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Call {
    Register(&'static str),
    /// Of the key that the thread has registered.
    Step,
    Leave,
    Stop(&'static str),
    StopAll,
    IsStopped(&'static str),
}

use Call::{IsStopped, Leave, Register, Step, Stop, StopAll};

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Answer {
    Registered(bool),
    Stepped(bool),
    /// Its key was taken by somebody else.
    NotRegistered,
    Stopped(Option<bool>),
    Is(Option<bool>),
    Done,
}

const KEYS: [&str; 2] = ["a", "b"];

#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    keys: [Option<Worker>; 2],
    all_stopped: bool,
    /// Which key each row has.
    held: Vec<Option<usize>>,
    /// Who has stopped somebody.
    stops: Calls,
    /// Who has stepped.
    steps: Calls,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Worker {
    is_stopped: bool,
    steps: Calls,
}

struct Locked;

impl Subject for Locked {
    type Call = Call;
    type Answer = Answer;
    type State = State;
    type Real = Arc<LockedFlags<&'static str>>;

    const BEFORE: Before = Before::Schedule;
    const MAY_BLOCK: bool = false;

    fn real(_: &Program<Call>) -> Self::Real {
        Arc::new(LockedFlags::new())
    }

    fn perform(flags: &Self::Real, mut calls: Range<usize>) {
        let mut mine: Option<Registration<'_, &str>> = None;
        calls.all(|me| {
            run::make::<Self>(me, |call| match call {
                Register(key) => {
                    mine = flags.register(key).ok();
                    Answer::Registered(mine.is_some())
                }
                Step => match &mine {
                    Some(mine) => {
                        // What a step does is done inside: that must be seen by the next one.
                        let step = || run::write::<Self>(me);
                        Answer::Stepped(mine.step(step).is_some())
                    }
                    None => Answer::NotRegistered,
                },
                Leave => {
                    mine = None;
                    Answer::Done
                }
                other => Self::call(flags, other),
            })
        });
    }

    fn call(flags: &Self::Real, call: Call) -> Answer {
        match call {
            Stop(key) => Answer::Stopped(flags.stop(key).ok()),
            IsStopped(key) => Answer::Is(flags.is_stopped(key).ok()),
            _ => {
                flags.stop_all();
                Answer::Done
            }
        }
    }

    fn writes_itself(call: Call) -> bool {
        call == Step
    }

    fn start(program: &Program<Call>) -> State {
        State {
            keys: [None; 2],
            all_stopped: false,
            held: vec![None; program.len()],
            stops: 0,
            steps: 0,
        }
    }

    fn ways(state: &State, caller: Caller, call: Call, _: u8) -> Ways<Self> {
        let mut next = state.clone();
        let held = state.held[caller.row];
        let with_me = 1 << caller.me;
        let place = |key: &str| usize::from(key == KEYS[1]);
        vec![match call {
            Register(key) if state.keys[place(key)].is_none() => {
                next.keys[place(key)] = Some(Worker {
                    is_stopped: state.all_stopped,
                    steps: 0,
                });
                next.held[caller.row] = Some(place(key));
                Way::answers(next, Answer::Registered(true))
            }
            Register(_) => Way::answers(next, Answer::Registered(false)),
            Step => match held.map(|key| next.keys[key].as_mut().expect("it is there")) {
                None => Way::answers(next, Answer::NotRegistered),
                Some(worker) if worker.is_stopped => {
                    Way::answers(next, Answer::Stepped(false)).seeing(state.stops)
                }
                Some(worker) => {
                    worker.steps |= with_me;
                    next.steps |= with_me;
                    Way::answers(next, Answer::Stepped(true)).seeing(state.steps)
                }
            },
            Leave => {
                if let Some(key) = held {
                    (next.keys[key], next.held[caller.row]) = (None, None);
                }
                Way::answers(next, Answer::Done)
            }
            Stop(key) => match &mut next.keys[place(key)] {
                None => Way::answers(next, Answer::Stopped(None)),
                Some(worker) => {
                    let (was_stopped, steps) = (worker.is_stopped, worker.steps);
                    worker.is_stopped = true;
                    next.stops |= with_me;
                    Way::answers(next, Answer::Stopped(Some(!was_stopped))).seeing(steps)
                }
            },
            StopAll => {
                let workers = next.keys.iter_mut().flatten();
                workers.for_each(|worker| worker.is_stopped = true);
                next.all_stopped = true;
                next.stops |= with_me;
                Way::answers(next, Answer::Done).seeing(state.steps)
            }
            IsStopped(key) => {
                let worker = state.keys[place(key)];
                Way::answers(next, Answer::Is(worker.map(|worker| worker.is_stopped)))
            }
        }]
    }

    fn changes(call: Call) -> bool {
        !matches!(call, IsStopped(_))
    }

    fn looks(call: Call) -> bool {
        call != Leave
    }

    fn makes_sense(row: &[Call]) -> bool {
        let mut has_registered = false;
        row.iter().all(|call| match call {
            Register(_) => !std::mem::replace(&mut has_registered, true),
            Step => has_registered,
            Leave => std::mem::replace(&mut has_registered, false),
            _ => true,
        })
    }

    /// A thread that is registered leaves in the end.
    fn whole(program: &Program<Call>) -> Program<Call> {
        let with_leave = |row: &Vec<Call>| {
            let of_registration = |call: &&Call| matches!(call, Register(_) | Leave);
            let last = row.iter().rfind(of_registration);
            match last {
                Some(Register(_)) => [row, &[Leave][..]].concat(),
                _ => row.clone(),
            }
        };
        program.iter().map(with_leave).collect()
    }
}

/// K3, K4, K5
#[test]
fn every_program() {
    let calls = [
        Register("a"),
        Register("b"),
        Step,
        Leave,
        Stop("a"),
        StopAll,
        IsStopped("a"),
    ];
    let of = |size: &[usize], bound| {
        let name = "LockedFlags: register, step, leave, stop, stop_all, is_stopped";
        table::<Locked>(name, &calls, size, bound)
    };
    explore_all::<Locked>(or_larger(
        vec![of(&[2, 2], ONCE), of(&[3, 2], ONCE), of(&[2, 1, 1], ONCE)],
        vec![
            of(&[3, 1, 1], ONCE),
            of(&[3, 2], TWICE),
            of(&[2, 1, 1], TWICE),
            of(&[3, 3], ONCE),
            of(&[2, 2, 2], ONCE),
        ],
    ));
}
