//! One break of the source: what it breaks, which test must fail of it, and how.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::steps::{Ended, Step, table};
use crate::workspace::{Copy, ROOT, Said, files_below, read};

pub(crate) const FOLDER: &str = "fixtures/mutants";

/// How the named tests fail, as they were recorded.
pub(crate) const RECORDS: &str = "fixtures/blessed/mutants";

/// The list of all breaks, for the book.
pub(crate) const LIST: &str = "fixtures/blessed/mutants/list.md";

pub(crate) fn list(rows: &[String]) -> String {
    let head = "| claim | break | what fails of it, and how |\n| --- | --- | --- |";
    format!("{head}\n{}\n", rows.join("\n"))
}

/// `fixtures/mutants/event-notify-one.patch`.
#[derive(Clone, Debug)]
pub(crate) struct Mutant {
    pub(crate) name: String,
    pub(crate) claim: String,
    /// What is broken, in words.
    pub(crate) broken: String,
    /// The test of `tests/loom`, or of `tests`, that must fail.
    pub(crate) fails: String,
    /// Some words of its failure.
    pub(crate) how: String,
    /// Other tests that must fail of it, in whatever way.
    pub(crate) also: Vec<String>,
    patch: String,
}

/// A model that failed as it should.
#[derive(Serialize)]
pub(crate) struct Counterexample<'a> {
    claim: &'a str,
    broken: &'a str,
    test: &'a str,
    /// In this one of the schedules it failed; those before it held.
    schedule: u64,
    how: &'a str,
    steps: &'a [Step],
}

impl Mutant {
    /// All in a folder of fixtures, by name.
    pub(crate) fn all(folder: &str) -> Vec<Self> {
        let files = files_below(&Path::new(ROOT).join(folder));
        let patches = files.iter().filter_map(|path| {
            let name = path.file_name()?.to_str()?.strip_suffix(".patch")?;
            Some(Self::parse(name, &read(&format!("{folder}/{name}.patch"))))
        });
        patches.collect()
    }

    pub(crate) fn parse(name: &str, text: &str) -> Self {
        let (header, patch) = text
            .split_once("\n\n")
            .unwrap_or_else(|| panic!("{name}: four or five lines, an empty one, then the patch"));
        let fields: Vec<_> = header
            .lines()
            .map(|line| line.split_once(": ").unwrap_or((line, "")))
            .collect();
        let (fields, also) = match fields.split_last() {
            Some((("also", also), fields)) => {
                (fields, also.split(", ").map(str::to_owned).collect())
            }
            _ => (&*fields, Vec::new()),
        };
        let [
            ("claim", claim),
            ("broken", broken),
            ("fails", fails),
            ("how", how),
        ] = fields[..]
        else {
            panic!("{name}: the lines are claim, broken, fails, how, perhaps also: not {fields:?}");
        };
        assert!(!how.is_empty(), "{name}: say how the test fails");
        Self {
            name: name.to_owned(),
            claim: claim.to_owned(),
            broken: broken.to_owned(),
            fails: fails.to_owned(),
            how: how.to_owned(),
            also,
            patch: patch.to_owned(),
        }
    }

    /// Which file is broken.
    fn path(&self) -> &str {
        let mut lines = self.patch.lines();
        let path = lines.find_map(|line| line.strip_prefix("--- a/"));
        path.unwrap_or_else(|| panic!("{}: no line `--- a/…`", self.name))
    }

    /// For each hunk the line that says where it stands, and the one that is true; `None` if it stands
    /// nowhere. A patch applies some lines further on as well, but whoever looks the line up is misled.
    pub(crate) fn places(&self) -> Vec<(&str, Option<String>)> {
        let source = read(self.path());
        let source: Vec<&str> = source.lines().collect();
        let (mut places, mut growth) = (Vec::new(), 0);
        for hunk in self.patch.split("\n@@ ").skip(1) {
            let (said, lines) = hunk.split_once('\n').expect("its place, then its lines");
            let with = |marks: [char; 2]| -> Vec<&str> {
                let lines = lines.lines();
                lines.filter_map(|line| line.strip_prefix(marks)).collect()
            };
            let (old, new) = (with([' ', '-']), with([' ', '+']));
            let number = said.trim_start_matches('-').split(',').next();
            let number: usize = number.and_then(|n| n.parse().ok()).expect("-line,length");
            let starts = (1..).zip(source.windows(old.len()));
            let starts = starts.filter_map(|(start, lines)| (lines == old).then_some(start));
            let start = starts.min_by_key(|start: &usize| start.abs_diff(number));
            let is = start.map(|start| {
                let moved = start.saturating_add_signed(growth);
                format!("-{start},{} +{moved},{} @@", old.len(), new.len())
            });
            growth += new.len().cast_signed() - old.len().cast_signed();
            places.push((said, is));
        }
        places
    }

    /// The source with the patch applied.
    pub(crate) fn copy(&self) -> Copy {
        let path = self.path();
        let patch = diffy::Patch::from_str(&self.patch);
        let patch = patch.unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let broken = diffy::apply(&read(path), &patch).unwrap_or_else(|error| {
            panic!(
                "{}: {error}; {path} has changed, so make the same break in it again",
                self.name
            )
        });
        let tests = self.also.iter().chain([&self.fails]);
        let models = tests.filter_map(|test| Some(test.split_once("::")?.0.to_owned()));
        Copy {
            name: self.name.clone(),
            changed: BTreeMap::from([(path.to_owned(), broken)]),
            models: models.collect(),
        }
    }

    /// Whether the named test failed as it should; else what happened instead.
    pub(crate) fn judge<'a>(&'a self, said: &'a Said) -> Result<Counterexample<'a>, String> {
        let model = said.models.iter().find(|model| model.name == self.fails);
        let model = model.ok_or_else(|| format!("no model {} ran:\n{}", self.fails, said.text))?;
        match model.failure() {
            None if said.does_not_end => Err(format!("{} does not end", self.fails)),
            None => Err(format!(
                "{} holds in all {} schedules; a model that cannot see the break proves nothing",
                self.fails, model.schedules
            )),
            Some(how) if !how.contains(&self.how) => Err(format!(
                "{} fails for another reason: `{how}` has no `{}`",
                self.fails, self.how
            )),
            Some(how) => Ok(Counterexample {
                claim: &self.claim,
                broken: &self.broken,
                test: &self.fails,
                schedule: model.schedules,
                how: said_by_loom(how),
                steps: &said.steps,
            }),
        }
    }
}

/// A model, or a test of programs, by its path as the book names it.
pub(crate) fn proof(test: &str) -> String {
    let (file, test) = test.rsplit_once("::").expect("a file and a test");
    format!("tests/loom/{}.rs::{test}", file.replace("::", "/"))
}

pub(crate) fn ended(how: &str) -> Ended {
    match how {
        "deadlock" | "hangs" => Ended::Stuck,
        _ => Ended::Otherwise,
    }
}

/// Without loom's own account of its threads: the last rows of the table show where they stand.
fn said_by_loom(how: &str) -> &str {
    how.split("; threads = ").next().unwrap_or(how)
}

/// A program's quotes, so that the book does not make curly ones of them.
fn straight(said: &str) -> String {
    said.replace('"', "\\\"")
}

impl Counterexample<'_> {
    pub(crate) fn headline(&self) -> String {
        format!(
            "`{}` fails in schedule {}: {}",
            self.test, self.schedule, self.how
        )
    }

    pub(crate) fn to_json(&self) -> String {
        let json = serde_json::to_string_pretty(self);
        json.expect("texts and numbers") + "\n"
    }

    /// The row of the book's list of all breaks.
    pub(crate) fn row(&self, name: &str) -> String {
        let Self {
            claim,
            broken,
            test,
            schedule,
            how,
            ..
        } = self;
        let how = straight(&how.replace('|', "\\|"));
        let proof = proof(test);
        format!("| {claim} | **{name}**<br>{broken} | `{proof}`<br>in schedule {schedule}: {how} |")
    }

    pub(crate) fn to_markdown(&self) -> String {
        format!(
            "{}\n\n{}",
            straight(&self.headline()),
            table(self.steps, ended(self.how))
        )
    }
}
