//! One schedule, four witnesses: the baton, loom, Python, and the book's page tell the same story.
//!
//! The page, `fixtures/blessed/schedules/<program>.md`, is what all are compared with. The baton's part is
//! here, written anew by `BLESS=1`; loom's is `tests/loom/schedule.rs`, Python's
//! `tests/your_machine/schedule.rs`.

use std::path::PathBuf;

use assert_cmd::assert::OutputAssertExt;
use predicates::prelude::*;
use rstest::rstest;
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

#[rstest]
#[case(&["orders", "lost-update"], "unlocked: 6 orders, 4 bad")]
#[case(&["orders", "lost-update"], "  locked: 2 orders, all good")]
#[case(&["orders"], "two-locks")]
#[case(&["orders", "pulse", "--json"], r#""bad":1"#)]
#[case(&["replay", "lost-update", "ABBA"], "bad: one update is lost")]
#[case(&["replay", "lost-update", "AABB"], "good: both updates count")]
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
#[case(&["replay", "lost-update", "AB"], "before the program does")]
#[case(&["replay", "lost-update", "ABBAA"], "everybody has ended")]
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
