//! A command in front of another.

use std::process::Command;

/// What starts `program` behind `wrapper`, which is a command and its arguments, or nothing.
pub(super) fn solve(wrapper: &[&str], program: &str, args: &[&str]) -> Command {
    let words = [wrapper, &[program], args].concat();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
    command
}
