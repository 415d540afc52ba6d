//! P3, P5, P6, P7, P10, P11 in every small program of a whole pool: what its callers call, and what the
//! bodies of its jobs call. It is driven from outside, through the functions that a user has.
//!
//! The first rows of a program are the callers, threads from the start. Each further row is the body
//! of a job, which [`Submit`](Call::Submit) and the maps name by its row. A body that uses the pool
//! owns a share of it, as in `let pool = pool.clone()`; the last owner ends the pool.
//!
//! | file | what it has |
//! |---|---|
//! | `pool/driver.rs` | how each call is made |
//! | `pool/state.rs` | the state: queue, jobs, who waits for whom |
//! | `pool/ways.rs` | what each call does to it |
//! | `pool/forest.rs` | which programs there are |
//! | `pool/every.rs` | which of them are explored, and those that were found once |

mod driver;
mod every;
mod forest;
mod state;
mod ways;

use std::ops::Range;

use self::driver::Share;
use self::state::State;
use super::{Before, Caller, Calls, Program, Span, Subject, Ways};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Call {
    /// The beginning of a body, and its end. Not written down.
    Begin,
    End,
    /// The end of a body that panics.
    Panic,
    /// `submit`; the handle can be asked for by every row.
    Submit(u8),
    /// The handle's `join`; `join_timeout` with the longest timeout, and with none.
    Join(u8),
    JoinForLong(u8),
    Poll(u8),
    /// By a canceller, whoever has the handle.
    Cancel(u8),
    /// `map` of one input, and of two, each with a body of its own.
    Map(u8),
    MapTwo(u8),
    /// `try_map` of two inputs.
    TryMap(u8),
    /// `map_lazy` of one input and `map_unordered` of two, up to their ends.
    MapLazy(u8),
    MapUnordered(u8),
    CancelQueued,
    WaitIdle,
    Report,
    /// `shutdown`, draining and cancelling.
    ShutDown,
    ShutDownNow,
    /// Gives up the own share.
    Drop,
}

use Call::*;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Answer {
    Done,
    IsShutDown,
    /// Of each input, or of the one job.
    Ended(Vec<Outcome>),
    /// Of the first input that gave no output.
    Failed(u8, Outcome),
    /// The handle came back.
    Back,
    /// Somebody else has the handle, or it is not there yet.
    NoHandle,
    Cancels(bool),
    Number(u64),
    Counts(Counts),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Outcome {
    /// With its own output.
    Ran,
    Panicked,
    Cancelled,
    WouldDeadlock,
    Otherwise,
}

/// A report.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Debug)]
struct Counts {
    completed: u64,
    cancelled: u64,
    panicked: u64,
    /// Queued or running.
    open: u64,
}

struct Pool<const WORKERS: usize, const CALLERS: usize>;

/// The jobs that the call submits, by row.
fn submits(call: Call) -> Range<u8> {
    match call {
        Submit(row) | Map(row) | MapLazy(row) => row..row + 1,
        MapTwo(row) | TryMap(row) | MapUnordered(row) => row..row + 2,
        _ => 0..0,
    }
}

/// The job whose handle, or canceller, is asked for.
fn handle_of(call: Call) -> Option<u8> {
    match call {
        Join(row) | JoinForLong(row) | Poll(row) | Cancel(row) => Some(row),
        _ => None,
    }
}

/// Whether its caller owns a share. A canceller may drop a body, and with it the body's share: so that
/// this is not the last one.
fn uses_pool(call: &Call) -> bool {
    !matches!(
        call,
        Begin | End | Panic | Join(_) | JoinForLong(_) | Poll(_)
    )
}

impl<const WORKERS: usize, const CALLERS: usize> Subject for Pool<WORKERS, CALLERS> {
    type Call = Call;
    type Answer = Answer;
    type State = State<WORKERS, CALLERS>;
    type Real = Share;

    const BEFORE: Before = Before::Schedule;
    const MAY_BLOCK: bool = false;

    fn real(program: &Program<Call>) -> Share {
        Share::first(WORKERS, program)
    }

    fn call(share: &Share, call: Call) -> Answer {
        Self::make(share, call)
    }

    fn start(program: &Program<Call>) -> Self::State {
        State::new(program)
    }

    fn ways(state: &Self::State, caller: Caller, call: Call, at: u8) -> Ways<Self> {
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

    fn threads(_: &Program<Call>) -> usize {
        CALLERS
    }

    fn whole(program: &Program<Call>) -> Program<Call> {
        forest::whole(program, CALLERS)
    }

    fn smaller(program: &Program<Call>) -> Vec<Program<Call>> {
        forest::smaller(program, CALLERS)
    }

    fn promises(program: &Program<Call>) -> Vec<Calls> {
        ways::promises(program)
    }
}
