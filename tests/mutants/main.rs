//! Do the proofs bite? Each break of the source makes the test fail that is named beside it.
//!
//! A break is a file `fixtures/mutants/*.patch`. It is applied to a copy of the crate without its
//! features, the copies are built in one workspace, and of each only the named model is run. The
//! model must fail for the reason that the patch states, and must hold on the crate as it is.
//!
//! | run | does |
//! |---|---|
//! | `cargo test --test mutants` | three breaks, as a sample |
//! | `MUTANTS=all cargo test --test mutants` | every break, and every model on the source as it is |
//! | `MUTANTS=event-notify-one,… cargo test --test mutants` | the breaks of these names |
//! | `MUTANTS=rules cargo test --test mutants` | every break that the rules of `rules.rs` make |
//!
//! What no model holds is broken in `fixtures/breaks/*.patch`; there a test of `cargo test` must fail.
//!
//! `BLESS=1` beside `MUTANTS=all`, or beside names, writes what the book shows: the schedules in which the breaks
//! fail, the list of breaks, and the table of models. Of some records there is a picture as well,
//! which `sequences.rs` draws.

// Under loom only the models run: `tests/loom`.
#![cfg(not(loom))]

mod breaks;
#[path = "../support/cargo.rs"]
mod cargo;
mod judge;
mod mutant;
mod rules;
mod sequences;
#[path = "../loom/steps.rs"]
mod steps;
mod workspace;

use std::collections::BTreeSet;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::Path;

use threadproof::scoped_map;

use breaks::Crate;
use mutant::Mutant;
use rules::Generated;
use workspace::{Copy, Programs, ROOT, UNBROKEN, Workspace, write};

const MODELS: &str = "fixtures/blessed/mutants/models.md";
const PROGRAMS: &str = "fixtures/blessed/mutants/programs.md";

const SAMPLE: [&str; 3] = [
    "chunks-limit-load-then-store",
    "event-notify-one",
    "stop-flags-stop-relaxed",
];

fn is_asked_for(set: &str) -> bool {
    std::env::var("MUTANTS").is_ok_and(|asked| asked == set)
}

/// Past libtest's capture: what was run, and what was left out.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// As many at a time as there are cores: a model is one busy thread.
fn side_by_side<T: Sync, R: Send>(inputs: &[T], function: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let outputs = scoped_map(cores, inputs, function).into_iter();
    let outputs = outputs.map(|output| output.unwrap_or_else(|error| panic!("{error}")));
    outputs.collect()
}

#[track_caller]
fn expect_none(complaints: impl IntoIterator<Item = String>) {
    let complaints: Vec<String> = complaints.into_iter().collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// What the book shows must be what was found; `BLESS=1` makes it so.
fn differs_from_fixture(path: &str, found: &str) -> Option<String> {
    let file = Path::new(ROOT).join(path);
    if std::env::var_os("BLESS").is_some() {
        write(&file, found);
    }
    let is_same = std::fs::read_to_string(file).is_ok_and(|there| there == found);
    (!is_same).then(|| format!("{path} shows something else; MUTANTS=all BLESS=1 writes it anew"))
}

#[test]
fn every_break_makes_the_named_test_fail_for_the_stated_reason() {
    let mut mutants = Mutant::all(mutant::FOLDER);
    let number = mutants.len();
    assert!(number >= 16, "{number} breaks");
    if !is_asked_for("all") {
        let asked = std::env::var("MUTANTS").unwrap_or_default();
        let asked: Vec<&str> = asked.split(',').collect();
        let is_named = |mutant: &Mutant| asked.contains(&mutant.name.as_str());
        let are_named = mutants.iter().any(is_named);
        mutants.retain(|mutant| match are_named {
            true => is_named(mutant),
            false => SAMPLE.contains(&mutant.name.as_str()),
        });
    }
    let copies: Vec<Copy> = mutants.iter().map(Mutant::copy).collect();
    let workspace = Workspace::build("patches", &copies);

    let ends = side_by_side(&mutants, |mutant| {
        let Mutant { name, fails, .. } = mutant;
        if !workspace.has(name) {
            return Err(format!("{name}: does not compile"));
        }
        // All of them hold without it, says `the_table_of_models_is_what_they_say`.
        if !is_asked_for("all") {
            let unbroken = workspace.run(UNBROKEN, fails);
            let mut models = unbroken.models.iter();
            if models.any(|model| model.failure().is_some()) {
                let said = unbroken.text;
                return Err(format!("{name}: {fails} fails without it\n{said}"));
            }
        }
        let said = workspace.run(name, fails);
        let found = mutant
            .judge(&said)
            .map_err(|why| format!("{name}: {why}"))?;
        for other in &mutant.also {
            let said = workspace.run(name, other);
            if said.models.iter().all(|model| model.failure().is_none()) {
                return Err(format!("{name}: {other} does not fail\n{}", said.text));
            }
        }
        say(&format!("mutant {name}  {}", found.headline()));
        let fixtures = [("json", found.to_json()), ("md", found.to_markdown())];
        let differs = fixtures.into_iter().find_map(|(kind, text)| {
            differs_from_fixture(&format!("{}/{name}.{kind}", mutant::RECORDS), &text)
        });
        let differs = differs.or_else(|| sequences::complaint(mutant));
        differs.map_or_else(|| Ok(found.row(name)), Err)
    });

    let (rows, complaints): (Vec<_>, Vec<_>) = ends.into_iter().partition(Result::is_ok);
    expect_none(complaints.into_iter().filter_map(Result::err));
    if is_asked_for("all") {
        let rows: Vec<String> = rows.into_iter().flatten().collect();
        expect_none(differs_from_fixture(mutant::LIST, &mutant::list(&rows)));
    } else {
        let sample = mutants.len();
        say(&format!(
            "{sample} of {number} breaks; MUTANTS=all makes them all"
        ));
    }
}

#[test]
fn the_table_of_models_is_what_they_say() {
    if !is_asked_for("all") {
        say("the models' table is checked with MUTANTS=all");
        return;
    }
    let workspace = Workspace::build("unbroken", &[]);
    let said = workspace.run_unbroken();
    assert!(!said.does_not_end, "{}", said.text);
    let mut models = said.models;
    models.sort_by(|a, b| a.name.cmp(&b.name));
    let mut table = "| model | bound | schedules |\n| --- | --- | --- |\n".to_owned();
    for model in &models {
        assert_eq!(model.verdict, "holds", "{}", model.name);
        say(&format!(
            "model {}  {} schedules",
            model.name, model.schedules
        ));
        table += &format!(
            "| {} | {} | {} |\n",
            model.name, model.bound, model.schedules
        );
    }
    let total: u64 = models.iter().map(|model| model.schedules).sum();
    table += &format!("| **{} models** | | **{total}** |\n", models.len());
    let programs = table_of_programs(said.programs);
    let differ = [(MODELS, table), (PROGRAMS, programs)]
        .map(|(path, found)| differs_from_fixture(path, &found));
    expect_none(differ.into_iter().flatten());
}

/// A row for each type, its calls and a size; every program must hold.
fn table_of_programs(mut all: Vec<Programs>) -> String {
    all.sort();
    assert!(all.len() > 10, "{all:?}");
    let head = "| type: calls | size | bound | programs | executions | test |";
    let mut table = format!("{head}\n|{}\n", " --- |".repeat(6));
    for row in &all {
        let Programs { name, size, .. } = row;
        assert_eq!(row.verdict, "holds", "{name}, {size}");
        say(&format!(
            "programs {name}  {size}  {} programs",
            row.programs
        ));
        table += &format!(
            "| {name} | {size} | {} | {} | {} | `{}` |\n",
            row.bound,
            row.programs,
            row.executions,
            mutant::proof(&row.test)
        );
    }
    let programs: u64 = all.iter().map(|row| row.programs).sum();
    let executions: u64 = all.iter().map(|row| row.executions).sum();
    table + &format!("| **all** | | | **{programs}** | **{executions}** | |\n")
}

/// The same for what no model holds.
#[test]
fn every_break_of_the_rest_makes_the_named_test_fail() {
    let mutants = Mutant::all(breaks::FOLDER);
    assert!(mutants.len() >= 7, "{} breaks", mutants.len());
    let rows: Vec<String> = mutants.iter().map(breaks::row).collect();
    let head = "| claim | break | what fails of it |\n| --- | --- | --- |";
    let list = format!("{head}\n{}\n", rows.join("\n"));
    expect_none(differs_from_fixture(
        "fixtures/blessed/breaks/list.md",
        &list,
    ));
    if !is_asked_for("all") {
        say("the breaks of what no model holds are made with MUTANTS=all");
        return;
    }
    let copy = Crate::copy();
    let complaints = mutants.iter().filter_map(|mutant| {
        let end = copy.judge(mutant);
        say(&format!(
            "break {}  {}",
            mutant.name,
            end.as_ref().map_or("?", |()| &*mutant.fails)
        ));
        end.err()
    });
    expect_none(complaints);
}

/// Also of the breaks that are not made in this run.
#[test]
fn every_patch_stands_where_it_says() {
    let misplaced = |folder: &'static str| {
        Mutant::all(folder).into_iter().filter_map(move |mutant| {
            let path = format!("{folder}/{}.patch", mutant.name);
            let mut text = workspace::read(&path);
            for (said, is) in mutant.places() {
                let Some(is) = is else {
                    return Some(format!("{path} stands nowhere; make the same break again"));
                };
                text = text.replacen(&format!("@@ {said}\n"), &format!("@@ {is}\n"), 1);
            }
            let differs = differs_from_fixture(&path, &text)?;
            let how = "BLESS=1 cargo test --test mutants every_patch";
            Some(differs.replace("MUTANTS=all BLESS=1", how))
        })
    };
    expect_none(
        [mutant::FOLDER, breaks::FOLDER]
            .into_iter()
            .flat_map(misplaced),
    );
}

/// The programs of `schedule` have broken versions of their own.
#[test]
fn every_model_has_a_break_that_it_must_see() {
    let mutants = Mutant::all(mutant::FOLDER);
    let seen = mutants
        .iter()
        .flat_map(|mutant| mutant.also.iter().chain([&mutant.fails]));
    let seen: BTreeSet<&str> = seen.map(String::as_str).collect();
    let table = workspace::read(MODELS);
    let models = table
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let models = models.filter(|name| name.contains("::") && !name.starts_with("schedule::"));
    let models: BTreeSet<&str> = models.collect();
    assert!(models.len() > 20, "{models:?}");
    expect_none(
        models
            .difference(&seen)
            .map(|name| format!("{name} was never seen to fail")),
    );
    expect_none(
        seen.difference(&models)
            .map(|name| format!("there is no model {name}")),
    );
}

/// A survivor is either harmless, and the list says why, or a hole in the models.
#[test]
fn who_survives_of_the_breaks_that_rules_make_is_argued() {
    let all = Generated::all();
    let rows: BTreeSet<String> = all.iter().map(Generated::row).collect();
    let argued = rules::argued();
    expect_none(
        argued
            .difference(&rows)
            .map(|row| format!("no rule makes this any more: {row}")),
    );
    if !is_asked_for("rules") {
        let (made, survive) = (all.len(), argued.len());
        say(&format!(
            "{made} breaks by rule, {survive} survive; MUTANTS=rules makes them"
        ));
        return;
    }
    let numbered: Vec<(usize, Generated)> = all.into_iter().enumerate().collect();
    let copies = numbered.iter().map(|(number, one)| one.copy(*number));
    let workspace = Workspace::build("rules", &copies.collect::<Vec<_>>());
    let survivors = side_by_side(&numbered, |(number, one)| {
        let (name, row) = (one.copy(*number).name, one.row());
        if !workspace.has(&name) {
            say(&format!("{row} refused by the compiler"));
            return None;
        }
        let said = workspace.run_all(&name, one.models);
        let models = said.models.iter();
        let mut failed =
            models.filter_map(|model| Some((&model.name, model.failure()?.to_owned())));
        let fails = |all: &&Programs| all.verdict.starts_with("fails");
        let programs = said.programs.iter().filter(fails);
        let mut programs = programs.map(|all| (&all.test, all.verdict.clone()));
        let died = failed.next().or_else(|| programs.next());
        let end = match &died {
            Some((test, how)) => format!("dies in {test}: {how}"),
            None if said.does_not_end => "does not end".to_owned(),
            None => "survives".to_owned(),
        };
        say(&format!("{row} {end}"));
        died.is_none().then_some(row)
    });
    let survivors: BTreeSet<String> = survivors.into_iter().flatten().collect();
    let unargued = survivors.difference(&argued);
    let unargued =
        unargued.map(|row| format!("survives, and {} has no word of it: {row}", rules::ARGUED));
    let dead = argued.difference(&survivors);
    let dead = dead.map(|row| format!("dies, so {} need not argue it: {row}", rules::ARGUED));
    expect_none(unargued.chain(dead));
}
