//! A program that fails is an error.

use std::process::Command;

pub(super) fn solve(command: &mut Command) -> Result<String, Option<i32>> {
    let output = command.output().expect("it can be started");
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        // `None` if a signal has ended it.
        Err(output.status.code())
    }
}
