//! E1 to E6 in every small program: nobody sleeps through a `set`, be it followed by a `clear` or by the
//! end of a timeout, and everybody sees what came before it.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use super::{Before, Bound, Caller, Program, Subject, Sweep, Way, Ways, explore_all};
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
            WaitTimeout => match event.wait_timeout(Duration::from_secs(1)) {
                crate::event::Wait::Set => Answer::Released,
                crate::event::Wait::TimedOut if has_time_passed() => Answer::TimedOut,
                crate::event::Wait::TimedOut => Answer::TooEarly,
            },
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
            // First it is counted, with the generation that it finds.
            (Wait | WaitTimeout, 0) => {
                next.waiting += 1;
                Way::goes_on(next, 1 + state.sets.len() as u8)
            }
            (Wait | WaitTimeout, at) => {
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
        matches!(call, Set | Clear | Wait | WaitTimeout | TimePasses)
    }

    fn looks(call: Call) -> bool {
        !matches!(call, TimePasses)
    }

    fn is_timed(call: Call) -> bool {
        call == WaitTimeout
    }
}

/// If a coin is laid out, that it was tossed; in any case, that nobody could go on otherwise.
fn has_time_passed() -> bool {
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

const ONCE: Bound = Bound::Preemptions(1);

/// E1, E2, E3, E4, E6: pulses.
#[test]
fn every_program() {
    explore_all::<Events>(&[
        Sweep {
            name: "Event: set, clear, wait, n_waiting",
            calls: &[Set, Clear, Wait, NWaiting],
            sizes: &[&[2, 2], &[2, 1, 1], &[2, 2, 2]],
            bound: ONCE,
        },
        Sweep {
            name: "Event: set, clear, is_set, generation, is_set_since",
            calls: &[Set, Clear, IsSet, Generation, IsSetSince],
            sizes: &[&[2, 2], &[2, 1, 1]],
            bound: ONCE,
        },
    ]);
}

/// E5: and the time that passes at any moment.
#[test]
fn every_program_with_deadlines() {
    explore_all::<Events>(&[Sweep {
        name: "Event: set, clear, is_set, wait, wait_timeout; time",
        calls: &[Set, Clear, IsSet, Wait, WaitTimeout, TimePasses],
        sizes: &[&[2, 2], &[2, 1, 1], &[2, 2, 2]],
        bound: ONCE,
    }]);
}
