//! From the steps of a record to the rows of its picture.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use super::{Record, Words};
use crate::mutant::{self, Mutant};
use crate::steps::{Ended, Step, shown};
use crate::workspace::read;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Takes locks and gives them all back, and nobody comes between.
    Section,
    Take,
    Give,
    Sleep,
    Wake,
    Notify,
    Start,
    Join,
    /// An atomic, a cell, a call.
    Touch,
    /// Steps that decide nothing.
    Fold,
    /// What the test complained of.
    Harm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    None,
    Guilty,
    ForEver,
    DataRace,
    Harm,
}

#[derive(Debug)]
pub(super) struct Row {
    pub(super) thread: usize,
    pub(super) kind: Kind,
    pub(super) words: String,
    pub(super) locks: Vec<String>,
    /// The first and the last step, as the table numbers them; zero for none.
    pub(super) steps: (usize, usize),
    pub(super) mark: Mark,
    /// The thread that is started or joined.
    pub(super) peer: usize,
    /// What is touched: a condition variable, an atomic.
    pub(super) object: String,
    /// The operation and its value, for what is touched.
    pub(super) touch: (String, String),
    /// Whether somebody said something about it.
    is_told: bool,
}

/// A step with what the source knows of it.
struct Act<'a> {
    step: &'a Step,
    operation: &'a str,
    name: String,
    steps: (usize, usize),
    function: String,
    said: Option<String>,
}

/// The broken source, line by line.
struct Source {
    changed: BTreeMap<String, String>,
    of_operation: Regex,
    of_function: Regex,
}

impl Source {
    fn new(mutant: &Mutant) -> Self {
        let operations = r"([a-z_]\w*)(?:\.0)?\.(?:lock|wait\w*|notify\w*|load|store|swap|fetch_\w+|read|write)\(";
        Self {
            changed: mutant.copy().changed,
            of_operation: Regex::new(operations).expect("a pattern"),
            of_function: Regex::new(r"^\s*(?:pub(?:\(\w+\))? )?(?:const )?fn (\w+)")
                .expect("a pattern"),
        }
    }

    fn text(&self, file: &str) -> String {
        self.changed
            .get(file)
            .cloned()
            .unwrap_or_else(|| read(file))
    }

    /// What is locked, slept on or read at a line: the field before the call.
    fn field(&self, file: &str, line: u32) -> Option<String> {
        let text = self.text(file);
        let line = text.lines().nth(line as usize - 1)?;
        Some(self.of_operation.captures(line)?[1].to_owned())
    }

    fn function(&self, file: &str, line: usize) -> String {
        let text = self.text(file);
        let before: Vec<&str> = text.lines().take(line).collect();
        let name = before
            .iter()
            .rev()
            .find_map(|line| Some(self.of_function.captures(line)?[1].to_owned()));
        name.unwrap_or_default()
    }

    /// The lines of the broken file that are new, or where something is gone.
    fn changed_lines(&self) -> BTreeSet<(String, usize)> {
        let mut lines = BTreeSet::new();
        for (file, broken) in &self.changed {
            let whole = read(file);
            let patch = diffy::create_patch(&whole, broken);
            for hunk in patch.hunks() {
                let mut at = hunk.new_range().start();
                for line in hunk.lines() {
                    match line {
                        diffy::Line::Context(_) => at += 1,
                        diffy::Line::Delete(_) => {
                            lines.insert((file.clone(), at));
                        }
                        diffy::Line::Insert(_) => {
                            lines.insert((file.clone(), at));
                            at += 1;
                        }
                    }
                }
            }
        }
        lines
    }
}

pub(super) fn rows_of(mutant: &Mutant, record: &Record, words: &Words) -> Result<Vec<Row>, String> {
    let source = Source::new(mutant);
    let ended = mutant::ended(&record.how);
    let steps = shown(&record.steps, ended);
    let mut said = words.says.clone();
    for key in words.says.keys() {
        let (number, operation) = key.split_once(' ').unwrap_or((key, ""));
        let number: usize = number
            .parse()
            .map_err(|_| format!("{key:?} begins with no number"))?;
        let step = number.checked_sub(1).and_then(|at| steps.get(at));
        let step = step.ok_or_else(|| format!("there is no step {number} to say something of"))?;
        if step.operation != operation {
            return Err(format!(
                "step {number} is `{}`, and words are of {key:?}",
                step.operation
            ));
        }
    }
    let threads = 1 + steps.iter().map(|step| step.thread).max().unwrap_or(0);
    if threads != words.threads.len() {
        return Err(format!(
            "{threads} threads, and roles for {}",
            words.threads.len()
        ));
    }
    let names = names_of(&mutant.name, &source, &steps, words)?;
    let acts = acts_of(&source, &steps, words, &names, &mut said);
    let guilty = words.guilty.unwrap_or_else(|| guilty_step(&source, &acts));
    let mut rows = gathered(&acts, &names);
    let last = rows.iter().map(|row| row.thread).next_back().unwrap_or(0);
    for row in &mut rows {
        let (first, end) = row.steps;
        let of_row = &steps[first - 1..end];
        let ends = of_row
            .iter()
            .map(|step| step.end(&record.steps, ended))
            .collect::<String>();
        row.mark = match ends {
            _ if (first..=end).contains(&guilty) => Mark::Guilty,
            ends if ends.contains("for ever") => Mark::ForEver,
            ends if ends.contains("data race") => Mark::DataRace,
            _ => Mark::None,
        };
    }
    if ended == Ended::Otherwise && rows.iter().all(|row| row.mark != Mark::DataRace) {
        let words = words.harm.clone().unwrap_or_else(|| record.how.clone());
        let mut row = Row::new(last, Kind::Harm, (0, 0));
        (row.words, row.mark) = (words, Mark::Harm);
        rows.push(row);
    }
    Ok(folded(rows))
}

impl Row {
    fn new(thread: usize, kind: Kind, steps: (usize, usize)) -> Self {
        Self {
            thread,
            kind,
            words: String::new(),
            locks: Vec::new(),
            steps,
            mark: Mark::None,
            peer: 0,
            object: String::new(),
            touch: Default::default(),
            is_told: false,
        }
    }
}

/// Each object by the name of its field. Of two fields of one name the owner is named as well.
fn names_of(
    name: &str,
    source: &Source,
    steps: &[&Step],
    words: &Words,
) -> Result<BTreeMap<String, String>, String> {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for step in steps {
        let Step {
            object,
            operation,
            file,
            line,
            ..
        } = step;
        if ["start", "join", "call", "answer"].contains(&operation.as_str()) {
            continue;
        }
        let field = source.field(file, *line);
        let is_lock = operation == "lock";
        let in_turn = source
            .text(file)
            .lines()
            .nth(*line as usize - 1)
            .is_some_and(|line| line.contains("in_turn("));
        if is_lock && field.is_none() && !in_turn {
            return Err(format!(
                "{file}:{line} takes no lock, says the source; MUTANTS={name} BLESS=1 cargo test --test mutants records it anew"
            ));
        }
        if let Some(field) = words.permits.get(object).cloned().or(field) {
            names.entry(object.clone()).or_insert(field);
        }
    }
    for step in steps {
        // Without its module, which stands first.
        let short = step
            .object
            .split_once(' ')
            .map_or(&*step.object, |(_, rest)| rest);
        names
            .entry(step.object.clone())
            .or_insert_with(|| short.trim_end_matches(" 2").to_owned());
    }
    let all: Vec<(String, String)> = names.clone().into_iter().collect();
    for (object, name) in &all {
        let alike: Vec<&String> = all
            .iter()
            .filter(|(_, other)| other == name)
            .map(|(object, _)| object)
            .collect();
        if alike.len() == 1 {
            continue;
        }
        let owner = |object: &str| object.split(' ').next().unwrap_or_default().to_owned();
        let number = object
            .rsplit(' ')
            .next()
            .filter(|word| word.parse::<u32>().is_ok());
        let same_owner = alike
            .iter()
            .filter(|other| owner(other) == owner(object))
            .count()
            > 1;
        let number = number
            .filter(|_| same_owner)
            .map(|number| format!(" {number}"))
            .unwrap_or_default();
        let full = match same_owner && alike.iter().all(|other| owner(other) == owner(object)) {
            true => format!("{name}{number}"),
            false => format!("{}.{name}{number}", owner(object)),
        };
        names.insert(object.clone(), full);
    }
    Ok(names)
}

/// The steps, with the short sections of a permit as one act each.
fn acts_of<'a>(
    source: &Source,
    steps: &[&'a Step],
    words: &Words,
    names: &BTreeMap<String, String>,
    said: &mut BTreeMap<String, String>,
) -> Vec<Act<'a>> {
    let mut acts = Vec::new();
    let mut at = 0;
    while at < steps.len() {
        let step = steps[at];
        let function = source.function(&step.file, step.line as usize);
        let is_permit = words.permits.contains_key(&step.object) && step.operation == "lock";
        let length = if is_permit { 2 } else { 1 };
        let operation = match step.operation.as_str() {
            "lock" if is_permit && function == "drop" => "unlock",
            other => other,
        };
        let number = at + 1;
        acts.push(Act {
            step,
            operation,
            name: names[&step.object].clone(),
            steps: (number, at + length),
            function,
            said: said.remove(&format!("{number} {}", step.operation)),
        });
        at += length;
    }
    acts
}

/// The last step that is nearest to a changed line, in the function of that line, and not below it.
fn guilty_step(source: &Source, acts: &[Act]) -> usize {
    let lines = source.changed_lines();
    let distance = |act: &Act| {
        let of_file = lines.iter().filter(|(file, _)| *file == act.step.file);
        let near = of_file.filter_map(|(file, line)| {
            (source.function(file, *line) == act.function).then_some(())?;
            let at = act.step.line as usize;
            Some(if at <= *line {
                line - at
            } else {
                100 + at - line
            })
        });
        near.min().unwrap_or(usize::MAX)
    };
    let nearest = acts.iter().map(distance).min().unwrap_or(0);
    let guilty = acts.iter().rfind(|act| distance(act) == nearest);
    guilty.map_or(0, |act| act.steps.1)
}

/// Lock to last unlock of one thread, with nobody between, is one row.
fn gathered(acts: &[Act], names: &BTreeMap<String, String>) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut at = 0;
    while at < acts.len() {
        let act = &acts[at];
        let end = section(&acts[at..]).map_or(at, |length| at + length - 1);
        let of_row = &acts[at..=end];
        let mut row = Row::new(
            act.step.thread,
            Kind::Section,
            (act.steps.0, acts[end].steps.1),
        );
        let said: Vec<String> = of_row.iter().filter_map(|act| act.said.clone()).collect();
        row.is_told = !said.is_empty();
        row.words = said.join("; ");
        if end > at {
            let inner = of_row.iter().filter(|act| act.operation == "lock");
            for lock in inner.clone() {
                if !row.locks.contains(&lock.name) {
                    row.locks.push(lock.name.clone());
                }
            }
            let mut named = inner;
            let named = named.rfind(|act| act.step.file.starts_with("src/"));
            if let Some(act) = named.filter(|_| !row.is_told) {
                row.words = format!("{}()", act.function);
            }
        } else {
            single(act, names, &mut row);
        }
        rows.push(row);
        at = end + 1;
    }
    // A thread takes a lock and sleeps at once: what it looked for stands at the lock.
    let contended: BTreeSet<String> = {
        let by = |name: &str| {
            let threads: BTreeSet<usize> = acts
                .iter()
                .filter(|act| act.name == name)
                .map(|act| act.step.thread)
                .collect();
            threads.len() > 1
        };
        acts.iter()
            .map(|act| act.name.clone())
            .filter(|name| by(name))
            .collect()
    };
    let threads: Vec<usize> = rows.iter().map(|row| row.thread).collect();
    for (place, row) in rows.iter_mut().enumerate() {
        let neighbours = [place.checked_sub(1), Some(place + 1)];
        let mut neighbours = neighbours
            .iter()
            .flatten()
            .filter_map(|at| threads.get(*at));
        let is_beside = neighbours.any(|thread| *thread != row.thread);
        let is_shared = row.locks.iter().any(|lock| contended.contains(lock));
        if row.kind == Kind::Section && !row.is_told && !(is_beside && is_shared) {
            row.kind = Kind::Fold;
        }
    }
    rows
}

/// How many acts there are from a lock to the end of all that was locked meanwhile.
fn section(acts: &[Act]) -> Option<usize> {
    let (mut depth, first) = (0, acts.first()?);
    for (place, act) in acts.iter().enumerate() {
        if act.step.thread != first.step.thread {
            return None;
        }
        match act.operation {
            "lock" => depth += 1,
            "unlock" if depth > 0 => depth -= 1,
            _ => return None,
        }
        if depth == 0 {
            return Some(place + 1);
        }
    }
    None
}

fn single(act: &Act, names: &BTreeMap<String, String>, row: &mut Row) {
    let Act { step, name, .. } = act;
    // "gives the event lock back", "takes the event lock"
    let lock = step
        .value
        .trim_start_matches("gives the ")
        .trim_end_matches(" back");
    let lock = names.get(lock.trim_start_matches("takes the ")).cloned();
    let number_of = |object: &str| object.trim_start_matches('T').parse().unwrap_or(0);
    let told = std::mem::take(&mut row.words);
    let with = |words: String| match told.is_empty() {
        true => words,
        false => format!("{words}: {told}"),
    };
    row.object = name.clone();
    row.touch = (act.operation.to_owned(), step.value.clone());
    (row.kind, row.words) = match act.operation {
        "lock" => (Kind::Take, told.clone()),
        "unlock" => (Kind::Give, told.clone()),
        "sleep" => (Kind::Sleep, with(format!("sleeps on {name}"))),
        "wake up" => (Kind::Wake, with("wakes up".to_owned())),
        "notify one" => (Kind::Notify, with(format!("wakes one on {name}"))),
        "notify all" => (Kind::Notify, with(format!("wakes all on {name}"))),
        "start" => (Kind::Start, format!("starts {}", step.object)),
        "join" => (Kind::Join, format!("joins {}", step.object)),
        other => (Kind::Touch, with(touched(other, name, &step.value))),
    };
    row.peer = number_of(&step.object);
    row.locks = match row.kind {
        Kind::Take | Kind::Give => vec![name.clone()],
        Kind::Sleep | Kind::Wake => lock.into_iter().collect(),
        _ => Vec::new(),
    };
}

fn touched(operation: &str, name: &str, value: &str) -> String {
    let value = value.replace(&usize::MAX.to_string(), "usize::MAX");
    let (first, rest) = value.split_once(", ").unwrap_or((&value, ""));
    match operation {
        "load" => {
            let (order, stale) = rest.split_once(", ").unwrap_or((rest, ""));
            let stale = if stale.is_empty() {
                ""
            } else {
                ", an old value"
            };
            format!("{name}.load({order}) gives {first}{stale}")
        }
        "store" => format!("{name}.store({first}, {rest})"),
        "swap" => {
            let new = first.rsplit(' ').next().unwrap_or_default();
            format!("{name}.swap({new}, {rest})")
        }
        "read" => format!("reads {name}"),
        "write" => format!("writes {name} = {value}"),
        "call" => format!("calls {name}"),
        "answer" => format!("{name} gives {value}"),
        other => format!("{other}s {name}: {value}"),
    }
}

/// Two or more rows of one thread that decide nothing become one; one alone stays.
fn folded(rows: Vec<Row>) -> Vec<Row> {
    let mut out: Vec<Row> = Vec::new();
    for mut row in rows {
        if row.kind == Kind::Fold && row.mark != Mark::None {
            row.kind = Kind::Section;
        }
        match out.last_mut() {
            Some(last)
                if last.kind == Kind::Fold
                    && row.kind == Kind::Fold
                    && last.thread == row.thread =>
            {
                last.steps.1 = row.steps.1;
                last.locks.clear();
            }
            _ => out.push(row),
        }
    }
    for row in out.iter_mut().filter(|row| row.kind == Kind::Fold) {
        if row.locks.is_empty() {
            row.words = format!(
                "… {} steps that decide nothing",
                row.steps.1 - row.steps.0 + 1
            );
        } else {
            row.kind = Kind::Section;
        }
    }
    out
}
