//! The examples of the documentation. They need nothing but cargo, and must be run before the last
//! line is said.

use std::sync::OnceLock;

use crate::run::Test;
use crate::support::{as_this_build, cargo};

static PASSED: OnceLock<usize> = OnceLock::new();

/// How many there are, once they have passed.
pub(crate) fn passed() -> Option<usize> {
    PASSED.get().copied()
}

pub(crate) fn tests() -> Vec<Test> {
    vec![Test::telling(every_example_of_the_documentation_holds)]
}

fn every_example_of_the_documentation_holds() -> Result<(), String> {
    let mut command = cargo();
    command.args(["test", "--doc", "--quiet", "--color=never"]);
    command.args(as_this_build());
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

/// The sum over all results: examples that share a program have one together, the others their own.
fn number_of(what: &str, said: &str) -> usize {
    let results = said.lines().filter(|line| line.starts_with("test result:"));
    let numbers = results.filter_map(|line| {
        let (before, _) = line.split_once(&format!(" {what}"))?;
        before.rsplit(' ').next()?.parse::<usize>().ok()
    });
    numbers.sum()
}
