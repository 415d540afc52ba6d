//! One schedule, four witnesses: the baton, loom, Python, and the book's page tell the same story.
//!
//! The page, `fixtures/blessed/schedules/<program>.md`, is what all are compared with. The baton's part is
//! here, written anew by `BLESS=1`, and so is what the game shows beside the steps: the lines of both
//! threads, and what was so after each step. loom's is `tests/loom/schedule.rs`, Python's
//! `tests/your_machine/schedule.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use assert_cmd::assert::OutputAssertExt;
use predicates::prelude::*;
use rstest::rstest;
use serde_json::json;
use threadproof::schedule::{PROGRAMS, Program, Version};

use crate::support::threadproof;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn page_of(program: &Program) -> PathBuf {
    PathBuf::from(format!(
        "{ROOT}/fixtures/blessed/schedules/{}.md",
        program.name
    ))
}

#[test]
fn the_baton_tells_the_story_of_the_page() {
    for program in &PROGRAMS {
        let (page, told) = (page_of(program), program.to_markdown(Version::orders));
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&page, &told).unwrap();
        }
        let page = std::fs::read_to_string(page).unwrap_or_default();
        assert_eq!(
            page, told,
            "BLESS=1 cargo test --test process schedule writes it anew"
        );
    }
}

/// A region of a program's file that the book shows: its name, and the number of its first line.
fn regions_of(source: &str) -> BTreeMap<&str, std::ops::Range<u32>> {
    let mut regions = BTreeMap::new();
    for (line, words) in (1..).zip(source.lines()) {
        if let Some(name) = words.trim().strip_prefix("// ANCHOR: ") {
            regions.insert(name, line + 1..line + 1);
        } else if let Some(name) = words.trim().strip_prefix("// ANCHOR_END: ") {
            regions.get_mut(name).expect("it was begun").end = line;
        }
    }
    regions
}

/// The code of both threads, and for each order the line of each step and what was so after it.
fn game_of(program: &Program) -> String {
    let path = format!(
        "src/schedule/programs/{}.rs",
        program.name.replace('-', "_")
    );
    let source = std::fs::read_to_string(format!("{ROOT}/{path}")).unwrap();
    let regions = regions_of(&source);
    let mut page = String::new();
    for version in program.versions() {
        let runs = version.orders();
        let region_of = |line: u32| {
            let found = regions.iter().find(|(_, lines)| lines.contains(&line));
            found.unwrap_or_else(|| panic!("{path}:{line} is a step that no region shows"))
        };
        let steps = || runs.iter().flat_map(|run| &run.steps);
        let threads: BTreeSet<char> = steps().map(|step| step.thread).collect();
        let orders: BTreeMap<&str, Vec<(u32, &str)>> = runs
            .iter()
            .map(|run| {
                let step =
                    |step: &threadproof::schedule::Step| step.line - region_of(step.line).1.start;
                let steps = run.steps.iter().map(|one| (step(one), one.then.as_str()));
                (run.schedule.as_str(), steps.collect())
            })
            .collect();
        let data = json!({ "before": runs[0].before, "orders": orders }).to_string();
        assert!(!data.contains(['\'', '<', '&']), "{data}");
        let name = version.name;
        page += &format!("<div class=\"program\" data-version=\"{name}\" data-record='{data}'>\n");
        page += &format!("<p class=\"program-name\">{name}</p>\n");
        for thread in threads {
            let of_thread = steps().filter(|step| step.thread == thread);
            let shown: BTreeSet<&str> = of_thread.map(|step| *region_of(step.line).0).collect();
            let [region] = shown.iter().collect::<Vec<_>>()[..] else {
                panic!("{name}: thread {thread} has its steps in {shown:?}");
            };
            let is_main = region.split('_').next() == Some("main");
            let role = if is_main { ": main" } else { "" };
            page += &format!(
                "<div class=\"thread\">\n<p class=\"thread-name\">thread {thread}{role}</p>\n\n\
                 ```rust\n{{{{#include ../../../{path}:{region}}}}}\n```\n\n</div>\n"
            );
        }
        page += "</div>\n";
    }
    page
}

#[test]
fn the_game_knows_the_line_of_each_step_and_what_was_so_after_it() {
    for program in &PROGRAMS {
        let page = format!("{ROOT}/fixtures/blessed/games/{}.md", program.name);
        let told = game_of(program);
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&page, &told).unwrap();
        }
        let page = std::fs::read_to_string(page).unwrap_or_default();
        assert_eq!(
            page, told,
            "BLESS=1 cargo test --test process schedule writes it anew"
        );
    }
}

#[rstest]
#[case(&["orders", "lost-update"], "unlocked: 6 orders, 4 bad")]
#[case(&["orders", "lost-update"], "  locked: 2 orders, all good")]
#[case(&["orders"], "two-locks")]
#[case(&["orders", "pulse", "--json"], r#""bad":1"#)]
#[case(&["replay", "lost-update", "ABBA"], "bad: one update is lost")]
#[case(&["replay", "lost-update", "AABB"], "good: both updates count")]
#[case(&["replay", "submit-versus-shutdown"], "bad: the job was taken in, and nobody is left")]
#[case(&["replay", "two-locks"], "bad: A and B wait for ever")]
#[case(&["replay", "two-locks", "--mended"], "good: both had both locks")]
#[case(&["replay", "pulse", "--json"], r#""verdict":"bad: "#)]
fn the_program_says_how_an_order_ends(#[case] arguments: &[&str], #[case] words: &str) {
    threadproof(arguments)
        .assert()
        .success()
        .stdout(predicate::str::contains(words));
}

#[rstest]
#[case(&["replay", "no-such-program"], "lost-update")]
#[case(&["replay", "lost-update", "ABC"], "there is no thread C")]
#[case(&["replay", "lost-update", "AAA"], "it has ended")]
#[case(&["replay", "full-queue", "A"], "what it waits for has not come; possible here: B")]
#[case(&["replay", "lost-update", "AB"], "before the program does")]
#[case(&["replay", "lost-update", "ABBAA"], "everybody has ended")]
#[case(&["replay", "late-name", "ACCB"], "nobody has started it; possible here: C")]
#[case(&["replay", "missing-join", "CABC"], "B has not ended; possible here: A and B")]
#[case(&["replay", "cut-off", "ABA"], "the program has ended")]
#[case(&["replay", "lost-update", "ABBA", "--mended"], "A has the lock; possible here: A")]
fn an_order_that_cannot_be_is_exit_code_2_and_says_why(
    #[case] arguments: &[&str],
    #[case] words: &str,
) {
    let words = predicate::str::contains(words);
    threadproof(arguments)
        .assert()
        .code(2)
        .stdout("")
        .stderr(words);
}
