//! The exercises. Each is a starter, which you change, a solution, and a check of both.
//!
//! A check panics with what is wrong, in words that do not give the solution away. It never hangs:
//! what may wait for ever runs on a thread of its own, and the check waits for it so long.

#[path = "../checks/back_pressure.rs"]
mod back_pressure;
#[path = "../checks/beyond.rs"]
mod beyond;
#[path = "../checks/borrowing.rs"]
mod borrowing;
#[path = "../checks/channels.rs"]
mod channels;
#[path = "../checks/check_then_act.rs"]
mod check_then_act;
#[path = "../checks/compare.rs"]
mod compare;
#[path = "../checks/crash_loop.rs"]
mod crash_loop;
#[path = "../checks/daemon.rs"]
mod daemon;
#[path = "../checks/deadlock.rs"]
mod deadlock;
#[path = "../checks/event.rs"]
mod event;
#[path = "../checks/flags.rs"]
mod flags;
#[path = "../checks/join.rs"]
mod join;
#[path = "../checks/lost_update.rs"]
mod lost_update;
#[path = "../checks/orders.rs"]
mod orders;
#[path = "../checks/poison.rs"]
mod poison;
#[path = "../checks/pool_map.rs"]
mod pool_map;
#[path = "../checks/process_pool.rs"]
mod process_pool;
#[path = "../checks/processes.rs"]
mod processes;
#[path = "../checks/programs.rs"]
mod programs;
#[path = "../checks/resume.rs"]
mod resume;
#[path = "../checks/sequential.rs"]
mod sequential;
#[path = "../checks/start.rs"]
mod start;
#[path = "../checks/stopping.rs"]
mod stopping;
#[path = "../checks/three_minutes.rs"]
mod three_minutes;
#[path = "../checks/what_a_thread_sees.rs"]
mod what_a_thread_sees;
#[path = "../checks/would_deadlock.rs"]
mod would_deadlock;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// After this long somebody waits for ever. A solution needs a small part of it.
const PATIENCE: Duration = Duration::from_secs(3);

/// In the order of the chapters.
pub(crate) const ALL: [Exercise; 26] = [
    three_minutes::EXERCISE,
    sequential::EXERCISE,
    start::EXERCISE,
    join::EXERCISE,
    borrowing::EXERCISE,
    daemon::EXERCISE,
    lost_update::EXERCISE,
    flags::EXERCISE,
    check_then_act::EXERCISE,
    what_a_thread_sees::EXERCISE,
    event::EXERCISE,
    deadlock::EXERCISE,
    poison::EXERCISE,
    channels::EXERCISE,
    back_pressure::EXERCISE,
    stopping::EXERCISE,
    pool_map::EXERCISE,
    would_deadlock::EXERCISE,
    processes::EXERCISE,
    process_pool::EXERCISE,
    compare::EXERCISE,
    beyond::EXERCISE,
    resume::EXERCISE,
    crash_loop::EXERCISE,
    orders::EXERCISE,
    programs::EXERCISE,
];

#[allow(
    dead_code,
    reason = "the program reads some fields, the tests of the library others"
)]
pub(crate) struct Exercise {
    pub(crate) name: &'static str,
    /// What is to be done, in a few words.
    pub(crate) task: &'static str,
    pub(crate) starter: fn(),
    pub(crate) solution: fn(),
    /// Part of what the check says of the starter as it is.
    pub(crate) fails_because: &'static str,
}

impl Exercise {
    pub(crate) fn file(&self) -> String {
        let name = self.name.replace('-', "_");
        format!("tests/exercises/starters/{name}.rs")
    }
}

pub(crate) const SOLVED: &str = ": solved.";

/// What the program says of the reader's solution.
pub(crate) fn verdict(exercise: &Exercise) -> String {
    let (name, file) = (exercise.name, exercise.file());
    match what_is_wrong(exercise.starter) {
        None => format!("{name}{SOLVED}"),
        Some(why) => format!("{name}: not yet. {why}\n    Your turn: {file}"),
    }
}

/// What the check says, if it fails.
pub(crate) fn what_is_wrong(check: fn()) -> Option<String> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let outcome = catch_unwind(AssertUnwindSafe(check));
        let _ = tell.send(outcome.map_err(|payload| words_of(&*payload)));
    });
    let outcome = told.recv_timeout(PATIENCE * 4);
    outcome
        .unwrap_or_else(|_| Err("it waits for ever".to_owned()))
        .err()
}

/// The text of a panic, without what `assert_eq!` writes around it.
fn words_of(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    let text = text.unwrap_or("it panics");
    text.replace("assertion `left == right` failed: ", "")
        .replace("assertion `left != right` failed: ", "")
        .replace("\n  left: ", "\n    found: ")
        .replace("\n right: ", "\n    should be: ")
}

/// Runs what may wait for ever.
#[track_caller]
pub(crate) fn within_patience<T: Send + 'static>(
    else_say: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (tell, told) = mpsc::channel();
    let thread = thread::spawn(move || {
        let _ = tell.send(body());
    });
    match told.recv_timeout(PATIENCE) {
        Ok(value) => value,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("{else_say}"),
        Err(mpsc::RecvTimeoutError::Disconnected) => match thread.join() {
            Err(payload) => std::panic::resume_unwind(payload),
            Ok(()) => panic!("it gave no answer"),
        },
    }
}
