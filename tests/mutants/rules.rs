//! Breaks made by rule, to test the models themselves: who survives must be argued.
//!
//! | rule | the line becomes |
//! |---|---|
//! | wakes one | `notify_one` for `notify_all` |
//! | wakes nobody | no notify at all |
//! | looks once | `if` for `while` |
//! | relaxed | `Ordering::Relaxed` for any other |
//! | not counted | no `+=`, no `-=` |
//! | two sections | before the line the lock is dropped and taken again |

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use crate::workspace::{Copy, read};

/// A modelled file and the models that see it.
const FILES: [(&str, &[&str]); 14] = [
    ("src/event.rs", &["event::"]),
    ("src/stop_flags.rs", &["stop_flags::"]),
    ("src/locked_flags.rs", &["locked_flags::"]),
    ("src/semaphore.rs", &["semaphore::", "order::"]),
    ("src/download/order.rs", &["order::"]),
    ("src/chunks.rs", &["chunks::", "batch::"]),
    ("src/outcomes.rs", &["chunks::", "batch::"]),
    ("src/lifecycle/outcome.rs", &["lifecycle::"]),
    ("src/thread_pool/batch.rs", &["batch::"]),
    ("src/thread_pool/builder.rs", &["whole_pool::"]),
    (
        "src/thread_pool/cell.rs",
        &["thread_pool::", "programs::job::"],
    ),
    (
        "src/thread_pool/entry.rs",
        &["thread_pool::", "whole_pool::"],
    ),
    (
        "src/thread_pool/queue.rs",
        &[
            "thread_pool::",
            "batch::",
            "whole_pool::",
            "programs::queue::",
        ],
    ),
    ("src/thread_pool/unordered.rs", &["unordered::"]),
];

/// Who survives, and why that is no hole in the models.
pub(crate) const ARGUED: &str = "fixtures/mutants/survivors.md";

/// The rows of the list without their arguments.
pub(crate) fn argued() -> BTreeSet<String> {
    let list = read(ARGUED);
    let rows = list.lines().filter(|line| line.contains(" | src/"));
    let row = |line: &str| {
        let (row, argument) = line
            .trim_end_matches(" |")
            .rsplit_once(" | ")
            .expect("four columns");
        assert!(argument.len() > 10, "no argument: {line}");
        format!("{row} |")
    };
    rows.map(row).collect()
}

/// One line of one file, changed by one rule.
#[derive(Debug)]
pub(crate) struct Generated {
    rule: &'static str,
    file: &'static str,
    function: String,
    /// The line as it stands in the source.
    line: String,
    broken: String,
    pub(crate) models: &'static [&'static str],
}

impl Generated {
    /// All that the rules make of the modelled files.
    pub(crate) fn all() -> Vec<Self> {
        let of_file = |(file, models): &(&'static str, &'static [&'static str])| {
            let source = Source::new(file);
            let breaks = source.breaks();
            let generated = breaks.into_iter().map(|(rule, index, lines)| Self {
                rule,
                file,
                function: source.function(index),
                line: source.lines[index].trim().to_owned(),
                broken: source.with(index, &lines),
                models,
            });
            generated.collect::<Vec<_>>()
        };
        FILES.iter().flat_map(of_file).collect()
    }

    pub(crate) fn copy(&self, number: usize) -> Copy {
        Copy {
            name: format!("generated-{number}"),
            changed: BTreeMap::from([(self.file.to_owned(), self.broken.clone())]),
            models: self
                .models
                .iter()
                .map(|model| model.split("::").next().expect("a file").to_owned())
                .collect(),
        }
    }

    /// How the list of survivors names it.
    pub(crate) fn row(&self) -> String {
        let Self {
            rule,
            file,
            function,
            line,
            ..
        } = self;
        format!("| {rule} | {file}, `{function}` | `{line}` |")
    }
}

struct Source {
    lines: Vec<String>,
}

/// Rule, index of the line, and the lines in its place.
type Break = (&'static str, usize, Vec<String>);

impl Source {
    fn new(file: &str) -> Self {
        let lines = read(file).lines().map(str::to_owned).collect();
        Self { lines }
    }

    // ANCHOR: rules
    fn breaks(&self) -> Vec<Break> {
        let strong = Regex::new("Ordering::(Release|Acquire|AcqRel|SeqCst)").expect("a pattern");
        let mut breaks = Vec::new();
        for (index, line) in self.lines.iter().enumerate() {
            let code = line.trim_start();
            if code.starts_with("//") || code.starts_with("use ") {
                continue;
            }
            let mut without = |rule| breaks.push((rule, index, Vec::new()));
            if line.contains(".notify_") {
                without("wakes nobody");
            }
            if line.contains(" += ") || line.contains(" -= ") {
                without("not counted");
            }
            let mut with = |rule, broken: String| {
                if broken != *line {
                    breaks.push((rule, index, vec![broken]));
                }
            };
            with("wakes one", line.replace("notify_all()", "notify_one()"));
            with(
                "relaxed",
                strong.replace(line, "Ordering::Relaxed").into_owned(),
            );
            if !line.contains("while let ") {
                with("looks once", line.replacen("while ", "if ", 1));
            }
        }
        breaks.extend(self.split_sections());
        breaks
    }
    // ANCHOR_END: rules

    /// Between two statements under one lock, it is dropped and taken again.
    fn split_sections(&self) -> Vec<Break> {
        let takes = Regex::new(r"^( *)let (?:mut )?(\w+) = (.*lock\(.*\));$").expect("a pattern");
        let mut breaks = Vec::new();
        for (index, line) in self.lines.iter().enumerate() {
            let Some(taken) = takes.captures(line) else {
                continue;
            };
            let (indent, name, lock) = (&taken[1], &taken[2], &taken[3]);
            let guarded = Regex::new(&format!(r"\b{name}\b")).expect("a pattern");
            let again = format!("{indent}drop({name}); let mut {name} = {lock};");
            let drops = format!("{indent}drop({name});");
            let block = self.lines.iter().enumerate().skip(index + 1);
            let section = block.take_while(|(_, line)| {
                (line.starts_with(indent) || line.is_empty()) && **line != drops
            });
            // The first statement may as well come after an instant in which others had the lock.
            let statements = section.clone().filter(|(index, line)| {
                let begins = line.trim_start().chars().next();
                let is_begin = begins.is_some_and(|first| first.is_alphabetic() || first == '(');
                let ends_before = self.lines[index - 1].trim_end().ends_with([';', '}']);
                let is_here = line.len() - line.trim_start().len() == indent.len();
                is_here && is_begin && ends_before
            });
            // Nor does it matter where nothing that the lock guards is touched any more.
            let last = section
                .clone()
                .filter(|(_, line)| guarded.is_match(line))
                .last();
            let last = last.map_or(0, |(index, _)| index);
            let splits = statements
                .skip(1)
                .filter(|(index, _)| *index <= last)
                .map(|(index, line)| ("two sections", index, vec![again.clone(), line.clone()]));
            breaks.extend(splits);
        }
        breaks
    }

    /// The function that the line stands in.
    fn function(&self, index: usize) -> String {
        let head = Regex::new(r"^ *(?:pub(?:\(\w+\))? )?fn (\w+)").expect("a pattern");
        let above = self.lines[..=index].iter().rev();
        let name = above.flat_map(|line| head.captures(line)).next();
        name.map_or_else(String::new, |name| name[1].to_owned())
    }

    fn with(&self, index: usize, lines: &[String]) -> String {
        let (before, after) = (&self.lines[..index], &self.lines[index + 1..]);
        [before, lines, after].concat().join("\n") + "\n"
    }
}
