//! The programs of a thread and its handle, and the one that was found once.

use super::super::enumerate::sequences;
use super::super::explore::Table;
use super::super::{ONCE, Program, TWICE, explore_all, holds, or_larger};
use super::Call::{self, *};
use super::OneThread;

pub(super) fn makes_sense(program: &Program<Call>) -> bool {
    let number = |wanted: Call| {
        program
            .iter()
            .flatten()
            .filter(|call| **call == wanted)
            .count()
    };
    let (body, owners) = program.split_last().expect("a body");
    // Nobody waits for the end of a thread that he himself must let go.
    let lets_go_first = |row: &Vec<Call>| {
        let place = row.iter().position(|call| *call == LetGo);
        place.is_none_or(|place| !row[..place].iter().any(|call| [Join, Drop].contains(call)))
    };
    let panics_last = body.iter().rev().skip(1).all(|call| *call != Panic);
    owners.iter().all(lets_go_first)
        && panics_last
        && number(Linger) == number(LetGo)
        && number(LetGo) <= 1
        && (number(TimePasses) == 0 || number(JoinTimeout) > 0)
}

/// All programs whose owners make so many calls, and the thread itself so many.
fn programs(owners: &[usize], body: usize) -> Vec<Program<Call>> {
    const OF_OWNERS: [Call; 8] = [
        Join,
        JoinTimeout,
        Poll,
        IsFinished,
        Detach,
        Drop,
        TimePasses,
        LetGo,
    ];
    const OF_BODY: [Call; 7] = [Join, Poll, IsFinished, Detach, Drop, Linger, Panic];
    let mut programs: Vec<Program<Call>> = vec![Vec::new()];
    let owners = owners.iter().map(|length| sequences(&OF_OWNERS, *length));
    for rows in owners.chain([sequences(&OF_BODY, body)]) {
        let longer = |program: Program<Call>| {
            let longer = rows
                .iter()
                .map(move |row| [&program[..], std::slice::from_ref(row)].concat());
            longer.collect::<Vec<_>>()
        };
        programs = programs.into_iter().flat_map(longer).collect();
    }
    programs.retain(makes_sense);
    programs
}

/// J1, J3, J4, J5
#[test]
fn every_program() {
    let of = |owners: &[usize], body: usize, bound| {
        let owned: Vec<String> = owners.iter().map(ToString::to_string).collect();
        Table {
            name: "Running: join, join_timeout, is_finished, detach, drop; time".to_owned(),
            size: format!("{}, {body} inside", owned.join("+")),
            bound,
            programs: programs(owners, body),
        }
    };
    explore_all::<OneThread>(or_larger(
        vec![
            of(&[3], 0, ONCE),
            of(&[2], 1, ONCE),
            of(&[3], 1, ONCE),
            of(&[1, 1], 1, ONCE),
            of(&[2, 1], 1, ONCE),
        ],
        vec![
            of(&[3], 1, TWICE),
            of(&[2, 1], 1, TWICE),
            of(&[2, 1], 2, ONCE),
        ],
    ));
}

/// Found by `every_program`.
#[test]
fn poll_of_a_thread_whose_thread_locals_take_long_to_drop() {
    holds::<OneThread>(vec![vec![Poll, LetGo], vec![Linger]]);
}
