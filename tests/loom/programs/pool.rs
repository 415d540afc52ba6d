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

mod driver;
mod forest;
mod state;
mod ways;

use std::ops::Range;

use self::driver::Share;
use self::forest::{Kind, forests};
use self::state::State;
use super::explore::holds_within;
use super::{Before, Bound, Caller, Calls, Program, Span, Subject, Ways, explore};

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

/// All programs of a pool that are made of these calls, of sizes `(jobs, calls)`.
fn explore_forests<const WORKERS: usize, const CALLERS: usize>(
    calls: &str,
    kinds: &[Kind],
    sizes: &[(usize, usize)],
) {
    let name = match CALLERS {
        1 => format!("ThreadPool of {WORKERS}: {calls}"),
        callers => format!("ThreadPool of {WORKERS}, {callers} callers: {calls}"),
    };
    let explore = |(jobs, calls): &(usize, usize)| {
        let programs = forests(kinds, CALLERS, *jobs, *calls);
        let size = format!("{calls} calls, {jobs} jobs");
        let bound = Bound::Preemptions(1);
        explore::explore::<Pool<WORKERS, CALLERS>>(&name, &size, bound, programs)
    };
    let failures: usize = sizes.iter().map(explore).sum();
    assert_eq!(failures, 0, "programs that fail");
}

/// P7, P11
#[test]
fn every_program_of_jobs_that_wait_for_jobs() {
    let (calls, kinds): (_, &[Kind]) = ("submit, join, map", &[Submit, Join, Map]);
    let sizes = [(1, 1), (1, 2), (2, 2), (2, 3), (2, 4), (3, 3), (3, 4)];
    explore_forests::<1, 1>(calls, kinds, &sizes);
    explore_forests::<2, 1>(calls, kinds, &sizes);
    explore_forests::<3, 1>(calls, kinds, &[(1, 1), (1, 2)]);
}

/// P5, P11
#[test]
fn every_program_that_ends_its_pool() {
    let calls = "submit, join, cancel_queued, shutdown, drop";
    let kinds: &[Kind] = &[
        Submit,
        Join,
        |_| CancelQueued,
        |_| ShutDown,
        |_| ShutDownNow,
        |_| Drop,
    ];
    let sizes = [(1, 1), (1, 2), (1, 3), (2, 2), (2, 3)];
    explore_forests::<1, 1>(calls, kinds, &sizes);
    explore_forests::<1, 1>(calls, kinds, &[(2, 4)]);
    explore_forests::<2, 1>(calls, kinds, &sizes);
}

/// P6, P7
#[test]
fn every_program_of_handles() {
    let calls = "submit, join, join_timeout, cancel";
    let kinds: &[Kind] = &[Submit, Join, JoinForLong, Poll, Cancel];
    let sizes = [(1, 1), (1, 2), (1, 3), (2, 2), (2, 3)];
    explore_forests::<1, 1>(calls, kinds, &sizes);
    explore_forests::<1, 1>(calls, kinds, &[(2, 4)]);
    explore_forests::<2, 1>(calls, kinds, &sizes);
}

/// P3, P5, P10
#[test]
fn every_program_of_maps() {
    let calls = "all maps, cancel_queued, panic";
    let kinds: &[Kind] = &[
        Map,
        MapTwo,
        TryMap,
        MapLazy,
        MapUnordered,
        |_| CancelQueued,
        |_| Panic,
    ];
    let sizes = [(1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (3, 2)];
    explore_forests::<1, 1>(calls, kinds, &sizes);
    explore_forests::<1, 1>(calls, kinds, &[(3, 3)]);
    explore_forests::<2, 1>(calls, kinds, &sizes);
}

/// P5, P10
#[test]
fn every_program_of_two_callers() {
    let calls = "submit, join, map, wait_idle, report, shutdown";
    let kinds: &[Kind] = &[Submit, Join, Map, |_| WaitIdle, |_| Report, |_| ShutDownNow];
    let sizes = [(1, 1), (1, 2), (1, 3), (2, 2), (2, 3)];
    explore_forests::<1, 2>(calls, kinds, &sizes);
}

const TWICE: Bound = Bound::Preemptions(2);

/// T1: found by `every_program_of_jobs_that_wait_for_jobs`. The worker that is inside the map falls
/// asleep first.
#[test]
fn map_in_a_map_whose_caller_could_not_wait() {
    let program = vec![vec![Submit(1)], vec![Map(2)], vec![Map(3)], vec![]];
    holds_within::<Pool<2, 1>>(TWICE, program);
}

/// T1
#[test]
fn map_whose_function_joins_a_job() {
    let program = vec![
        vec![Submit(1)],
        vec![Map(2)],
        vec![Submit(3), Join(3)],
        vec![],
    ];
    holds_within::<Pool<2, 1>>(TWICE, program);
}

/// T3: found by `every_program_of_jobs_that_wait_for_jobs`. The first job is the last owner of the pool.
#[test]
fn last_owner_of_a_pool_is_a_job_that_another_one_waits_for() {
    holds_within::<Pool<2, 1>>(TWICE, vec![vec![Submit(1)], vec![Submit(2)], vec![Join(1)]]);
}

/// T3
#[test]
fn last_owner_of_a_pool_is_a_job_while_another_one_waits_for_a_third() {
    let program = vec![
        vec![Submit(1), Submit(2), Submit(3)],
        vec![Drop],
        vec![Join(3)],
        vec![],
    ];
    holds_within::<Pool<2, 1>>(TWICE, program);
}

/// T7: found by `every_program_of_jobs_that_wait_for_jobs`.
#[test]
fn job_that_nobody_may_wait_for_never_runs() {
    holds_within::<Pool<1, 1>>(
        TWICE,
        vec![vec![Submit(1)], vec![Submit(2), Join(2)], vec![]],
    );
}

/// T8: found by `every_program_of_jobs_that_wait_for_jobs`.
#[test]
fn job_that_joins_itself() {
    holds_within::<Pool<2, 1>>(TWICE, vec![vec![Submit(1)], vec![Join(1)]]);
}

/// T8
#[test]
fn two_jobs_that_join_one_another() {
    let program = vec![vec![Submit(1), Submit(2)], vec![Join(2)], vec![Join(1)]];
    holds_within::<Pool<2, 1>>(TWICE, program);
}

/// T9: found by `every_program_that_ends_its_pool`.
#[test]
fn pool_that_ends_in_its_own_worker_counts_every_job() {
    holds_within::<Pool<2, 1>>(TWICE, vec![vec![Submit(1)], vec![ShutDown]]);
}
