//! E1 to E6 in every small program: nobody sleeps through a `set`, be it followed by a `clear` or by the
//! end of a timeout, and everybody sees what came before it.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use super::{
    Before, Bound, Caller, ONCE, Program, Subject, TWICE, Way, Ways, explore_all, or_larger, table,
};
use crate::Event;
use crate::loom_models::{coin, progress};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Call {
    Set,
    Clear,
    IsSet,
    Wait,
    WaitTimeout,
    /// Not of the event: a second passes, which is as long as [`WaitTimeout`](Self::WaitTimeout) waits.
    /// Of two that wait, one may be told of it late.
    TimePasses,
    NWaiting,
    Generation,
    /// Since the thread's last `Generation`.
    IsSetSince,
    WaitSince,
}

use Call::*;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Answer {
    Changed(bool),
    Is(bool),
    Released,
    TimedOut,
    /// Timed out, and no time had passed.
    TooEarly,
    Number(usize),
    Done,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    is_set: bool,
    /// Who has set it: their number is the generation.
    sets: Vec<usize>,
    waiting: usize,
    /// The generation that each thread has seen.
    seen: Vec<usize>,
}

struct Events;

impl Subject for Events {
    type Call = Call;
    type Answer = Answer;
    type State = State;
    type Real = (Arc<Event>, Cell<u64>);

    const BEFORE: Before = Before::Schedule;

    fn real(program: &Program<Call>) -> Self::Real {
        if program.iter().flatten().any(|call| *call == TimePasses) {
            coin::lay_out();
        }
        (Arc::new(Event::new()), Cell::new(0))
    }

    fn call((event, seen): &Self::Real, call: Call) -> Answer {
        match call {
            Set => Answer::Changed(event.set()),
            Clear => Answer::Changed(event.clear()),
            IsSet => Answer::Is(event.is_set()),
            Wait => {
                event.wait();
                Answer::Released
            }
            WaitTimeout => ended(event.wait_timeout(SECOND)),
            WaitSince => ended(event.wait_since(seen.get(), SECOND)),
            TimePasses => {
                coin::toss_here();
                Answer::Done
            }
            NWaiting => Answer::Number(event.n_waiting()),
            Generation => {
                seen.set(event.generation());
                Answer::Number(seen.get() as usize)
            }
            IsSetSince => Answer::Is(event.is_set_since(seen.get())),
        }
    }

    fn start(program: &Program<Call>) -> State {
        State {
            is_set: false,
            sets: Vec::new(),
            waiting: 0,
            seen: vec![0; program.len()],
        }
    }

    fn ways(state: &State, caller: Caller, call: Call, at: u8) -> Ways<Self> {
        let mut next = state.clone();
        vec![match (call, at) {
            (Set, _) => {
                if !state.is_set {
                    next.sets.push(caller.me);
                }
                next.is_set = true;
                Way::answers(next, Answer::Changed(!state.is_set))
            }
            (Clear, _) => {
                next.is_set = false;
                Way::answers(next, Answer::Changed(state.is_set))
            }
            (IsSet, _) => state.looked_at(state.is_set, state.sets.len()),
            (IsSetSince, _) => {
                let seen = state.seen[caller.row];
                state.looked_at(state.is_released(seen), seen + 1)
            }
            (NWaiting, _) => Way::answers(next, Answer::Number(state.waiting)),
            (Generation, _) => {
                next.seen[caller.row] = state.sets.len();
                Way::answers(next, Answer::Number(state.sets.len()))
            }
            (TimePasses, _) => Way::answers(next, Answer::Done),
            // First it is counted, with the generation that it finds, or that it is told.
            (Wait | WaitTimeout, 0) => {
                next.waiting += 1;
                Way::goes_on(next, 1 + state.sets.len() as u8)
            }
            (WaitSince, 0) => {
                next.waiting += 1;
                Way::goes_on(next, 1 + state.seen[caller.row] as u8)
            }
            (Wait | WaitTimeout | WaitSince, at) => {
                let seen = usize::from(at) - 1;
                next.waiting -= 1;
                match state.is_released(seen) {
                    true => Way::answers(next, Answer::Released).seeing(1 << state.set_after(seen)),
                    false if call == Wait => return Vec::new(),
                    false => Way::answers(next, Answer::TimedOut),
                }
            }
        }]
    }

    fn changes(call: Call) -> bool {
        !matches!(call, IsSet | IsSetSince | NWaiting | Generation)
    }

    fn looks(call: Call) -> bool {
        !matches!(call, TimePasses)
    }

    fn is_timed(call: Call) -> bool {
        matches!(call, WaitTimeout | WaitSince)
    }
}

const SECOND: Duration = Duration::from_secs(1);

fn ended(wait: crate::event::Wait) -> Answer {
    match wait {
        crate::event::Wait::Set => Answer::Released,
        crate::event::Wait::TimedOut if has_time_passed() => Answer::TimedOut,
        crate::event::Wait::TimedOut => Answer::TooEarly,
    }
}

/// The coin was tossed, or nobody could go on otherwise.
pub(super) fn has_time_passed() -> bool {
    coin::tossed() > 0 || progress::time_is_up()
}

impl State {
    fn is_released(&self, seen: usize) -> bool {
        self.is_set || self.sets.len() > seen
    }

    /// The set that releases whoever has seen so many: the first one since, else the last one.
    fn set_after(&self, seen: usize) -> usize {
        let set = self.sets.get(seen).or(self.sets.last());
        *set.expect("somebody has set it")
    }

    fn looked_at(&self, is_set: bool, generation: usize) -> Way<Self, Answer> {
        let way = Way::answers(self.clone(), Answer::Is(is_set));
        match is_set {
            true => way.seeing(1 << self.set_after(generation - 1)),
            false => way,
        }
    }
}

/// E1, E2, E3, E4, E6
#[test]
fn every_program() {
    let pulses = [Set, Clear, Wait, NWaiting];
    let since = [Set, Clear, Generation, IsSetSince, WaitSince];
    let pulses = |size: &[usize], bound| {
        table::<Events>("Event: set, clear, wait, n_waiting", &pulses, size, bound)
    };
    let since = |size: &[usize], bound| {
        let name = "Event: set, clear, generation, is_set_since, wait_since";
        table::<Events>(name, &since, size, bound)
    };
    explore_all::<Events>(or_larger(
        vec![
            pulses(&[2, 2], ONCE),
            pulses(&[2, 1, 1], ONCE),
            pulses(&[2, 2, 2], ONCE),
            since(&[2, 2], ONCE),
            since(&[2, 1, 1], ONCE),
        ],
        vec![
            pulses(&[2, 2], Bound::Exhaustive),
            pulses(&[2, 1, 1], TWICE),
            since(&[2, 2], Bound::Exhaustive),
            since(&[2, 2, 2], ONCE),
        ],
    ));
}

/// E5: and the time that passes at any moment.
#[test]
fn every_program_with_deadlines() {
    let all = [Set, Clear, IsSet, Wait, WaitTimeout, TimePasses];
    let three = [Set, WaitTimeout, TimePasses];
    let of_all = |size: &[usize], bound| {
        let name = "Event: set, clear, is_set, wait, wait_timeout; time";
        table::<Events>(name, &all, size, bound)
    };
    let of_three = |size: &[usize], bound| {
        table::<Events>("Event: set, wait_timeout; time", &three, size, bound)
    };
    explore_all::<Events>(or_larger(
        vec![
            of_all(&[2, 2], ONCE),
            of_all(&[2, 1, 1], ONCE),
            of_three(&[2, 2, 2], ONCE),
        ],
        vec![of_all(&[2, 2, 2], ONCE), of_all(&[2, 1, 1], TWICE)],
    ));
}
