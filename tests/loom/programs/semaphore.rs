//! S1 in every small program: never more permits out than there are, the first to ask is served first, no
//! permit is lost, and everybody sees what was done before a permit came back.

use std::mem::forget;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::event::has_time_passed;
use super::{Before, Caller, Calls, ONCE, Program, Subject, Way, Ways, explore_all, run, table};
use crate::Semaphore;
use crate::loom_models::coin;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Call {
    Acquire,
    AcquireTimeout,
    TryAcquire,
    /// Of the permit that the thread took last, if it has one.
    GiveBack,
    NWaiting,
    /// Not of the semaphore: a second passes, which is as long as
    /// [`AcquireTimeout`](Self::AcquireTimeout) waits.
    TimePasses,
}

use Call::*;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Answer {
    Served,
    NoneIsFree,
    TimedOut,
    /// Timed out, and no time had passed.
    TooEarly,
    GaveBack,
    HadNone,
    Number(usize),
    Done,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    free: usize,
    /// The calls that wait, the first to ask first.
    line: Vec<usize>,
    /// How many permits each row has.
    held: Vec<usize>,
    /// Who has given one back.
    back: Calls,
}

struct Permits<const N: usize>;

impl<const N: usize> Subject for Permits<N> {
    type Call = Call;
    type Answer = Answer;
    type State = State;
    type Real = Arc<Semaphore>;

    const BEFORE: Before = Before::Schedule;

    fn real(program: &Program<Call>) -> Self::Real {
        if program.iter().flatten().any(|call| *call == TimePasses) {
            coin::lay_out();
        }
        Arc::new(Semaphore::new(NonZeroUsize::new(N).unwrap()))
    }

    fn perform(semaphore: &Self::Real, mut calls: Range<usize>) {
        let mut held = Vec::new();
        calls.all(|me| {
            run::make::<Self>(me, |call| {
                let (permit, otherwise) = match call {
                    Acquire => (Some(semaphore.acquire()), Answer::Done),
                    AcquireTimeout => match semaphore.acquire_timeout(Duration::from_secs(1)) {
                        None if has_time_passed() => (None, Answer::TimedOut),
                        permit => (permit, Answer::TooEarly),
                    },
                    TryAcquire => (semaphore.try_acquire(), Answer::NoneIsFree),
                    GiveBack => match held.pop() {
                        Some(permit) => {
                            drop(permit);
                            return Answer::GaveBack;
                        }
                        None => (None, Answer::HadNone),
                    },
                    other => (None, Self::call(semaphore, other)),
                };
                match permit {
                    Some(permit) => {
                        held.push(permit);
                        Answer::Served
                    }
                    None => otherwise,
                }
            })
        });
        // A thread that waits in vain keeps what it has.
        forget(held);
    }

    fn call(semaphore: &Self::Real, call: Call) -> Answer {
        match call {
            NWaiting => Answer::Number(semaphore.n_waiting()),
            _ => {
                coin::toss_here();
                Answer::Done
            }
        }
    }

    fn start(program: &Program<Call>) -> State {
        State {
            free: N,
            line: Vec::new(),
            held: vec![0; program.len()],
            back: 0,
        }
    }

    fn ways(state: &State, caller: Caller, call: Call, at: u8) -> Ways<Self> {
        let mut next = state.clone();
        let waits = state.line.contains(&caller.me);
        vec![match call {
            Acquire | AcquireTimeout | TryAcquire if at == 0 && state.free > 0 => {
                next.free -= 1;
                next.served(caller)
            }
            TryAcquire => Way::answers(next, Answer::NoneIsFree),
            // First it stands in line.
            Acquire | AcquireTimeout if at == 0 => {
                next.line.push(caller.me);
                Way::goes_on(next, 1)
            }
            Acquire | AcquireTimeout if !waits => next.served(caller),
            Acquire => return Vec::new(),
            AcquireTimeout => {
                next.line.retain(|waiter| *waiter != caller.me);
                Way::answers(next, Answer::TimedOut)
            }
            GiveBack if state.held[caller.row] == 0 => Way::answers(next, Answer::HadNone),
            GiveBack => {
                next.held[caller.row] -= 1;
                next.back |= 1 << caller.me;
                match next.line.is_empty() {
                    true => next.free += 1,
                    false => drop(next.line.remove(0)),
                }
                Way::answers(next, Answer::GaveBack)
            }
            NWaiting => Way::answers(next, Answer::Number(state.line.len())),
            TimePasses => Way::answers(next, Answer::Done),
        }]
    }

    fn changes(call: Call) -> bool {
        call != NWaiting
    }

    fn looks(call: Call) -> bool {
        !matches!(call, GiveBack | TimePasses)
    }

    fn is_timed(call: Call) -> bool {
        call == AcquireTimeout
    }

    /// Nobody gives back what it cannot have.
    fn makes_sense(row: &[Call]) -> bool {
        let mut most = 0;
        row.iter().all(|call| match call {
            GiveBack if most == 0 => false,
            _ => {
                most = most_held(most, *call);
                true
            }
        })
    }

    /// A thread gives back in the end what it may have.
    fn whole(program: &Program<Call>) -> Program<Call> {
        let with_the_rest = |row: &Vec<Call>| {
            let most = row.iter().fold(0, |most, call| most_held(most, *call));
            [row, &vec![GiveBack; most][..]].concat()
        };
        program.iter().map(with_the_rest).collect()
    }
}

/// How many permits a thread may have after a call.
fn most_held(before: usize, call: Call) -> usize {
    match call {
        Acquire | AcquireTimeout | TryAcquire => before + 1,
        GiveBack => before - 1,
        NWaiting | TimePasses => before,
    }
}

impl State {
    fn served(mut self, caller: Caller) -> Way<Self, Answer> {
        self.held[caller.row] += 1;
        let back = self.back;
        Way::answers(self, Answer::Served).seeing(back)
    }
}

/// S1
#[test]
fn every_program() {
    let calls = [Acquire, TryAcquire, GiveBack, NWaiting];
    let of_one = |size: &&[usize]| {
        let name = "Semaphore of 1: acquire, try_acquire, give back, n_waiting";
        table::<Permits<1>>(name, &calls, size, ONCE)
    };
    let of_two = |size: &&[usize]| {
        let name = "Semaphore of 2: acquire, try_acquire, give back, n_waiting";
        table::<Permits<2>>(name, &calls, size, ONCE)
    };
    let sizes: [&[usize]; 5] = [&[2, 2], &[3, 3], &[4, 2], &[2, 2, 2], &[3, 2, 1]];
    explore_all::<Permits<1>>(sizes.iter().map(of_one));
    let sizes: [&[usize]; 3] = [&[3, 2], &[2, 2, 2], &[3, 2, 1]];
    explore_all::<Permits<2>>(sizes.iter().map(of_two));
}

/// S1: and the time that passes at any moment.
#[test]
fn every_program_with_deadlines() {
    let calls = [Acquire, AcquireTimeout, GiveBack, TimePasses];
    let of_one = |size: &&[usize]| {
        let name = "Semaphore of 1: acquire, acquire_timeout, give back; time";
        table::<Permits<1>>(name, &calls, size, ONCE)
    };
    let sizes: [&[usize]; 3] = [&[2, 2], &[3, 3], &[2, 2, 2]];
    explore_all::<Permits<1>>(sizes.iter().map(of_one));
}
