//! All programs of a size, each once up to the order of its threads.

use super::{Program, Subject};

/// All programs whose threads make so many of these calls, in which no thread is a stranger to the
/// others: such a thread adds nothing to a smaller program.
pub(super) fn programs<S: Subject>(calls: &[S::Call], size: &[usize]) -> Vec<Program<S::Call>> {
    let mut programs: Vec<Program<S::Call>> = vec![Vec::new()];
    for length in size {
        let mut rows = sequences(calls, *length);
        rows.retain(|row| S::makes_sense(row));
        let longer = |program: Program<S::Call>| {
            let rows = rows.iter().filter(|row| {
                // Threads that make as many calls stand in the order of the calls.
                let last = program.last().filter(|last| last.len() == row.len());
                last.is_none_or(|last| last <= row)
            });
            let longer = rows.map(|row| [&program[..], std::slice::from_ref(row)].concat());
            longer.collect::<Vec<_>>()
        };
        programs = programs.into_iter().flat_map(longer).collect();
    }
    programs.retain(|program| has_no_stranger::<S>(program));
    programs
}

pub(super) fn sequences<C: Copy>(calls: &[C], length: usize) -> Vec<Vec<C>> {
    let mut all = vec![Vec::new()];
    for _ in 0..length {
        let longer = |start: Vec<C>| {
            calls
                .iter()
                .map(move |call| [&start[..], &[*call]].concat())
        };
        all = all.into_iter().flat_map(longer).collect();
    }
    all
}

fn has_no_stranger<S: Subject>(program: &Program<S::Call>) -> bool {
    let sees = |a: &S::Call, b: &S::Call| {
        let is_of_both = |part| S::concerns(*a, part) && S::concerns(*b, part);
        S::looks(*a) && S::changes(*b) && (0..S::PARTS).any(is_of_both)
    };
    let meet = |a: &[S::Call], b: &[S::Call]| {
        let each = |a: &S::Call| b.iter().any(|b| sees(a, b) || sees(b, a));
        a.iter().any(each)
    };
    let rows = || program.iter().enumerate();
    rows().all(|(a, row)| rows().any(|(b, other)| a != b && meet(row, other)))
}

pub(super) fn with_one_call_less<S: Subject>(program: &Program<S::Call>) -> Vec<Program<S::Call>> {
    let rows = program.iter().enumerate();
    let places = rows.flat_map(|(row, calls)| (0..calls.len()).map(move |at| (row, at)));
    let without = |(row, at): (usize, usize)| {
        let mut smaller = program.clone();
        smaller[row].remove(at);
        smaller.retain(|calls| !calls.is_empty());
        smaller
    };
    let smaller = places.map(without);
    let makes_sense = |program: &Program<S::Call>| program.iter().all(|row| S::makes_sense(row));
    smaller.filter(makes_sense).collect()
}
