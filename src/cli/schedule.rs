//! `replay` and `orders`: a small program's steps, taken in a given order or in every order.

use std::collections::BTreeSet;

use serde_json::json;
use threadproof::schedule::{PROGRAMS, Program, Run, count};

use super::failure::Failure;
use super::options::{Options, Replay};
use super::output::line;

/// One order, on real threads.
pub(crate) fn replay(replay: &Replay, options: &Options) -> Result<(), Failure> {
    let program = replay.program;
    let version = if replay.mended {
        &program.mended
    } else {
        &program.broken
    };
    let run = match &replay.schedule {
        Some(schedule) => {
            let run = version.replay(&schedule.to_uppercase());
            run.map_err(|impossible| Failure::Usage(impossible.to_string()))?
        }
        None => {
            let mut runs = version.orders();
            let first_bad = runs.iter().position(|run| !run.verdict.is_good());
            runs.swap_remove(first_bad.unwrap_or(0))
        }
    };
    if options.json {
        let steps: Vec<_> = run
            .steps
            .iter()
            .map(|step| json!({ "thread": step.thread.to_string(), "words": step.words }))
            .collect();
        line(format_args!(
            "{}",
            json!({
                "program": program.name, "version": version.name, "schedule": run.schedule,
                "steps": steps, "verdict": run.verdict.to_string(),
            })
        ));
    } else {
        print_run(program, version.name, &run);
    }
    Ok(())
}

/// A column a thread, so that the order is seen at a glance.
fn print_run(program: &Program, version: &str, run: &Run) {
    let threads: BTreeSet<char> = run.steps.iter().map(|step| step.thread).collect();
    let width = run
        .steps
        .iter()
        .map(|step| step.words.len())
        .max()
        .unwrap_or(0);
    let row = |cells: &dyn Fn(char) -> String| {
        let cells = threads
            .iter()
            .map(|thread| format!("{:<width$}", cells(*thread)));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    line(format_args!(
        "{}, {version}: {}",
        program.name, run.schedule
    ));
    line(format_args!(
        "  step  {}",
        row(&|thread| thread.to_string())
    ));
    for (number, step) in (1..).zip(&run.steps) {
        let words = row(&|thread| {
            let is_it = thread == step.thread;
            if is_it {
                step.words.clone()
            } else {
                String::new()
            }
        });
        line(format_args!("  {number:>4}  {words}"));
    }
    line(format_args!("{}", run.verdict));
}

/// Every order that the steps can be taken in, and how each ends.
pub(crate) fn orders(program: Option<&'static Program>, options: &Options) {
    for program in PROGRAMS
        .iter()
        .filter(|one| program.is_none_or(|it| it.name == one.name))
    {
        if !options.json {
            line(format_args!("{}: {}", program.name, program.about));
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
                line(format_args!("{object}"));
                continue;
            }
            line(format_args!(
                "  {}: {}",
                version.name,
                count(runs.len(), bad)
            ));
            for run in runs {
                line(format_args!("    {:<9} {}", run.schedule, run.verdict));
            }
        }
    }
}
