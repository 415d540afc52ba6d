//! The way through the notebook: its list of sections, one of them, or all with the closing table.

use std::io::Write;
use std::path::PathBuf;

use serde_json::{Value, json};

use threadproof::{AtomicFile, Event};

use super::failure::Failure;
use super::notebook::{SECTIONS, Section};
use super::options::Options;
use super::output::{columns, line};
use super::sections;
use super::sections::context::{Context, Outcome};

/// Prints the sections, and runs none.
pub(crate) fn list(options: &Options) {
    if options.json {
        for section in &SECTIONS {
            let object = json!({
                "section": section.number, "name": section.name, "module": section.module,
                "notebook": section.notebook, "python": section.python,
            });
            line(format_args!("{object}"));
        }
        return;
    }
    let row = |number: &str, name, module, notebook, python| {
        let start = format!(" {number:>2}  {name:<13} {module:<13} {notebook:<38}");
        (start, format!(" {python}"))
    };
    let head = row("§", "subcommand", "module", "notebook", "Python");
    let sections = SECTIONS.iter().map(|section| {
        let (name, module) = (section.name, section.module);
        let number = section.number.to_string();
        row(&number, name, module, section.notebook, section.python)
    });
    for row in fitting(std::iter::once(head).chain(sections)) {
        line(format_args!("{row}"));
    }
}

/// The rows of a table, whose last column is left out where a window is too narrow for it.
fn fitting(rows: impl IntoIterator<Item = (String, String)>) -> Vec<String> {
    let rows: Vec<_> = rows.into_iter().collect();
    let length = |(start, end): &(String, String)| start.chars().count() + end.chars().count();
    let fits = rows.iter().map(length).max() <= Some(columns());
    let row = |(start, end): (String, String)| match fits {
        true => start + &end,
        false => start.trim_end().to_owned(),
    };
    rows.into_iter().map(row).collect()
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
    let row = |[number, name, seconds, ratio, ideal, with, what]: [&str; 7]| {
        let place = format!(" {number:>2}  {name:<13} {seconds:>8}");
        let start = format!("{place}  {ratio:>5}  {ideal:>5}  {with:<19}");
        (start, format!("  {what}"))
    };
    let (with, what) = ("compared with", "what happened");
    let head = row(["§", "section", "seconds", "ratio", "ideal", with, what]);
    let mut rows = vec![head];
    for (section, outcome) in SECTIONS.iter().zip(outcomes) {
        let (number, seconds) = (section.number.to_string(), outcome.time.as_secs_f64());
        let baseline = outcome.baseline.as_ref();
        let in_words = |ratio: Option<f64>| ratio.map(|ratio| format!("{ratio:.2}"));
        let ratio = in_words(outcome.ratio());
        let ideal = in_words(baseline.map(|baseline| baseline.ideal));
        let [ratio, ideal] = [&ratio, &ideal].map(|words| words.as_deref().unwrap_or("–"));
        let with = baseline.map_or("–", |baseline| baseline.what);
        let (name, what, seconds) = (section.name, &outcome.what, format!("{seconds:.4}"));
        rows.push(row([&number, name, &seconds, ratio, ideal, with, what]));
    }
    fitting(rows)
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
