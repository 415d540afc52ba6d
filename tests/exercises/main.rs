//! The exercises of the book: each starter fails its check, for the reason that is stated, and each
//! solution passes it. So neither rots.
//!
//! They are a package of their own, on the core of the library alone: `cargo run -p exercises` lists
//! them. Here the same files are part of the tests of the library.

// Under loom only the models run: `tests/loom`.
#![cfg(not(loom))]

#[path = "src/all.rs"]
mod all;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::thread;

use all::{ALL, Exercise, verdict, what_is_wrong};

/// What is amiss with an exercise, in words.
fn complaint(exercise: &Exercise) -> Option<String> {
    let name = exercise.name;
    if let Some(why) = what_is_wrong(exercise.solution) {
        return Some(format!("{name}: the solution fails: {why}"));
    }
    match what_is_wrong(exercise.starter) {
        None => Some(format!(
            "{name}: the starter passes; if you have solved it, git restore {} puts the task back",
            exercise.file()
        )),
        Some(why) if !why.contains(exercise.fails_because) => {
            Some(format!("{name}: the starter fails: {why}"))
        }
        Some(_) => None,
    }
}

#[test]
fn each_starter_fails_for_the_stated_reason_and_each_solution_passes() {
    let complaints: Vec<String> = thread::scope(|scope| {
        let checks = ALL
            .iter()
            .map(|exercise| scope.spawn(|| complaint(exercise)));
        // All are started before the first is waited for.
        let checks: Vec<_> = checks.collect();
        let complaints = checks.into_iter().flat_map(|check| check.join());
        complaints.flatten().collect()
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn each_exercise_has_a_name_of_its_own_a_chapter_and_a_place_in_the_list() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let chapters = fs::read_dir(root.join("book/src")).expect("the book is there");
    let chapters = chapters
        .flatten()
        .filter(|entry| entry.file_name() != "exercises.md");
    let chapters: Vec<String> = chapters
        .flat_map(|entry| fs::read_to_string(entry.path()))
        .collect();
    let list = fs::read_to_string(root.join("book/src/exercises.md")).expect("the list is there");
    let mut names = BTreeSet::new();
    for exercise in &ALL {
        let command = format!("<code>cargo run -p exercises -- {}</code>", exercise.name);
        let chapter = chapters.iter().find(|chapter| chapter.contains(&command));
        let Some(chapter) = chapter else {
            panic!("no chapter has the exercise {}: {command}", exercise.name)
        };
        let starter = format!("{{{{#include ../../{}}}}}", exercise.file());
        assert!(
            chapter.contains(&starter),
            "the chapter of {} does not show its starter: {starter}",
            exercise.name
        );
        let solution = exercise.file().replace("starters", "solutions");
        assert!(
            list.contains(&solution),
            "exercises.md does not show {solution}"
        );
        assert!(
            names.insert(exercise.name),
            "{} is there twice",
            exercise.name
        );
    }
    let files =
        fs::read_dir(root.join("tests/exercises/starters")).expect("the starters are there");
    assert_eq!(
        files.count(),
        ALL.len(),
        "each starter is one of the exercises"
    );
}

/// What the program prints of a starter, as `exercises.md` shows it.
#[test]
fn the_list_shows_what_the_program_says() {
    let shown = include_str!("../../fixtures/blessed/exercises/join.txt");
    let exercise = ALL
        .iter()
        .find(|exercise| exercise.name == "join")
        .expect("it is there");
    let found = format!(
        "$ cargo run -p exercises -- join\n\n{}\n",
        verdict(exercise)
    );
    assert_eq!(shown, found);
}
