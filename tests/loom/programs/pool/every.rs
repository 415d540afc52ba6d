//! The programs of a pool that are explored, and those that were found once.

use super::super::explore::{Table, holds_within};
use super::super::{ONCE, TWICE, explore_all, or_larger};
use super::Call::*;
use super::Pool;
use super::forest::{Kind, forests};

/// All programs of a pool that are made of these calls, of sizes `(calls, jobs)`.
fn explore_forests<const WORKERS: usize, const CALLERS: usize>(
    calls: &str,
    kinds: &[Kind],
    sizes: &[(usize, usize)],
) {
    let name = match CALLERS {
        1 => format!("ThreadPool of {WORKERS}: {calls}"),
        callers => format!("ThreadPool of {WORKERS}, {callers} callers: {calls}"),
    };
    let table = |(calls, jobs): &(usize, usize)| Table {
        name: name.clone(),
        size: format!("{}, {}", many(*calls, "call"), many(*jobs, "job")),
        bound: ONCE,
        programs: forests(kinds, CALLERS, *jobs, *calls),
    };
    explore_all::<Pool<WORKERS, CALLERS>>(sizes.iter().map(table));
}

/// `1 call`, `2 calls`
fn many(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}

/// P7, P11
#[test]
fn every_program_of_jobs_that_wait_for_jobs() {
    let (calls, kinds): (_, &[Kind]) = ("submit, join, map", &[Submit, Join, Map]);
    let small = [(1, 1), (2, 1), (2, 2), (3, 2), (4, 2), (3, 3)];
    explore_forests::<1, 1>(
        calls,
        kinds,
        or_larger(&[(3, 2), (4, 2), (3, 3), (4, 3)], &[(5, 3)]),
    );
    explore_forests::<2, 1>(calls, kinds, or_larger(&small, &[(4, 3)]));
    explore_forests::<3, 1>(
        calls,
        kinds,
        or_larger(&[(1, 1), (2, 1)], &[(2, 2), (3, 2)]),
    );
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
    explore_forests::<1, 1>(
        calls,
        kinds,
        or_larger(&[(3, 1), (3, 2), (4, 2)], &[(5, 2)]),
    );
    explore_forests::<2, 1>(
        calls,
        kinds,
        or_larger(&[(2, 1), (3, 1), (3, 2)], &[(4, 2)]),
    );
}

/// P6, P7
#[test]
fn every_program_of_handles() {
    let calls = "submit, join, join_timeout, cancel";
    let kinds: &[Kind] = &[Submit, Join, JoinForLong, Poll, Cancel];
    explore_forests::<1, 1>(
        calls,
        kinds,
        or_larger(&[(3, 1), (3, 2), (4, 2)], &[(4, 3)]),
    );
    explore_forests::<2, 1>(
        calls,
        kinds,
        or_larger(&[(2, 1), (3, 1), (3, 2)], &[(4, 2)]),
    );
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
    let of_one = [(2, 1), (1, 2), (2, 2), (3, 2), (2, 3), (3, 3)];
    let of_two = [(2, 1), (1, 2), (2, 2), (2, 3)];
    explore_forests::<1, 1>(calls, kinds, or_larger(&of_one, &[(4, 3)]));
    explore_forests::<2, 1>(calls, kinds, or_larger(&of_two, &[(3, 2), (3, 3)]));
}

/// P5, P10
#[test]
fn every_program_of_two_callers() {
    let calls = "submit, join, map, wait_idle, report, shutdown";
    let kinds: &[Kind] = &[Submit, Join, Map, |_| WaitIdle, |_| Report, |_| ShutDownNow];
    explore_forests::<1, 2>(
        calls,
        kinds,
        or_larger(&[(2, 1), (3, 1), (3, 2)], &[(4, 2)]),
    );
}

/// Found by `every_program_of_jobs_that_wait_for_jobs`. The worker that is inside the map falls
/// asleep first.
#[test]
fn map_in_a_map_whose_caller_could_not_wait() {
    let program = vec![vec![Submit(1)], vec![Map(2)], vec![Map(3)], vec![]];
    holds_within::<Pool<2, 1>>(TWICE, program);
}

/// The same fault, another way.
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

/// Found by `every_program_of_jobs_that_wait_for_jobs`. The first job is the last owner of the pool.
#[test]
fn last_owner_of_a_pool_is_a_job_that_another_one_waits_for() {
    holds_within::<Pool<2, 1>>(TWICE, vec![vec![Submit(1)], vec![Submit(2)], vec![Join(1)]]);
}

// ANCHOR: found
/// The same fault, another way.
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
// ANCHOR_END: found

/// Found by `every_program_of_jobs_that_wait_for_jobs`.
#[test]
fn job_that_nobody_may_wait_for_never_runs() {
    holds_within::<Pool<1, 1>>(
        TWICE,
        vec![vec![Submit(1)], vec![Submit(2), Join(2)], vec![]],
    );
}

/// Found by `every_program_of_jobs_that_wait_for_jobs`.
#[test]
fn job_that_joins_itself() {
    holds_within::<Pool<2, 1>>(TWICE, vec![vec![Submit(1)], vec![Join(1)]]);
}

/// The same fault with one job more, and with a worker that has nothing to do.
#[test]
fn two_jobs_that_join_one_another() {
    let program = vec![vec![Submit(1), Submit(2)], vec![Join(2)], vec![Join(1)]];
    holds_within::<Pool<3, 1>>(ONCE, program);
}

/// Found by `every_program_that_ends_its_pool`.
#[test]
fn pool_that_ends_in_its_own_worker_counts_every_job() {
    holds_within::<Pool<2, 1>>(TWICE, vec![vec![Submit(1)], vec![ShutDown]]);
}
