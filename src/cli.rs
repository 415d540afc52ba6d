//! The command line: parse, call the library, print. Imports point inwards:
//!
//! ```text
//!   what main calls       tour · fetch · schedule
//!                           ↓
//!   what runs             sections · work, the jobs of worker processes
//!                           ↓
//!   what all stand on     options · notebook, the table of sections · failure · print
//! ```

mod failure;
mod notebook;
mod options;
mod print;

mod sections;
pub(crate) mod work;

mod fetch;
mod schedule;
mod tour;

use std::process::ExitCode;

use threadproof::{signals, stop_on_signals};

use self::failure::Failure;
use self::options::{Command, Program};

pub(crate) fn main() -> ExitCode {
    let program = Program::from_command_line();
    let stop = match stop_on_signals() {
        Ok(stop) => stop,
        Err(error) => return Failure::io("listening for signals", error).report(),
    };
    let outcome = match program.command {
        None => tour::run(program.options, stop),
        Some(Command::Section(command)) => tour::run_one(command.section(), program.options, stop),
        Some(Command::List) => tour::list(),
        Some(Command::Replay(replay)) => schedule::replay(&replay, &program.options),
        Some(Command::Orders { program: one }) => schedule::orders(one, &program.options),
        Some(Command::Fetch(fetch)) => fetch::run(&fetch, &program.options, stop),
        Some(Command::DaemonProgram(ending)) => {
            sections::daemon::program(ending, &program.options, stop)
        }
    };
    // Whatever the section made of it: a signal and a closed pipe decide the exit code.
    match (outcome, signals::exit_code()) {
        (_, Some(code)) => ExitCode::from(code),
        (Ok(()) | Err(Failure::PipeClosed), None) => ExitCode::SUCCESS,
        (Err(failure), None) => failure.report(),
    }
}
