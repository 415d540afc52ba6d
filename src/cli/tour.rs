//! The way through the notebook: its list of sections, one of them, or all with the closing table.

use std::io::Write;
use std::path::PathBuf;

use serde_json::{Value, json};

use threadproof::{AtomicFile, Event};

use super::failure::Failure;
use super::notebook::{SECTIONS, Section};
use super::options::Options;
use super::output::line;
use super::sections;
use super::sections::context::{Context, Outcome};

/// Prints the sections, and runs none.
pub(crate) fn list(options: &Options) {
    if !options.json {
        line(format_args!(
            " {:>2}  {:<13} {:<13} {:<38} Python",
            "§", "subcommand", "module", "notebook"
        ));
    }
    for section in &SECTIONS {
        let (number, name, module) = (section.number, section.name, section.module);
        let (notebook, python) = (section.notebook, section.python);
        if options.json {
            let object = json!({
                "section": number, "name": name, "module": module,
                "notebook": notebook, "python": python,
            });
            line(format_args!("{object}"));
        } else {
            line(format_args!(
                " {number:>2}  {name:<13} {module:<13} {notebook:<38} {python}"
            ));
        }
    }
}

/// Runs one section.
pub(crate) fn run_one(
    section: &Section,
    options: Options,
    stop: &'static Event,
) -> Result<(), Failure> {
    let context = Context::new(options, stop)?;
    let picture = Picture::begin(&context.options)?;
    run_section(&context, section)?;
    picture.draw(&context, section.notebook)
}

/// Runs every section, stops at the first that fails, and ends with the table.
pub(crate) fn run(options: Options, stop: &'static Event) -> Result<(), Failure> {
    let context = Context::new(options, stop)?;
    let picture = Picture::begin(&context.options)?;
    let mut outcomes = Vec::new();
    for section in &SECTIONS {
        outcomes.push(run_section(&context, section)?);
        context.story.plain("");
    }
    list_files(&context)?;
    context.story.plain("");
    for line in table(&outcomes) {
        context.story.plain(&line);
    }
    context.check()?;
    picture.draw(&context, "The whole tour")
}

fn run_section(context: &Context, section: &Section) -> Result<Outcome, Failure> {
    context.story.heading(section.number, section.notebook);
    // An error that an interrupt caused is an interrupt.
    let outcome = sections::run(section.command, context).or_else(|failure| {
        context.check()?;
        Err(failure)
    })?;
    context.check()?;
    context.story.summary(&format!("  {}", outcome.summary()));
    if context.options.json {
        let value: Value = outcome.to_json(section);
        context.story.json(&value);
    }
    Ok(outcome)
}

/// The notebook's `!ls`.
fn list_files(context: &Context) -> Result<(), Failure> {
    let folder = context.folder();
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Failure::at(folder))? {
        let entry = entry.map_err(Failure::at(folder))?;
        // Others may use the user's folder, too.
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        let name = entry.file_name().to_string_lossy().into_owned();
        if metadata.is_file() && !name.starts_with('.') {
            files.push((name, metadata.len()));
        }
    }
    files.sort();
    context.story.plain("The files");
    for (name, size) in files {
        context.story.plain(&format!("  {size:>8}  {name}"));
    }
    Ok(())
}

fn table(outcomes: &[Outcome]) -> Vec<String> {
    let what = outcomes
        .iter()
        .map(|outcome| outcome.what.chars().count())
        .max()
        .unwrap_or(0);
    let dash = || "–".to_owned();
    let mut lines = vec![format!(
        " {:>2}  {:<13} {:<what$}  {:>9}  {:>5}  {:>5}  compared with",
        "§", "section", "what happened", "seconds", "ratio", "ideal"
    )];
    for (section, outcome) in SECTIONS.iter().zip(outcomes) {
        let baseline = outcome.baseline.as_ref();
        let ratio = outcome
            .ratio()
            .map_or_else(dash, |ratio| format!("{ratio:.2}"));
        let ideal = baseline.map_or_else(dash, |baseline| format!("{:.2}", baseline.ideal));
        let with = baseline.map_or("–", |baseline| baseline.what);
        lines.push(format!(
            " {:>2}  {:<13} {:<what$}  {:>9.4}  {ratio:>5}  {ideal:>5}  {with}",
            section.number,
            section.name,
            outcome.what,
            outcome.time.as_secs_f64()
        ));
    }
    lines
}

/// The picture of what ran when, if one is wanted; it appears whole, and after all sections.
struct Picture(Option<(PathBuf, AtomicFile)>);

impl Picture {
    /// Begun before the sections, so that a place which cannot be written is found out first.
    fn begin(options: &Options) -> Result<Self, Failure> {
        let Some(path) = &options.timeline else {
            return Ok(Self(None));
        };
        let file = AtomicFile::create(path).map_err(Failure::cannot_write(path))?;
        Ok(Self(Some((path.clone(), file))))
    }

    fn draw(self, context: &Context, title: &str) -> Result<(), Failure> {
        let Some((path, mut file)) = self.0 else {
            return Ok(());
        };
        let axis = context.options.axis.unwrap_or_default();
        let svg = context.timeline.to_svg_until(title, axis);
        let written = file.write_all(svg.as_bytes()).and_then(|()| file.commit());
        written.map_err(Failure::cannot_write(&path))
    }
}
