//! The book in step with the code: what mdBook does not check is checked here.
//!
//! The rules of a chapter, which is any Markdown file in `book/src`:
//!
//! - **Code is included, never written.** A fence holds one line, `{{#include path:anchor}}`. It
//!   stands at the margin, and its tag is one of [`TAGS`].
//! - **A whole program** lies in `book/examples`, is shown whole, and has at most 25 lines.
//! - **An include names an anchor**, never line numbers. Whole files may be included if they are of
//!   a kind in [`WHOLE_FILES`]. Outside a fence stand only `.md` and `.svg`.
//! - **An anchor** is a pair of lines `ANCHOR: name` and `ANCHOR_END: name`, once in its file, with
//!   something between them, and some chapter shows it.
//! - **A proof** is a token in backticks: `tests/<kind>/<file>.rs::<test>`, or
//!   `src/<file>.rs::<item>` for the doctest of an item. A table row that starts with the id of a
//!   claim (`| D1 |`) holds at least one.
//! - **A bound** of a model is told by the row that has it as a proof: `every order, with at most 2
//!   preemptions`. The blessed table of models decides: `claims.rs`.
//! - **A section** of the table in `src/cli/notebook.rs` has a chapter `book/src/<name>.md`, which
//!   shows the region `cell` of `fixtures/python/<name with _>.py` and all of
//!   `fixtures/blessed/expected/<name>.txt`, whose first line is the command after `$ `.
//! - **A page leads on**: its last line is `Next: [title](next.md)`, the next one of `SUMMARY.md`. A page
//!   that stands below another one there is for a second reading: its last line is `Back: [title](that.md)`,
//!   and that one leads to it.
//! - **A page that teaches** has at most 900 words with its folds closed, and shows no program that
//!   uses what a later page explains: `budgets.rs`.
//! - **A question** (`data-quiz`) has one right answer, and a reason for each.
//! - **A link to a word** of the glossary has its meaning as the title: `glossary.rs`.
//! - **Nothing is loaded from elsewhere**: no image, script or style has a web address. Links may
//!   lead out.
//!
//! Each check gathers all of its complaints as `file:line: what is wrong; what to do`, then fails.
//! `broken.rs` breaks a small book in every one of these ways and expects the complaint. The book
//! is built with mdBook by `tests/your_machine/built.rs`.

// Under loom only the models run: `tests/loom`.
#![cfg(not(loom))]

mod broken;
mod budgets;
mod built;
mod checks;
mod claims;
mod complaints;
mod examples;
mod glossary;
mod pages;
mod paths;
#[path = "../support/mod.rs"]
mod support;
mod timelines;
mod transcripts;

use checks::*;
use pages::Book;

const TAGS: [&str; 6] = ["rust", "python", "console", "toml", "text", "diff"];
const WHOLE_FILES: [&str; 4] = ["txt", "md", "patch", "svg"];
const SUMMARY: &str = "book/src/SUMMARY.md";
const SECTIONS: &str = "src/cli/notebook.rs";

#[test]
fn every_include_shows_a_whole_file_or_one_closed_region() {
    includes_resolve(&Book::here()).expect_none();
}

#[test]
fn every_anchor_is_closed_unique_and_shown_by_a_chapter() {
    anchors_are_sound_and_used(&Book::here()).expect_none();
}

#[test]
fn no_fence_holds_code_that_was_written_by_hand() {
    fences_only_include(&Book::here()).expect_none();
}

#[test]
fn every_chapter_is_in_the_summary_and_the_reverse() {
    summary_lists_the_chapters(&Book::here()).expect_none();
}

#[test]
fn every_page_leads_to_the_next_one() {
    pages_lead_on(&Book::here()).expect_none();
}

#[test]
fn every_section_has_module_chapter_cell_and_transcript() {
    sections_are_complete(&Book::here()).expect_none();
}

#[test]
fn every_claim_names_a_test_that_exists() {
    proofs_exist(&Book::here()).expect_none();
}

#[test]
fn nothing_in_a_chapter_is_loaded_from_elsewhere() {
    nothing_is_remote(&Book::here()).expect_none();
}
