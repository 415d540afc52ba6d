//! Six exercises. Each file holds a `starter` that goes wrong, the test that it fails, and a
//! `solution` that passes it.
//!
//! `cargo test --test exercises` runs all of them: a solution must pass, and a starter must fail,
//! for the reason that is stated. To do one, change the function `starter` in its file and run
//! `EXERCISE=join cargo test --test exercises join`: then the test is run with the starter alone.

// Under loom only the models run: `tests/loom`.
#![cfg(not(loom))]

mod check_then_act;
mod event;
mod join;
mod lock_order;
mod pool_map;
#[path = "../support/mod.rs"]
mod support;
mod would_deadlock;

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs the test of the exercise `name` with both functions.
#[track_caller]
fn exercise(name: &str, starter: impl FnOnce(), fails_because: &str, solution: impl FnOnce()) {
    if env::var_os("EXERCISE").is_some_and(|chosen| chosen == name) {
        return starter();
    }
    solution();
    let Err(payload) = catch_unwind(AssertUnwindSafe(starter)) else {
        panic!("the starter of {name} passes; to see whether you solved it, set EXERCISE={name}");
    };
    let said = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or_default();
    assert!(said.contains(fails_because), "the starter fails: {said}");
}
