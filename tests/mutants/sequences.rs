//! Pictures of the schedules that the book shows: a lane for each thread, time goes down.
//!
//! A picture is drawn from the record of a break, `fixtures/blessed/mutants/<name>.json`, and from the
//! broken source, which says what the locks are called and in which function a step was. What neither
//! knows, the roles of the threads and what a look has seen, stands in `fixtures/sequences/<name>.json`.
//! `BLESS=1 cargo test --test mutants sequences` draws them anew.

mod draw;
mod rows;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use serde::Deserialize;

use crate::mutant::{self, Mutant};
use crate::steps::Step;
use crate::workspace::{ROOT, files_below, read};
use crate::{differs_from_fixture, expect_none};
use draw::{Form, escaped};
use rows::{Kind, Mark, Row, rows_of};

const WORDS: &str = "fixtures/sequences";
const PICTURES: &str = "fixtures/blessed/sequences";

/// `fixtures/blessed/mutants/<name>.json`
#[derive(Deserialize)]
struct Record {
    claim: String,
    broken: String,
    schedule: u64,
    how: String,
    steps: Vec<Step>,
}

/// `fixtures/sequences/<name>.json`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    /// What each thread is for; the first is main.
    threads: Vec<String>,
    /// A lock that only guards a semaphore, and the name of the permit: taken by one short section, given
    /// back by another.
    #[serde(default)]
    permits: BTreeMap<String, String>,
    /// What a step means, by its number in the table and its operation: `29 unlock`.
    #[serde(default)]
    says: BTreeMap<String, String>,
    /// The step that the break made, if it is not the one that is nearest to the changed lines.
    guilty: Option<usize>,
    /// What the test complains of, in fewer words.
    harm: Option<String>,
}

/// Nothing for a record without words: it has no picture.
pub(crate) fn complaint(mutant: &Mutant) -> Option<String> {
    let name = &mutant.name;
    let words = format!("{WORDS}/{name}.json");
    Path::new(ROOT).join(&words).is_file().then_some(())?;
    let words =
        serde_json::from_str(&read(&words)).unwrap_or_else(|error| panic!("{words}: {error}"));
    let record = format!("{}/{name}.json", mutant::RECORDS);
    let record: Record =
        serde_json::from_str(&read(&record)).unwrap_or_else(|error| panic!("{record}: {error}"));
    let drawn = match rows_of(mutant, &record, &words) {
        Ok(rows) => figure(name, &record, &words, &rows),
        Err(why) => return Some(format!("{name}: {why}")),
    };
    let differs = differs_from_fixture(&format!("{PICTURES}/{name}.md"), &drawn)?;
    let how = "BLESS=1 cargo test --test mutants sequences";
    Some(differs.replace("MUTANTS=all BLESS=1", how))
}

/// The picture twice, for a wide page and for a narrow one, its signs, and the whole table in a fold.
fn figure(name: &str, record: &Record, words: &Words, rows: &[Row]) -> String {
    let names: Vec<String> = (0..words.threads.len()).map(thread_name).collect();
    let mut fields: Vec<&str> = Vec::new();
    for lock in rows.iter().flat_map(|row| &row.locks) {
        if !fields.contains(&lock.as_str()) {
            fields.push(lock);
        }
    }
    let roles = names.iter().zip(&words.threads);
    let roles: String = roles
        .map(|(name, role)| format!("<li><b>{name}</b> {}</li>", escaped(role)))
        .collect();
    let forms =
        [Form::Wide, Form::Narrow].map(|form| draw::svg(form, record, words, rows, &fields));
    let has = |found: fn(&Row) -> bool| rows.iter().any(found);
    let mut signs = String::new();
    for (place, field) in fields.iter().enumerate() {
        let _ = write!(
            signs,
            "<li><i class=\"key f{place}\"></i>has <code>{}</code></li>",
            escaped(field)
        );
    }
    let kinds: [(&str, &str, bool); 5] = [
        ("k-sleep", "sleeps", has(|row| row.kind == Kind::Sleep)),
        ("k-wake", "wakes", has(|row| row.kind == Kind::Notify)),
        ("k-hb", "what was done before is seen", true),
        (
            "k-not",
            "it is not seen",
            draw::edges(rows).iter().any(|edge| edge.is_broken),
        ),
        ("k-bad", "what was broken, and the harm", true),
    ];
    for (class, what, _) in kinds.iter().filter(|(_, _, is_there)| *is_there) {
        let _ = write!(signs, "<li><i class=\"key {class}\"></i>{what}</li>");
    }
    let Record {
        claim,
        broken,
        schedule,
        ..
    } = record;
    let rail = match draw::has_rail(names.len()) {
        true => " rail",
        false => "",
    };
    let claim = if claim == "–" {
        String::new()
    } else {
        format!("{claim} is broken: ")
    };
    format!(
        "<figure class=\"sequence{rail}\">\n<ul class=\"roles\">{roles}</ul>\n{}\n{}\n\
         <ul class=\"keys\" aria-hidden=\"true\">{signs}</ul>\n\
         <figcaption>{claim}{}.</figcaption>\n</figure>\n\n\
         <details class=\"reveal\"><summary>All steps of schedule {schedule}, one by one</summary>\n\n\
         {{{{#include ../mutants/{name}.md}}}}\n\n</details>\n",
        forms[0],
        forms[1],
        code(broken),
    )
}

fn thread_name(thread: usize) -> String {
    match thread {
        0 => "main".to_owned(),
        number => format!("T{number}"),
    }
}

/// Words with `code` in backticks, as HTML: in a block of HTML there is no Markdown.
fn code(words: &str) -> String {
    let parts = words.split('`').enumerate();
    let parts = parts.map(|(place, part)| match place % 2 {
        0 => escaped(part),
        _ => format!("<code>{}</code>", escaped(part)),
    });
    parts.collect()
}

#[test]
fn each_picture_shows_what_was_recorded() {
    let mutants = Mutant::all(mutant::FOLDER);
    let drawn: Vec<String> = files_below(&Path::new(ROOT).join(WORDS))
        .iter()
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    assert!(drawn.len() >= 9, "{drawn:?}");
    let unknown = drawn
        .iter()
        .filter(|name| mutants.iter().all(|mutant| mutant.name != **name));
    expect_none(unknown.map(|name| format!("there is no break {name}")));
    expect_none(mutants.iter().filter_map(complaint));
}

/// Whose record says something else, or nothing of what the words speak of, is no picture.
#[test]
fn words_for_a_step_that_is_another_are_reported() {
    let mutants = Mutant::all(mutant::FOLDER);
    let mutant = mutants
        .iter()
        .find(|mutant| mutant.name == "event-notify-one")
        .unwrap();
    let record = || -> Record {
        serde_json::from_str(&read(&format!("{}/event-notify-one.json", mutant::RECORDS))).unwrap()
    };
    let words = |says: &str| Words {
        threads: vec![String::new(); 3],
        permits: BTreeMap::new(),
        says: BTreeMap::from([(says.to_owned(), "anything".to_owned())]),
        guilty: None,
        harm: None,
    };
    let why = |record: &Record, says: &str| {
        rows_of(mutant, record, &words(says))
            .err()
            .unwrap_or_default()
    };
    assert_eq!(why(&record(), "9 notify one"), "");
    assert!(why(&record(), "9 lock").contains("step 9 is `notify one`"));
    assert!(why(&record(), "99 lock").contains("no step 99"));
    let mut moved = record();
    moved.steps[6].line += 1;
    assert!(why(&moved, "9 notify one").contains("src/event.rs:130 takes no lock"));
    let guilty = rows_of(mutant, &record(), &words("9 notify one")).unwrap();
    let guilty: Vec<&Row> = guilty
        .iter()
        .filter(|row| row.mark == Mark::Guilty)
        .collect();
    assert_eq!(guilty.len(), 1);
    assert_eq!(guilty[0].kind, Kind::Notify);
}
