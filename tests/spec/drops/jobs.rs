//! Single jobs, and what becomes of them and of their handles.

use std::time::Duration;

use rstest::rstest;
use threadproof::{Job, Shutdown, ThreadPool};

use super::{Cell, JOBS, Kind, Told, Trouble, ended_well, hold, still_works};
use crate::support::until;

fn submit(cell: Cell, pool: &ThreadPool) -> Vec<Job<super::Value>> {
    let job = |number| {
        let (capture, input) = (cell.trouble_of(Kind::Capture, number), cell.input(number));
        let body = move || {
            let _ = &capture;
            cell.run(input)
        };
        pool.submit(body).unwrap()
    };
    (0..JOBS).map(job).collect()
}

/// What a job has captured is dropped by the job itself if it runs.
fn ran(cell: Cell) -> Vec<Told> {
    let ran = |number| match (cell.kind, cell.trouble) {
        (Kind::Capture, Trouble::Panics) if number % 2 == 1 => Told::Panicked,
        _ => cell.ran(number),
    };
    (0..JOBS).map(ran).collect()
}

fn join(jobs: Vec<Job<super::Value>>) -> Vec<Told> {
    jobs.into_iter().map(|job| Told::of(job.join())).collect()
}

#[rstest]
#[case::joined(joined)]
#[case::joined_with_a_timeout(joined_with_a_timeout)]
#[case::handle_dropped_before_it_begins(handle_dropped_before_it_begins)]
#[case::handle_dropped_while_it_runs(handle_dropped_while_it_runs)]
#[case::handle_dropped_after_its_end(handle_dropped_after_its_end)]
#[case::handles_outlive_the_pool(handles_outlive_the_pool)]
#[case::cancelled_by_handle(cancelled_by_handle)]
#[case::cancelled_by_canceller(cancelled_by_canceller)]
#[case::cancelled_by_cancel_queued(cancelled_by_cancel_queued)]
#[case::cancelled_by_shutdown(cancelled_by_shutdown)]
#[case::drained_by_the_drop_of_the_pool(drained_by_the_drop_of_the_pool)]
#[case::refused_by_a_closed_pool(refused_by_a_closed_pool)]
#[case::refused_to_its_own_worker(refused_to_its_own_worker)]
fn no_value_of_a_job_s_harms_anybody(
    #[case] place: fn(Cell),
    #[values(
        Kind::Capture,
        Kind::Output,
        Kind::Payload,
        Kind::Input,
        Kind::Initialiser
    )]
    kind: Kind,
    #[values(Trouble::Panics, Trouble::CallsBack)] trouble: Trouble,
) {
    Cell { kind, trouble }.in_its_own_process(place);
}

fn joined(cell: Cell) {
    let pool = cell.pool(2);
    cell.expect(&join(submit(cell, &pool)), &ran(cell));
    still_works(&pool);
}

fn joined_with_a_timeout(cell: Cell) {
    let pool = cell.pool(1);
    let gate = hold(&pool);
    let back = |job: Job<_>| job.join_timeout(Duration::ZERO).unwrap_err();
    let jobs: Vec<_> = submit(cell, &pool).into_iter().map(back).collect();
    gate.set();
    let outcomes = jobs.into_iter().map(|job| job.join_timeout(Duration::MAX));
    let told: Vec<_> = outcomes.map(|outcome| Told::of(outcome.unwrap())).collect();
    cell.expect(&told, &ran(cell));
    still_works(&pool);
}

fn handle_dropped_before_it_begins(cell: Cell) {
    let pool = cell.pool(1);
    let gate = hold(&pool);
    drop(submit(cell, &pool));
    gate.set();
    still_works(&pool);
}

fn handle_dropped_while_it_runs(cell: Cell) {
    let pool = cell.pool(1);
    let gate = hold(&pool);
    let jobs = submit(cell, &pool);
    gate.set();
    drop(jobs);
    still_works(&pool);
}

fn handle_dropped_after_its_end(cell: Cell) {
    let pool = cell.pool(2);
    let jobs = submit(cell, &pool);
    until(|| jobs.iter().all(Job::is_finished));
    pool.wait_idle();
    drop(jobs);
    still_works(&pool);
}

fn handles_outlive_the_pool(cell: Cell) {
    let pool = cell.pool(2);
    let jobs = submit(cell, &pool);
    ended_well(&pool);
    drop(pool);
    drop(jobs);
}

fn cancelled_by_handle(cell: Cell) {
    let pool = cell.pool(1);
    let gate = hold(&pool);
    let jobs = submit(cell, &pool);
    let cancelled = jobs.iter().filter(|job| job.cancel()).count();
    assert!(cancelled == JOBS || cell.trouble == Trouble::CallsBack);
    cell.expect(&join(jobs), &[Told::Cancelled; JOBS]);
    gate.set();
    still_works(&pool);
}

fn cancelled_by_canceller(cell: Cell) {
    let pool = cell.pool(1);
    let gate = hold(&pool);
    let jobs = submit(cell, &pool);
    let cancellers: Vec<_> = jobs.iter().map(Job::canceller).collect();
    // Nobody joins the last two: the queue is all that still has them.
    let joined: Vec<_> = jobs.into_iter().take(JOBS - 2).collect();
    let cancel = move || cancellers.iter().filter(|one| one.cancel()).count();
    let cancelled = std::thread::spawn(cancel).join().unwrap();
    assert!(cancelled == JOBS || cell.trouble == Trouble::CallsBack);
    cell.expect(&join(joined), &[Told::Cancelled; JOBS - 2]);
    gate.set();
    still_works(&pool);
}

fn cancelled_by_cancel_queued(cell: Cell) {
    let pool = cell.pool(1);
    let gate = hold(&pool);
    let jobs = submit(cell, &pool);
    let cancelled = pool.cancel_queued();
    assert!(cancelled == JOBS as u64 || cell.trouble == Trouble::CallsBack);
    cell.expect(&join(jobs), &[Told::Cancelled; JOBS]);
    gate.set();
    still_works(&pool);
}

fn cancelled_by_shutdown(cell: Cell) {
    let pool = cell.pool(1);
    let gate = hold(&pool);
    let jobs = submit(cell, &pool);
    std::thread::scope(|scope| {
        let end = scope.spawn(|| pool.shutdown(Shutdown::CancelQueued));
        until(|| jobs.iter().all(Job::is_finished));
        gate.set();
        let report = end.join().unwrap();
        assert_eq!((report.completed, report.cancelled), (1, JOBS as u64));
    });
    cell.expect(&join(jobs), &[Told::Cancelled; JOBS]);
    ended_well(&pool);
}

fn drained_by_the_drop_of_the_pool(cell: Cell) {
    let pool = cell.pool(1);
    let gate = hold(&pool);
    let mut jobs = submit(cell, &pool);
    let forgotten = jobs.split_off(JOBS - 2);
    // A value that calls back may be the pool's last owner for a moment.
    let end = std::thread::spawn(move || drop(pool));
    drop(forgotten);
    gate.set();
    end.join().unwrap();
    cell.expect(&join(jobs), &ran(cell)[..JOBS - 2]);
}

fn refused_by_a_closed_pool(cell: Cell) {
    let pool = cell.pool(1);
    pool.shutdown(Shutdown::Drain);
    for number in 0..JOBS {
        let (capture, input) = (cell.trouble_of(Kind::Capture, number), cell.input(number));
        let body = move || {
            let _ = &capture;
            cell.run(input)
        };
        assert!(pool.submit(body).is_err());
    }
    ended_well(&pool);
}

fn refused_to_its_own_worker(cell: Cell) {
    let pool = cell.pool(1);
    let inside = pool.clone();
    let told = pool.submit(move || join(submit(cell, &inside))).unwrap();
    cell.expect(&told.join().unwrap(), &[Told::Refused; JOBS]);
    still_works(&pool);
}
