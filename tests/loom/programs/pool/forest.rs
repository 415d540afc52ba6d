//! All programs of a pool, as forests: a call that submits a job has that job's body below it.
//!
//! Jobs are numbered as they are submitted in the rows, from the first row to the last one. So there is
//! one program for each forest.

use super::super::Program;
use super::Call::{self, *};
use super::uses_pool;

/// A call, whatever job it names.
pub(super) type Kind = fn(u8) -> Call;

/// All programs that make so many of these calls and submit so many jobs.
pub(super) fn forests(
    kinds: &[Kind],
    callers: usize,
    jobs: usize,
    calls: usize,
) -> Vec<Program<Call>> {
    let mut found = Vec::new();
    let mut todo = vec![vec![Vec::new()]];
    while let Some(program) = todo.pop() {
        let made: usize = program.iter().map(Vec::len).sum();
        let submitted: usize = program.iter().flatten().map(|call| submits(*call)).sum();
        if program.len() == callers + jobs {
            if (made, submitted) == (calls, jobs) && makes_sense(&program, callers) {
                found.push(program.clone());
            }
        } else if program.len() < callers + submitted || program.len() < callers {
            todo.push([&program[..], &[Vec::new()]].concat());
        }
        if made == calls {
            continue;
        }
        let next = (callers + submitted) as u8;
        let rows = callers as u8..(callers + jobs) as u8;
        for kind in kinds {
            let with = |row| {
                let mut longer = program.clone();
                longer.last_mut().expect("a row").push(kind(row));
                longer
            };
            match kind(next) {
                call if submits(call) > 0 => todo.push(with(next)),
                call if named(call).is_some() => todo.extend(rows.clone().map(with)),
                _ => todo.push(with(0)),
            }
        }
        todo.retain(|program| {
            let submitted: usize = program.iter().flatten().map(|call| submits(*call)).sum();
            submitted <= jobs
        });
    }
    found.sort();
    found
}

/// How many jobs the call submits.
fn submits(call: Call) -> usize {
    match call {
        Submit(_) | Map(_) | MapLazy(_) => 1,
        MapTwo(_) => 2,
        _ => 0,
    }
}

/// The job whose handle is asked.
fn named(call: Call) -> Option<u8> {
    match call {
        Join(row) | JoinForLong(row) | Poll(row) | Cancel(row) => Some(row),
        _ => None,
    }
}

fn makes_sense(program: &Program<Call>, callers: usize) -> bool {
    let rows = || program.iter().enumerate();
    let all_calls = || program.iter().flatten();
    let is_handled_once = |row| {
        let spends = |call: &&Call| [Join(row), JoinForLong(row)].contains(call);
        all_calls().filter(spends).count() <= 1
    };
    let names_a_handle =
        |call: &Call| named(*call).is_none_or(|row| all_calls().any(|call| *call == Submit(row)));
    let is_in_order = |(row, calls): (usize, &Vec<Call>)| {
        let place = |wanted: Call| calls.iter().position(|call| *call == wanted);
        calls.iter().enumerate().all(|(at, call)| match *call {
            Panic => row >= callers && at + 1 == calls.len(),
            Drop | ShutDown | ShutDownNow => !calls[at + 1..].iter().any(uses_pool),
            // No body of a lazy map owns a share: nothing says when the last one drops it.
            MapLazy(job) => !program[usize::from(job)].iter().any(uses_pool),
            call => named(call).is_none_or(|job| place(Submit(job)).is_none_or(|from| from < at)),
        })
    };
    (0..program.len() as u8).all(is_handled_once)
        && all_calls().all(names_a_handle)
        && rows().all(is_in_order)
}

/// With the beginning and the end of each body, before which its share is dropped.
pub(super) fn whole(program: &Program<Call>, callers: usize) -> Program<Call> {
    let row = |(row, calls): (usize, &Vec<Call>)| {
        let is_caller = row < callers;
        let (panics, calls) = match calls.split_last() {
            Some((Panic, calls)) => (true, calls),
            _ => (false, &calls[..]),
        };
        let has_share = is_caller || calls.iter().any(uses_pool);
        let gives_up = |call: &Call| matches!(call, Drop | ShutDown | ShutDownNow);
        let mut whole = if is_caller { vec![] } else { vec![Begin] };
        whole.extend(calls);
        if has_share && !calls.iter().any(gives_up) {
            whole.push(Drop);
        }
        if !is_caller {
            whole.push(if panics { Panic } else { End });
        }
        whole
    };
    program.iter().enumerate().map(row).collect()
}

/// With one call less, and without the jobs that it submitted.
pub(super) fn smaller(program: &Program<Call>, callers: usize) -> Vec<Program<Call>> {
    let rows = program.iter().enumerate();
    let places = rows.flat_map(|(row, calls)| (0..calls.len()).map(move |at| (row, at)));
    let without = |(row, at): (usize, usize)| {
        let mut smaller = program.clone();
        smaller[row].remove(at);
        renumbered(&smaller, callers)
    };
    places.map(without).collect()
}

/// Without the bodies that nobody submits, and with the numbers that the others have now.
fn renumbered(program: &Program<Call>, callers: usize) -> Program<Call> {
    // The old rows in their new order.
    let mut rows: Vec<usize> = (0..callers).collect();
    let mut at = 0;
    while at < rows.len() {
        for call in &program[rows[at]] {
            if let Submit(job) | Map(job) | MapLazy(job) | MapTwo(job) = call {
                rows.extend(usize::from(*job)..usize::from(*job) + submits(*call));
            }
        }
        at += 1;
    }
    let new = |row: u8| rows.iter().position(|old| *old == usize::from(row));
    let with_new = |call: &Call| {
        let new = |row: &u8| new(*row).map(|row| row as u8);
        Some(match call {
            Submit(row) => Submit(new(row)?),
            Join(row) => Join(new(row)?),
            JoinForLong(row) => JoinForLong(new(row)?),
            Poll(row) => Poll(new(row)?),
            Cancel(row) => Cancel(new(row)?),
            Map(row) => Map(new(row)?),
            MapTwo(row) => MapTwo(new(row)?),
            MapLazy(row) => MapLazy(new(row)?),
            other => *other,
        })
    };
    let body = |row: &usize| program[*row].iter().filter_map(with_new).collect();
    rows.iter().map(body).collect()
}
