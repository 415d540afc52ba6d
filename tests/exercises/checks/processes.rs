#[path = "../solutions/processes.rs"]
mod solution;
#[path = "../starters/processes.rs"]
mod starter;

use std::process::Command;

use super::Exercise;

pub(super) const EXERCISE: Exercise = Exercise {
    name: "processes",
    task: "A program that fails is an error.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "nobody looks at its exit code",
};

/// The program is cargo: where there are exercises, there is cargo.
fn check(run: fn(&mut Command) -> Result<String, Option<i32>>) {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let said = run(Command::new(&cargo).arg("--version"));
    assert!(
        said.is_ok_and(|said| said.starts_with("cargo")),
        "cargo --version prints its version"
    );
    let failed = run(Command::new(&cargo).arg("no-such-command"));
    assert!(
        failed.is_err(),
        "the program failed, and nobody looks at its exit code"
    );
    assert_eq!(
        failed,
        Err(Some(101)),
        "the exit code of cargo no-such-command"
    );
}
