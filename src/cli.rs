//! The command line: parse, call the library, print. Imports point inwards:
//!
//! ```text
//!   what main calls       tour · fetch · serve · schedule · command_line
//!                           ↓
//!   what runs             sections · work, the jobs of worker processes
//!                           ↓
//!   what all stand on     options · notebook, the table of sections · failure · printer · print · output
//! ```

mod command_line;
mod failure;
mod notebook;
mod options;
mod output;
mod print;
mod printer;

mod sections;
pub(crate) mod work;

mod fetch;
mod schedule;
mod serve;
mod tour;

use std::process::ExitCode;

use threadproof::atomic_file::left_out;
use threadproof::{signals, stop_on_signals};

use self::failure::Failure;
use self::options::{Command, Program};
use self::output::Lost;

pub(crate) fn main() -> ExitCode {
    let program = match command_line::read() {
        Ok(program) => program,
        Err(code) => return end(Ok(()), code),
    };
    let outcome = run(program);
    end(outcome, 0)
}

fn run(program: Program) -> Result<(), Failure> {
    let stop = stop_on_signals().map_err(|error| Failure::io("listening for signals", error))?;
    match program.command {
        None => tour::run(program.options, stop),
        Some(Command::Section(command)) => tour::run_one(command.section(), program.options, stop),
        Some(Command::List) => {
            tour::list(&program.options);
            Ok(())
        }
        Some(Command::Replay(replay)) => schedule::replay(&replay, &program.options),
        Some(Command::Orders { program: one }) => {
            schedule::orders(one, &program.options);
            Ok(())
        }
        Some(Command::Fetch(fetch)) => fetch::run(&fetch, &program.options, stop),
        Some(Command::Serve(serve)) => serve::run(&serve, &program.options, stop),
        Some(Command::DaemonProgram(ending)) => {
            sections::daemon::program(ending, &program.options, stop)
        }
    }
}

/// Whatever the section made of it: first a signal decides the exit code, then a failure, then a line
/// that was lost.
fn end(outcome: Result<(), Failure>, code: u8) -> ExitCode {
    for step in left_out() {
        output::complain(format_args!("threadproof: note: {step}"));
    }
    if let Some(code) = signals::exit_code() {
        return ExitCode::from(code);
    }
    match (outcome, output::lost()) {
        (Ok(()) | Err(Failure::Unheard), Some(Lost::CannotWrite(error))) if code == 0 => {
            Failure::Stdout(error).report()
        }
        (Ok(()) | Err(Failure::Unheard), _) => ExitCode::from(code),
        (Err(failure), _) => failure.report(),
    }
}
