//! The model checker as a witness: left alone, it finds the very orders that the baton enumerates.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use super::harness::{Bound, holds_as};
use crate::schedule::{Ended, Program, Run, Version};

/// Every run of the version that loom finds, alphabetically.
fn found_by_loom(name: &str, bound: Bound, version: &Version) -> Vec<Run> {
    let found = Arc::new(Mutex::new(BTreeSet::new()));
    let (one, runs) = (*version, found.clone());
    let name = format!("schedule::{name}, {}", version.name);
    holds_as(&name, bound, move || match one.run(None) {
        Ended::Whole(run) => drop(runs.lock().unwrap().insert(run)),
        other => panic!("without an order a run is whole: {other:?}"),
    });
    let found = std::mem::take(&mut *found.lock().unwrap());
    found.into_iter().collect()
}

#[track_caller]
fn loom_tells_the_story_of_the_page(name: &str, bound: Bound, page: &str) {
    let program = Program::named(name).unwrap();
    let told = program.to_markdown(|version| found_by_loom(name, bound, version));
    assert_eq!(told, page);
}

/// Bounded: three threads wait for one baton, and to try everything takes too long. Two preemptions
/// reach every order.
#[test]
fn late_name() {
    let page = include_str!("../../fixtures/blessed/schedules/late-name.md");
    loom_tells_the_story_of_the_page("late-name", Bound::Preemptions(2), page);
}

/// Bounded: three threads wait for one baton, and to try everything takes too long. Two preemptions
/// reach every order.
#[test]
fn missing_join() {
    let page = include_str!("../../fixtures/blessed/schedules/missing-join.md");
    loom_tells_the_story_of_the_page("missing-join", Bound::Preemptions(2), page);
}

#[test]
fn closed_file() {
    let page = include_str!("../../fixtures/blessed/schedules/closed-file.md");
    loom_tells_the_story_of_the_page("closed-file", Bound::Exhaustive, page);
}

#[test]
fn cut_off() {
    let page = include_str!("../../fixtures/blessed/schedules/cut-off.md");
    loom_tells_the_story_of_the_page("cut-off", Bound::Exhaustive, page);
}

#[test]
fn lost_update() {
    let page = include_str!("../../fixtures/blessed/schedules/lost-update.md");
    loom_tells_the_story_of_the_page("lost-update", Bound::Exhaustive, page);
}

#[test]
fn flag_used_again() {
    let page = include_str!("../../fixtures/blessed/schedules/flag-used-again.md");
    loom_tells_the_story_of_the_page("flag-used-again", Bound::Exhaustive, page);
}

#[test]
fn check_then_act() {
    let page = include_str!("../../fixtures/blessed/schedules/check-then-act.md");
    loom_tells_the_story_of_the_page("check-then-act", Bound::Exhaustive, page);
}

#[test]
fn flag_before_letter() {
    let page = include_str!("../../fixtures/blessed/schedules/flag-before-letter.md");
    loom_tells_the_story_of_the_page("flag-before-letter", Bound::Exhaustive, page);
}

#[test]
fn lost_wake_up() {
    let page = include_str!("../../fixtures/blessed/schedules/lost-wake-up.md");
    loom_tells_the_story_of_the_page("lost-wake-up", Bound::Exhaustive, page);
}

#[test]
fn pulse() {
    let page = include_str!("../../fixtures/blessed/schedules/pulse.md");
    loom_tells_the_story_of_the_page("pulse", Bound::Exhaustive, page);
}

#[test]
fn register_versus_stop_all() {
    let page = include_str!("../../fixtures/blessed/schedules/register-versus-stop-all.md");
    loom_tells_the_story_of_the_page("register-versus-stop-all", Bound::Exhaustive, page);
}

/// Bounded: its threads hand the baton on eight times, and two preemptions reach every order.
#[test]
fn two_locks() {
    let page = include_str!("../../fixtures/blessed/schedules/two-locks.md");
    loom_tells_the_story_of_the_page("two-locks", Bound::Preemptions(2), page);
}

/// Bounded, as two locks are: its threads hand the baton on eight times.
#[test]
fn full_queue() {
    let page = include_str!("../../fixtures/blessed/schedules/full-queue.md");
    loom_tells_the_story_of_the_page("full-queue", Bound::Preemptions(2), page);
}

#[test]
fn stop_wakes_nobody() {
    let page = include_str!("../../fixtures/blessed/schedules/stop-wakes-nobody.md");
    loom_tells_the_story_of_the_page("stop-wakes-nobody", Bound::Exhaustive, page);
}

/// Bounded: three threads wait at the baton, and two preemptions reach every order.
#[test]
fn submit_versus_shutdown() {
    let page = include_str!("../../fixtures/blessed/schedules/submit-versus-shutdown.md");
    loom_tells_the_story_of_the_page("submit-versus-shutdown", Bound::Preemptions(2), page);
}
