//! P5, P6, P7, P11 in every small program of a whole pool: what its callers call, and what the bodies of
//! its jobs call. It is driven from outside, through the functions that a user has.
//!
//! The first rows of a program are the callers, threads from the start. Each further row is the body
//! of a job, which [`Submit`](Call::Submit) and the maps name by its row. A body that uses the pool
//! owns a share of it, as in `let pool = pool.clone()`; the last owner ends the pool.
//!
//! What these calls mean is in `pool/state.rs`, and which programs there are in `pool/forest.rs`.

mod forest;
mod state;

use std::iter::once;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use self::forest::{Kind, forests};
use self::state::State;
use super::explore::holds_within;
use super::{Before, Bound, Caller, Calls, Program, Span, Subject, Ways, explore, run};
use crate::sync::Mutex;
use crate::{Job, JobError, PoolReport, Shutdown, ThreadPool};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Call {
    /// The beginning of a body, and its end. Not written down.
    Begin,
    End,
    /// The end of a body that panics.
    Panic,
    /// `submit`; the handle can be asked for by every row.
    Submit(u8),
    /// The handle's `join`.
    Join(u8),
    /// `join_timeout` with the longest timeout, and with none.
    JoinForLong(u8),
    Poll(u8),
    /// The handle's `cancel`.
    Cancel(u8),
    /// `map` of one input, of two inputs with two bodies, `map_lazy` of one input up to its end.
    Map(u8),
    MapTwo(u8),
    MapLazy(u8),
    CancelQueued,
    /// Gives up the own share, as a drop of it does; the last one says with a report how it was.
    Drop,
    ShutDown,
    ShutDownNow,
}

use Call::*;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Answer {
    Done,
    /// Of each input, or of the one job.
    Ended(Vec<Outcome>),
    /// The handle came back.
    Back,
    /// Somebody else has the handle, or it is not there yet.
    NoHandle,
    Cancels(bool),
    Number(u64),
    /// Somebody else owns a share.
    NotLast,
    Report(Report),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Outcome {
    /// With its own output.
    Ran,
    Panicked,
    Cancelled,
    WouldDeadlock,
    OfAnother,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Report {
    completed: u64,
    cancelled: u64,
    panicked: u64,
    /// Queued or running: only of a pool that does not wait for its end.
    open: u64,
}

struct Pool<const WORKERS: usize, const CALLERS: usize>;

/// What a caller or a body holds.
struct Share {
    /// Std's lock, for nobody else has this one.
    pool: std::sync::Mutex<Option<Arc<ThreadPool>>>,
    /// To be seen by loom: which one of two that drop their shares is the last.
    owners: Arc<Mutex<()>>,
    handles: Arc<Vec<Mutex<Option<Job<u8>>>>>,
    program: Arc<Program<Call>>,
}

impl Clone for Share {
    fn clone(&self) -> Self {
        self.with(self.pool.lock().unwrap().clone())
    }
}

impl Share {
    fn with(&self, pool: Option<Arc<ThreadPool>>) -> Self {
        let (owners, handles) = (self.owners.clone(), self.handles.clone());
        Self {
            pool: std::sync::Mutex::new(pool),
            owners,
            handles,
            program: self.program.clone(),
        }
    }

    fn pool(&self) -> Arc<ThreadPool> {
        let pool = self.pool.lock().unwrap().clone();
        pool.expect("it has not given it up")
    }

    /// For the body in this row.
    fn of_body(&self, row: u8) -> Self {
        let body = &self.program[usize::from(row)];
        self.with(body.iter().any(uses_pool).then(|| self.pool()))
    }

    fn give_up(&self) -> Arc<ThreadPool> {
        drop(self.owners.lock());
        let pool = self.pool.lock().unwrap().take();
        pool.expect("it is given up once")
    }

    fn handle(&self, row: u8) -> &Mutex<Option<Job<u8>>> {
        &self.handles[usize::from(row)]
    }
}

impl<const WORKERS: usize, const CALLERS: usize> Pool<WORKERS, CALLERS> {
    /// The body in a row: a number tells whose output it is.
    fn body(share: &Share, row: u8) -> u8 {
        let calls = run::row::<Self>(row.into());
        let panics = share.program[usize::from(row)].last() == Some(&Panic);
        Self::perform(share, calls);
        if panics {
            // Without the hook, which would print it.
            resume_unwind(Box::new("as it should"));
        }
        row
    }

    fn map(share: &Share, rows: Range<u8>) -> Vec<Outcome> {
        let own = share.clone();
        let body = move |row| Self::body(&own.of_body(row), row);
        let outcomes = share.pool().map(rows.clone(), body);
        assert_eq!(outcomes.len(), rows.len());
        outcomes.into_iter().zip(rows).map(outcome).collect()
    }

    fn map_lazy(share: &Share, row: u8) -> Vec<Outcome> {
        let own = share.of_body(row);
        let body = move |row| Self::body(&own, row);
        let outcomes = share.pool().map_lazy(once(row), NonZeroUsize::MIN, body);
        outcomes.zip(once(row)).map(outcome).collect()
    }
}

fn outcome((outcome, row): (Result<u8, JobError>, u8)) -> Outcome {
    match outcome {
        Ok(output) if output == row => Outcome::Ran,
        Ok(_) => Outcome::OfAnother,
        Err(JobError::Panicked(_)) => Outcome::Panicked,
        Err(JobError::Cancelled) => Outcome::Cancelled,
        Err(JobError::WouldDeadlock) => Outcome::WouldDeadlock,
    }
}

fn ended(outcome: Result<u8, JobError>, row: u8) -> Answer {
    Answer::Ended(vec![self::outcome((outcome, row))])
}

fn report(report: PoolReport) -> Answer {
    let PoolReport {
        completed,
        cancelled,
        panicked,
        ..
    } = report;
    Answer::Report(Report {
        completed,
        cancelled,
        panicked,
        open: 0,
    })
}

impl<const WORKERS: usize, const CALLERS: usize> Subject for Pool<WORKERS, CALLERS> {
    type Call = Call;
    type Answer = Answer;
    type State = State<WORKERS, CALLERS>;
    type Real = Share;

    const BEFORE: Before = Before::Schedule;
    const MAY_BLOCK: bool = false;

    fn real(program: &Program<Call>) -> Share {
        let workers = NonZeroUsize::new(WORKERS).unwrap();
        let pool = ThreadPool::new(workers).unwrap();
        Share {
            pool: std::sync::Mutex::new(Some(Arc::new(pool))),
            owners: Arc::default(),
            handles: Arc::new(program.iter().map(|_| Mutex::default()).collect()),
            program: Arc::new(program.clone()),
        }
    }

    fn call(share: &Share, call: Call) -> Answer {
        let take = |row| share.handle(row).lock().take();
        match call {
            Begin | End | Panic => Answer::Done,
            Submit(row) => {
                let own = share.of_body(row);
                let job = share.pool().submit(move || Self::body(&own, row));
                *share.handle(row).lock() = job.ok();
                Answer::Done
            }
            Join(row) => take(row).map_or(Answer::NoHandle, |job| ended(job.join(), row)),
            JoinForLong(row) | Poll(row) => {
                let Some(job) = take(row) else {
                    return Answer::NoHandle;
                };
                let timeout = match call {
                    Poll(_) => Duration::ZERO,
                    _ => Duration::MAX,
                };
                match job.join_timeout(timeout) {
                    Ok(outcome) => ended(outcome, row),
                    Err(job) => {
                        *share.handle(row).lock() = Some(job);
                        Answer::Back
                    }
                }
            }
            Cancel(row) => {
                let handle = share.handle(row).lock();
                handle
                    .as_ref()
                    .map_or(Answer::NoHandle, |job| Answer::Cancels(job.cancel()))
            }
            Map(row) => Answer::Ended(Self::map(share, row..row + 1)),
            MapTwo(row) => Answer::Ended(Self::map(share, row..row + 2)),
            MapLazy(row) => Answer::Ended(Self::map_lazy(share, row)),
            CancelQueued => Answer::Number(share.pool().cancel_queued()),
            Drop => {
                drop(share.give_up());
                Answer::Done
            }
            ShutDown | ShutDownNow => {
                let how = match call {
                    ShutDown => Shutdown::Drain,
                    _ => Shutdown::CancelQueued,
                };
                let last = Arc::into_inner(share.give_up());
                last.map_or(Answer::NotLast, |pool| report(pool.shutdown(how)))
            }
        }
    }

    fn start(program: &Program<Call>) -> Self::State {
        State::new(program)
    }

    fn ways(state: &Self::State, caller: Caller, call: Call, at: u8) -> Ways<Self> {
        state.ways(caller, call, at)
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
        state::promises(program)
    }
}

/// Whether it is made of the pool, and not of a handle.
fn uses_pool(call: &Call) -> bool {
    !matches!(
        call,
        Begin | End | Panic | Join(_) | JoinForLong(_) | Poll(_)
    )
}

/// All programs of a pool that are made of these calls: so many jobs, and calls from these many on.
fn explore_forests<const WORKERS: usize, const CALLERS: usize>(
    name: &str,
    kinds: &[Kind],
    sizes: &[(usize, usize)],
) {
    let explore = |(jobs, calls): &(usize, usize)| {
        let programs = forests(kinds, CALLERS, *jobs, *calls);
        let size = format!("{jobs} jobs, {calls} calls");
        let bound = Bound::Preemptions(1);
        explore::explore::<Pool<WORKERS, CALLERS>>(name, &size, bound, programs)
    };
    let failures: usize = sizes.iter().map(explore).sum();
    assert_eq!(failures, 0, "programs that fail");
}

/// P7, P11
#[test]
fn every_program_of_jobs_that_wait_for_jobs() {
    let kinds: &[Kind] = &[Submit, Join, Map];
    let sizes = [(1, 1), (1, 2), (2, 2), (2, 3), (2, 4), (3, 3), (3, 4)];
    explore_forests::<1, 1>("ThreadPool of 1: submit, join, map", kinds, &sizes);
    explore_forests::<2, 1>("ThreadPool of 2: submit, join, map", kinds, &sizes);
    explore_forests::<3, 1>(
        "ThreadPool of 3: submit, join, map",
        kinds,
        &[(1, 1), (1, 2)],
    );
}

/// P5, P11
#[test]
fn every_program_that_ends_its_pool() {
    let kinds: &[Kind] = &[
        Submit,
        Join,
        |_| CancelQueued,
        |_| Drop,
        |_| ShutDown,
        |_| ShutDownNow,
    ];
    let name = "ThreadPool of 2: submit, join, cancel_queued, drop, shutdown";
    let sizes = [(1, 1), (1, 2), (1, 3), (2, 2), (2, 3), (2, 4)];
    explore_forests::<2, 1>(name, kinds, &sizes);
}

/// P6, P7
#[test]
fn every_program_of_handles() {
    let kinds: &[Kind] = &[Submit, Join, JoinForLong, Poll, Cancel];
    let calls = "submit, join, join_timeout, cancel";
    let sizes = [(1, 1), (1, 2), (1, 3), (2, 2), (2, 3)];
    explore_forests::<1, 1>(&format!("ThreadPool of 1: {calls}"), kinds, &sizes);
    explore_forests::<1, 1>(&format!("ThreadPool of 1: {calls}"), kinds, &[(2, 4)]);
    explore_forests::<2, 1>(&format!("ThreadPool of 2: {calls}"), kinds, &sizes);
}

/// P3, P5
#[test]
fn every_program_of_maps() {
    let kinds: &[Kind] = &[Map, MapTwo, MapLazy, |_| CancelQueued, |_| Panic];
    let calls = "maps, cancel_queued, panic";
    let sizes = [(1, 1), (1, 2), (2, 2), (2, 3), (3, 3)];
    explore_forests::<1, 1>(&format!("ThreadPool of 1: {calls}"), kinds, &sizes);
    explore_forests::<2, 1>(&format!("ThreadPool of 2: {calls}"), kinds, &sizes);
}

/// P5
#[test]
fn every_program_of_two_callers() {
    let kinds: &[Kind] = &[Submit, Join, Map, |_| CancelQueued, |_| ShutDown];
    let sizes = [(1, 1), (1, 2), (1, 3), (2, 2), (2, 3)];
    let name = "ThreadPool of 1, two callers: submit, join, map, cancel_queued, shutdown";
    explore_forests::<1, 2>(name, kinds, &sizes);
}

const TWICE: Bound = Bound::Preemptions(2);

/// T1: found by `every_program_of_jobs_that_wait_for_jobs`. The worker that is inside the map falls
/// asleep first.
#[test]
fn map_in_a_map_whose_caller_could_not_wait() {
    holds_within::<Pool<2, 1>>(
        TWICE,
        vec![vec![Submit(1)], vec![Map(2)], vec![Map(3)], vec![]],
    );
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
    holds_within::<Pool<3, 1>>(Bound::Preemptions(1), program);
}

/// T9: found by `every_program_that_ends_its_pool`.
#[test]
fn pool_that_ends_in_its_own_worker_counts_every_job() {
    holds_within::<Pool<2, 1>>(TWICE, vec![vec![Submit(1)], vec![ShutDown]]);
}
