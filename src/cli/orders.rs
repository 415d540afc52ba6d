//! `orders`: every order that the steps of a program can be taken in, and how each ends.

use serde_json::json;
use threadproof::schedule::{PROGRAMS, Program, count};

use super::failure::Failure;
use super::options::Options;
use super::print::Printer;

pub(crate) fn run(program: Option<&'static Program>, options: &Options) -> Result<(), Failure> {
    let mut printer = Printer::new();
    for program in PROGRAMS
        .iter()
        .filter(|one| program.is_none_or(|it| it.name == one.name))
    {
        if !options.json {
            printer.line(format_args!("{}: {}", program.name, program.about))?;
        }
        for version in program.versions() {
            let runs = version.orders();
            let bad = runs.iter().filter(|run| !run.verdict.is_good()).count();
            if options.json {
                let orders: Vec<_> = runs
                    .iter()
                    .map(|run| json!({ "schedule": run.schedule, "verdict": run.verdict.to_string() }))
                    .collect();
                let (program, version) = (program.name, version.name);
                let object = json!({
                    "program": program, "version": version, "bad": bad, "orders": orders,
                });
                printer.line(format_args!("{object}"))?;
                continue;
            }
            printer.line(format_args!(
                "  {}: {}",
                version.name,
                count(runs.len(), bad)
            ))?;
            for run in runs {
                printer.line(format_args!("    {:<9} {}", run.schedule, run.verdict))?;
            }
        }
    }
    Ok(())
}
