//! All programs of a pool, as forests: a call that submits a job has that job's body below it.
//!
//! Jobs are numbered as they are submitted in the rows, from the first row to the last one. So there is
//! one program for each forest.

use super::super::Program;
use super::Call::{self, *};
use super::{handle_of, submits, uses_pool};

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
    let mut todo: Vec<Program<Call>> = vec![vec![Vec::new()]];
    while let Some(program) = todo.pop() {
        let made: usize = program.iter().map(Vec::len).sum();
        let submitted = submitted(&program);
        if submitted > jobs || made > calls {
            continue;
        }
        // The row is over, or it goes on.
        if program.len() < callers + submitted {
            todo.push([&program[..], &[Vec::new()]].concat());
        } else if (made, submitted) == (calls, jobs) && makes_sense(&program, callers) {
            found.push(program.clone());
        }
        let next = (callers + submitted) as u8;
        for kind in kinds {
            let with = |row| {
                let mut longer = program.clone();
                longer.last_mut().expect("a row").push(kind(row));
                longer
            };
            match handle_of(kind(0)) {
                Some(_) => todo.extend((callers as u8..(callers + jobs) as u8).map(with)),
                None => todo.push(with(next)),
            }
        }
    }
    found.sort();
    found
}

fn submitted(program: &Program<Call>) -> usize {
    let calls = program.iter().flatten();
    calls.map(|call| submits(*call).len()).sum()
}

fn makes_sense(program: &Program<Call>, callers: usize) -> bool {
    let all_calls = || program.iter().flatten();
    let is_joined_once = |row| {
        let joins = |call: &&Call| [Join(row), JoinForLong(row)].contains(call);
        all_calls().filter(joins).count() <= 1
    };
    let has_handle = |call: &Call| {
        handle_of(*call).is_none_or(|row| all_calls().any(|call| *call == Submit(row)))
    };
    let is_in_order = |(row, calls): (usize, &Vec<Call>)| {
        let place = |wanted: Call| calls.iter().position(|call| *call == wanted);
        calls.iter().enumerate().all(|(at, call)| match *call {
            Panic => row >= callers && at + 1 == calls.len(),
            // A job that did this would wait for its own end.
            WaitIdle => row < callers,
            Drop => !calls[at + 1..].iter().any(uses_pool),
            // No body of such a map owns a share: nothing says when the last one drops it.
            MapLazy(_) | MapUnordered(_) => {
                let mut bodies = submits(*call).map(|row| &program[usize::from(row)]);
                !bodies.any(|body| body.iter().any(uses_pool))
            }
            call => handle_of(call)
                .is_none_or(|job| place(Submit(job)).is_none_or(|submit| submit < at)),
        })
    };
    (0..program.len() as u8).all(is_joined_once)
        && all_calls().all(has_handle)
        && program.iter().enumerate().all(is_in_order)
}

/// With the beginning and the end of each body, before which its share is dropped.
pub(super) fn whole(program: &Program<Call>, callers: usize) -> Program<Call> {
    let row = |(row, calls): (usize, &Vec<Call>)| {
        let is_caller = row < callers;
        let (end, calls) = match calls.split_last() {
            Some((Panic, calls)) => (Panic, calls),
            _ => (End, &calls[..]),
        };
        let has_share = is_caller || calls.iter().any(uses_pool);
        let mut whole = if is_caller { vec![] } else { vec![Begin] };
        whole.extend(calls);
        if has_share && !calls.contains(&Drop) {
            whole.push(Drop);
        }
        if !is_caller {
            whole.push(end);
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
        let calls = program[rows[at]].iter();
        rows.extend(calls.flat_map(|call| submits(*call).map(usize::from)));
        at += 1;
    }
    let new = |row: u8| {
        let place = rows.iter().position(|old| *old == usize::from(row));
        place.map(|row| row as u8)
    };
    let with_new = |call: &Call| {
        Some(match *call {
            Submit(row) => Submit(new(row)?),
            Join(row) => Join(new(row)?),
            JoinForLong(row) => JoinForLong(new(row)?),
            Poll(row) => Poll(new(row)?),
            Cancel(row) => Cancel(new(row)?),
            Map(row) => Map(new(row)?),
            MapTwo(row) => MapTwo(new(row)?),
            TryMap(row) => TryMap(new(row)?),
            MapLazy(row) => MapLazy(new(row)?),
            MapUnordered(row) => MapUnordered(new(row)?),
            other => other,
        })
    };
    let body = |row: &usize| program[*row].iter().filter_map(with_new).collect();
    rows.iter().map(body).collect()
}
