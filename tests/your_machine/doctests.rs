//! The examples of the documentation. They need nothing but cargo, and must be run before the last
//! line is said.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::run::Test;
use crate::support::same_features;

static PASSED: OnceLock<usize> = OnceLock::new();

/// How many there are, once they have passed.
pub(crate) fn passed() -> Option<usize> {
    PASSED.get().copied()
}

pub(crate) fn tests() -> Vec<Test> {
    vec![Test::telling(every_example_of_the_documentation_holds)]
}

fn every_example_of_the_documentation_holds() -> Result<(), String> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    let mut command = Command::new(env!("CARGO"));
    command
        .args(["test", "--doc", "--quiet", "--color=never"])
        .arg("--manifest-path")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .arg("--target-dir")
        .arg(target.expect("it is a folder in cargo's own"))
        .args(same_features())
        .stdin(Stdio::null());
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    // What a runner tells a test is about that test, and not about the next cargo.
    let told = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "NEXTEST"];
    for (name, _) in env::vars_os() {
        let shown = name.to_string_lossy();
        if told.iter().any(|start| shown.starts_with(start)) {
            command.env_remove(&name);
        }
    }
    let output = command.output().map_err(|error| error.to_string())?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    match (output.status.success(), number_of("passed", &said)) {
        (true, n @ 1..) if number_of("ignored", &said) == 0 => {
            PASSED.set(n).map_err(|_| "they ran twice".to_owned())
        }
        _ => Err(format!("cargo test --doc: {}\n{said}", output.status)),
    }
}

/// Those that share a program have one result together; the others have theirs.
fn number_of(what: &str, said: &str) -> usize {
    let results = said.lines().filter(|line| line.starts_with("test result:"));
    let numbers = results.filter_map(|line| {
        let (before, _) = line.split_once(&format!(" {what}"))?;
        before.rsplit(' ').next()?.parse::<usize>().ok()
    });
    numbers.sum()
}
