//! A program as code that can be pasted as a test, and what became of its calls.

use std::any::type_name;
use std::fmt::{Debug, Write};

use super::judge::Record;
use super::run::Failure;
use super::{Calls, Program, Subject, calls_of, members};
use crate::loom_models::steps;

/// `holds::<Type>(vec![…]);`, without the modules that the type stands in.
pub(super) fn code<S: Subject>(program: &Program<S::Call>) -> String {
    let name = type_name::<S>();
    let name = name.rsplit("::").next().unwrap_or(name);
    let rows: Vec<String> = program.iter().map(|row| format!("vec!{row:?}")).collect();
    format!("holds::<{name}>(vec![{}]);", rows.join(", "))
}

/// One line per call.
pub(super) fn history<C: Copy + Debug, A: Debug>(
    program: &Program<C>,
    records: &[Record<A>],
) -> String {
    let mut table = "| call | row | what | answer | after | sees |\n".to_owned();
    table += "| --- | --- | --- | --- | --- | --- |\n";
    for (caller, call) in calls_of(program) {
        let record = &records[caller.me];
        let answer = match (&record.answer, record.has_begun) {
            (Some(answer), _) => format!("{answer:?}"),
            (None, true) => "**blocked**".into(),
            (None, false) => "not begun".into(),
        };
        let (me, row) = (caller.me, caller.row);
        let (before, sees) = (numbers(record.before), numbers(record.sees));
        let _ = writeln!(
            table,
            "| #{me} | {row} | {call:?} | {answer} | {before} | {sees} |"
        );
    }
    table
}

fn numbers(calls: Calls) -> String {
    let numbers: Vec<String> = members(calls).map(|me| format!("#{me}")).collect();
    numbers.join(" ")
}

/// Everything about a program that fails.
pub(super) fn failure<S: Subject>(
    program: &Program<S::Call>,
    schedule: usize,
    failure: &Failure,
) -> String {
    let steps = steps::table(&failure.steps, failure.ended);
    format!(
        "{}\n\nschedule {schedule}: {}\n\n{}\n{steps}",
        code::<S>(program),
        failure.why,
        failure.history
    )
}
