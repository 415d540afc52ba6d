//! What a program costs before it does anything: its start, what it links, its end.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::harness::{Group, timed};
use crate::machine::first_line;

/// Where `cargo bench` at the top says that it has built the program.
pub(crate) const PROGRAM: &str = "THREADPROOF_PROGRAM";

/// A start is too short for the clock alone.
const STARTS: usize = 10;

pub(crate) fn run(group: &mut Group) {
    let python = first_line("python3", &["--version"]);
    if let Some((name, version)) = python.as_deref().and_then(|line| line.split_once(' ')) {
        group.version(name, version);
    }
    let case = "started, ended and waited for";
    let Some(program) = std::env::var_os(PROGRAM) else {
        eprintln!("`cargo bench` at the top says where the program is; without it nothing starts");
        return;
    };
    let program = Path::new(&program);
    group
        .case(case, Duration::from_secs(6))
        .ours("threadproof list", || starts(program, &["list"]))
        .peer("fn main() {}", None, || {
            starts(Path::new(env!("CARGO_BIN_EXE_nothing")), &[])
        })
        .peer_if(python.is_some(), "python3 -c pass", None, || {
            starts(Path::new("python3"), &["-c", "pass"])
        })
        .run();
}

fn starts(program: &Path, arguments: &[&str]) -> f64 {
    let start = || {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null());
        let status = command.stdout(Stdio::null()).status();
        assert!(status.is_ok_and(|status| status.success()), "{command:?}");
    };
    timed(|| (0..STARTS).for_each(|_| start())) / STARTS as f64
}
