//! The programs of the turns that are explored.

use super::super::enumerate::sequences;
use super::super::explore::{Table, holds_within};
use super::super::{Bound, ONCE, Program, TWICE, explore_all, or_larger};
use super::Call::{self, *};
use super::{Turns, jobs_of};
use crate::loom_models::crew::SLOW;

/// Whether the row has asked before this call, and neither waited nor left since.
pub(super) fn comes_back(row: &[Call], before: usize) -> bool {
    let mut earlier = row[..before].iter().rev();
    let last = earlier.find(|call| !matches!(call, UntilRun(_) | TimePasses));
    matches!(last, Some(Ask(_)))
}

pub(super) fn makes_sense(program: &Program<Call>) -> bool {
    let jobs: Vec<u64> = jobs_of(program).collect();
    let is_asked = |job: u64| program.iter().flatten().any(|call| *call == Ask(job));
    let has_sense = |row: &Vec<Call>| {
        row.iter().enumerate().all(|(at, call)| match *call {
            Wait(job) | WaitTimeout(job) | Poll(job) => jobs.contains(&job),
            // Who shall come back in a moment may wait only for what another one drives.
            UntilRun(job) => jobs.contains(&job) && (!comes_back(row, at) || is_asked(job)),
            _ => true,
        })
    };
    let is_new = |(at, job): (usize, &u64)| !jobs[..at].contains(job);
    let has = |wanted: fn(&Call) -> bool| program.iter().flatten().any(wanted);
    jobs.iter().enumerate().all(is_new)
        && !jobs.is_empty()
        && has(|call| *call == TimePasses) <= has(|call| matches!(call, WaitTimeout(_)))
        && program.iter().all(has_sense)
}

/// All whose two callers make so many of these calls.
fn programs(calls: &[Call], size: [usize; 2]) -> Vec<Program<Call>> {
    let [first, second] = size.map(|length| sequences(calls, length));
    let both = first.iter().flat_map(|first| {
        // Of two that make as many calls, the order says nothing.
        let second = second.iter();
        let second = second.filter(move |second| first.len() != second.len() || first <= second);
        second.map(move |second| vec![first.clone(), second.clone()])
    });
    let mut programs: Vec<Program<Call>> = both.collect();
    programs.retain(makes_sense);
    programs
}

fn table(name: &str, calls: &[Call], size: [usize; 2], bound: Bound) -> Table<Call> {
    Table {
        name: format!("Turns: {name}"),
        size: format!("{}+{}", size[0], size[1]),
        bound,
        programs: programs(calls, size),
    }
}

/// X14
#[test]
fn every_program() {
    let with_a_slow_job = [
        Tell(1),
        Tell(SLOW),
        Ask(1),
        Ask(SLOW),
        Wait(1),
        Wait(SLOW),
        WaitForAny,
        Poll(1),
        Close,
        UntilRun(1),
        UntilRun(SLOW),
    ];
    let with_two_alike = [
        Tell(1),
        Tell(2),
        Ask(1),
        Ask(2),
        Wait(1),
        WaitForAny,
        UntilRun(2),
    ];
    let few = [
        Tell(1),
        Ask(1),
        Ask(SLOW),
        Wait(1),
        Wait(SLOW),
        UntilRun(SLOW),
    ];
    let slow = |size, bound| {
        let name = "tell, ask, wait, wait_for_any, poll, close; a slow job";
        table(name, &with_a_slow_job, size, bound)
    };
    let alike = |size, bound| {
        let name = "tell, ask, wait, wait_for_any; two jobs alike";
        table(name, &with_two_alike, size, bound)
    };
    let few = |size, bound| table("tell, ask, wait; a slow job", &few, size, bound);
    explore_all::<Turns>(or_larger(
        vec![
            slow([2, 1], ONCE),
            slow([2, 2], ONCE),
            alike([2, 2], ONCE),
            few([2, 2], TWICE),
        ],
        vec![
            slow([2, 2], TWICE),
            slow([3, 2], ONCE),
            alike([3, 2], ONCE),
            few([3, 2], TWICE),
        ],
    ));
}

/// X14: and the time that passes at any moment.
#[test]
fn every_program_with_deadlines() {
    let calls = [Tell(1), Ask(SLOW), WaitTimeout(1), Wait(1), TimePasses];
    let of = |size, bound| table("tell, ask, wait, wait_timeout; time", &calls, size, bound);
    explore_all::<Turns>(or_larger(
        vec![of([2, 1], ONCE), of([3, 1], ONCE), of([2, 2], ONCE)],
        vec![of([3, 2], ONCE)],
    ));
}

/// This and the next were found by `every_program` in a break.
#[test]
fn who_wakes_up_leaves_the_others_in_the_list() {
    holds_within::<Turns>(ONCE, vec![vec![Tell(SLOW), Ask(1)], vec![Wait(SLOW)]]);
}

#[test]
fn who_comes_back_later_has_woken_a_follower() {
    holds_within::<Turns>(TWICE, vec![vec![Ask(1), UntilRun(SLOW)], vec![Ask(SLOW)]]);
}
