//! `list`: the table of sections.

use super::failure::Failure;
use super::notebook::SECTIONS;
use super::print::Printer;

pub(crate) fn run() -> Result<(), Failure> {
    let mut printer = Printer::new();
    printer.line(format_args!(
        " {:>2}  {:<13} {:<13} {:<38} Python",
        "§", "subcommand", "module", "notebook"
    ))?;
    for section in &SECTIONS {
        let (number, name, module) = (section.number, section.name, section.module);
        let (notebook, python) = (section.notebook, section.python);
        printer.line(format_args!(
            " {number:>2}  {name:<13} {module:<13} {notebook:<38} {python}"
        ))?;
    }
    Ok(())
}
