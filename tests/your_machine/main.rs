//! What needs something that not every machine has: a browser, mdBook, Slurm, Python, strace, two
//! cores.
//!
//! Not run is not passed. libtest cannot say "ignored" at run time, so these tests have a harness
//! that can: it looks for each need before the run, ignores what cannot run and says why, and its
//! last line says how to get what is missing. With `REQUIRE=all`, as in `.ci/run`, what cannot run
//! fails.
//!
//! cargo runs this kind last of all. The doctests are one of its tests, since cargo by itself would
//! run them after it.

#![cfg_attr(
    not(unix),
    allow(dead_code, reason = "most of what has needs is not built elsewhere")
)]

#[cfg(target_os = "linux")]
mod atomic_file;
mod book;
#[cfg(unix)]
mod browser;
mod built;
#[cfg(unix)]
mod compare;
mod doctests;
mod needs;
#[cfg(unix)]
mod not_run;
mod report;
mod run;
#[cfg(unix)]
mod schedule;
#[cfg(target_os = "linux")]
mod slurm;
#[path = "../support/mod.rs"]
mod support;

use std::process::ExitCode;

use run::Test;

/// Those that take longest first, since they are run beside each other.
fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    #[cfg(unix)]
    tests.extend(compare::tests());
    tests.extend(doctests::tests());
    #[cfg(target_os = "linux")]
    tests.extend(slurm::tests());
    #[cfg(unix)]
    tests.extend(browser::tests());
    tests.extend(built::tests());
    #[cfg(unix)]
    tests.extend(schedule::tests());
    #[cfg(target_os = "linux")]
    tests.extend(atomic_file::tests());
    #[cfg(unix)]
    tests.extend(not_run::tests());
    tests
}

fn main() -> ExitCode {
    // The models are run with this switch, and nothing here can be modelled.
    if cfg!(loom) {
        return ExitCode::SUCCESS;
    }
    #[cfg(target_os = "linux")]
    if slurm::is_parent_to_be_killed() {
        return ExitCode::SUCCESS;
    }
    let code = run::run(tests());
    book::remove();
    code
}
