//! What needs something that not every machine has: a browser, mdBook, Slurm, Python, strace, two
//! cores, the rights of root.
//!
//! Not run is not passed. libtest cannot say "ignored" at run time, so these tests have a harness
//! that can: it looks for each need before the run, ignores what cannot run and says why, and its
//! last line says how to get what is missing. With `REQUIRE=all`, as in `.ci/run`, what cannot run
//! fails.
//!
//! cargo runs this kind last of all. The doctests are one of its tests, since cargo by itself would
//! run them after it.

#![cfg_attr(
    not(all(feature = "program", unix)),
    allow(dead_code, reason = "most of what has needs is not built then")
)]

// Under loom only the models run, and what these tests need is not built: everything here is for
// other builds.
#[cfg(all(feature = "program", target_os = "linux", not(loom)))]
mod atomic_file;
#[cfg(not(loom))]
mod book;
#[cfg(all(feature = "program", unix, not(loom)))]
mod browser;
#[cfg(not(loom))]
mod built;
#[cfg(all(feature = "program", unix, not(loom)))]
mod cells;
#[cfg(all(feature = "program", unix, not(loom)))]
mod compare;
#[cfg(not(loom))]
mod doctests;
#[cfg(all(feature = "program", target_os = "linux", not(loom)))]
mod download;
#[cfg(not(loom))]
mod examples;
#[cfg(all(feature = "program", unix, not(loom)))]
mod forks;
#[cfg(not(loom))]
mod needs;
#[cfg(all(feature = "program", unix, not(loom)))]
mod not_run;
#[cfg(not(loom))]
mod report;
#[cfg(not(loom))]
mod run;
#[cfg(all(feature = "program", unix, not(loom)))]
mod schedule;
#[cfg(all(feature = "program", target_os = "linux", not(loom)))]
mod slurm;
#[cfg(not(loom))]
#[path = "../support/mod.rs"]
mod support;

/// Those that take longest first, since they are run beside each other.
#[cfg(not(loom))]
fn tests() -> Vec<run::Test> {
    let mut tests = Vec::new();
    #[cfg(all(feature = "program", unix))]
    tests.extend(compare::tests());
    tests.extend(doctests::tests());
    #[cfg(all(feature = "program", target_os = "linux"))]
    tests.extend(slurm::tests());
    #[cfg(all(feature = "program", unix))]
    tests.extend(browser::tests());
    tests.extend(built::tests());
    tests.extend(examples::tests());
    #[cfg(all(feature = "program", unix))]
    tests.extend(cells::tests());
    #[cfg(all(feature = "program", unix))]
    tests.extend(forks::tests());
    #[cfg(all(feature = "program", unix))]
    tests.extend(schedule::tests());
    #[cfg(all(feature = "program", target_os = "linux"))]
    tests.extend(atomic_file::tests());
    #[cfg(all(feature = "program", target_os = "linux"))]
    tests.extend(download::tests());
    #[cfg(all(feature = "program", unix))]
    tests.extend(not_run::tests());
    tests
}

#[cfg(loom)]
fn main() {}

#[cfg(not(loom))]
fn main() -> std::process::ExitCode {
    #[cfg(all(feature = "program", unix))]
    threadproof::run_if_worker(&threadproof::WorkTable::new().with::<forks::Job>());
    #[cfg(all(feature = "program", target_os = "linux"))]
    if slurm::is_parent_to_be_killed() {
        return std::process::ExitCode::SUCCESS;
    }
    let code = run::run(tests());
    book::remove();
    code
}
