//! What several kinds of tests share: to wait for a state, to look into a folder, to run the program.

#![allow(
    dead_code,
    unused_imports,
    reason = "each kind of test uses its own part of this file"
)]

mod cargo;
#[cfg(all(feature = "program", target_os = "linux"))]
mod full_port;
#[cfg(unix)]
mod leftovers;
#[cfg(feature = "program")]
mod program;
mod raw_server;
#[cfg(feature = "program")]
mod tls_server;

use std::num::NonZeroUsize;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

pub(crate) use cargo::{TARGET, as_this_build, cargo};
#[cfg(all(feature = "program", target_os = "linux"))]
pub(crate) use full_port::FullPort;
#[cfg(unix)]
pub(crate) use leftovers::*;
#[cfg(feature = "program")]
pub(crate) use program::*;
pub(crate) use raw_server::*;
#[cfg(feature = "program")]
pub(crate) use tls_server::*;

/// After this long a test is broken, and says so instead of hanging.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for a state that another thread brings about.
#[track_caller]
pub(crate) fn until(mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "waited in vain");
        thread::yield_now();
    }
}

/// Runs `body` on a thread of its own, so that a deadlock in it is a failure and no hang.
#[track_caller]
pub(crate) fn ends<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    let running = threadproof::start("body", body).expect("a thread can be started");
    match running.join_timeout(PATIENCE) {
        Ok(outcome) => outcome.unwrap_or_else(|error| panic!("{error}")),
        Err(running) => {
            drop(running.detach());
            panic!("it hangs");
        }
    }
}

/// Copies a program by a process of its own: while a thread of this one had the copy open for writing, a
/// child that another thread is just starting would hold it too, and the copy could not be run ("text file
/// busy").
#[cfg(unix)]
pub(crate) fn copy_program(from: impl AsRef<std::path::Path>, to: &std::path::Path) {
    let copied = std::process::Command::new("cp")
        .arg(from.as_ref())
        .arg(to)
        .status();
    assert!(
        copied.expect("cp can be started").success(),
        "{}",
        to.display()
    );
}

/// A pipe with a name.
#[cfg(unix)]
pub(crate) fn make_a_pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.expect("mkfifo can be started").success());
}

/// Whether every fault and every round is to be tried, and not a sample: `FAULTS=all`, as in
/// `.ci/run`.
pub(crate) fn all_faults() -> bool {
    std::env::var_os("FAULTS").is_some_and(|value| value == "all")
}

/// How many rounds a loop has, and says so if they are a sample.
pub(crate) fn rounds(sample: usize, all: usize) -> usize {
    if all_faults() {
        return all;
    }
    println!("{sample} of {all} rounds; all of them with FAULTS=all");
    sample
}

pub(crate) fn count(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).expect("not zero")
}

/// Something of the caller's that gets in the way of whoever drops it.
#[derive(Debug)]
pub(crate) struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

/// The names of all files in a folder, sorted.
pub(crate) fn files_in(folder: &Path) -> Vec<String> {
    let entries = folder.read_dir().expect("the folder can be read");
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        let name = entry.expect("an entry can be read").file_name();
        name.into_string().expect("a name in UTF-8")
    };
    let mut names: Vec<String> = entries.map(name).collect();
    names.sort();
    names
}

/// Runs the body of the test that calls in a process of its own, which a panic in the wrong place or a
/// signal may end.
#[track_caller]
pub(crate) fn in_a_process_of_its_own(body: impl FnOnce()) {
    const HERE: &str = "THREADPROOF_TEST_IN_ITS_OWN_PROCESS";
    if std::env::var_os(HERE).is_some() {
        return body();
    }
    let this = thread::current();
    let test = this.name().expect("a test has a thread of its name");
    let output = std::process::Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", test, "--nocapture"])
        .env(HERE, "yes")
        .env("RUST_BACKTRACE", "0")
        .output()
        .expect("this binary runs once more");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("running 1 test\n"), "no such test: {said}");
    let cried = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{cried}", output.status);
}

/// Starts the named test of this binary once more, in a process whose surroundings a test may
/// change; says whether it passed there.
pub(crate) fn passes_in_its_own_process(
    test: &str,
    surroundings: impl FnOnce(&mut std::process::Command) -> &mut std::process::Command,
) -> bool {
    let mut again = std::process::Command::new(std::env::current_exe().expect("this binary"));
    let output = surroundings(again.args(["--exact", test])).output();
    let output = output.expect("this binary runs once more");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("running 1 test\n"), "no such test: {said}");
    output.status.success()
}
