//! Plain lines on stdout, for the commands that tell no story.

use std::io::{ErrorKind, StdoutLock, Write};

use super::failure::Failure;

pub(crate) struct Printer(StdoutLock<'static>);

impl Printer {
    pub(crate) fn new() -> Self {
        Self(std::io::stdout().lock())
    }

    /// Prints a line; a reader who has gone is no error of ours.
    pub(crate) fn line(&mut self, line: std::fmt::Arguments<'_>) -> Result<(), Failure> {
        match writeln!(self.0, "{line}") {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Failure::PipeClosed),
            other => other.map_err(|error| Failure::io("stdout", error)),
        }
    }
}
