//! The command line: parse, call the library, print. One file a subcommand.

mod failure;
mod misbehave;
mod notebook;
mod options;
mod print;
mod sections;
mod signals;
pub(crate) mod work;

mod fetch;
mod list;
mod orders;
mod replay;
mod tour;

use std::process::ExitCode;

use self::failure::Failure;
use self::options::{Command, Program};
use self::signals::Signals;

pub(crate) fn main() -> ExitCode {
    let program = Program::from_command_line();
    let signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => return Failure::io("listening for signals", error).report(),
    };
    let outcome = match program.command {
        None => tour::run(program.options, &signals),
        Some(Command::Section(command)) => {
            tour::run_one(command.section(), program.options, &signals)
        }
        Some(Command::List) => list::run(),
        Some(Command::Replay(replay)) => replay::run(&replay, &program.options),
        Some(Command::Orders { program: one }) => orders::run(one, &program.options),
        Some(Command::Fetch(fetch)) => fetch::run(&fetch, &program.options, &signals),
        Some(Command::DaemonProgram(ending)) => {
            sections::daemon::program(ending, &program.options, &signals)
        }
    };
    // Whatever the section made of it: a signal and a closed pipe decide the exit code.
    match (outcome, signals.exit_code()) {
        (_, Some(code)) => ExitCode::from(code),
        (Ok(()) | Err(Failure::PipeClosed), None) => ExitCode::SUCCESS,
        (Err(failure), None) => failure.report(),
    }
}
