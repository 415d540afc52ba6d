//! `list`: the table of sections.

use std::io::{ErrorKind, Write};

use super::failure::Failure;
use super::sections::SECTIONS;

pub(crate) fn run() -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    let mut line = |text: String| match writeln!(stdout, "{text}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Failure::PipeClosed),
        other => other.map_err(|error| Failure::io("stdout", error)),
    };
    line(format!(
        " {:>2}  {:<13} {:<13} {:<38} Python",
        "§", "subcommand", "module", "notebook"
    ))?;
    for section in &SECTIONS {
        let (number, name, module) = (section.number, section.name, section.module);
        let (notebook, python) = (section.notebook, section.python);
        line(format!(
            " {number:>2}  {name:<13} {module:<13} {notebook:<38} {python}"
        ))?;
    }
    Ok(())
}
