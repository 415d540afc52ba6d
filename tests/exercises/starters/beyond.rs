//! A command in front of another.

use std::process::Command;

/// What starts `program` behind `wrapper`, which is a command and its arguments, or nothing.
pub(super) fn solve(wrapper: &[&str], program: &str, args: &[&str]) -> Command {
    let words = [wrapper, &[program], args].concat();
    // Your turn: who cuts this text into words again?
    Command::new(words.join(" "))
}
