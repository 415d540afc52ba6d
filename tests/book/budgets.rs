//! What a page may ask of its reader, and what a question owes them.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use crate::SUMMARY;
use crate::complaints::Complaints;
use crate::pages::{Book, Page, summary};

/// The pages that teach, up to those about proofs.
const TAUGHT: [&str; 21] = [
    "three-minutes",
    "sequential",
    "start",
    "join",
    "borrowing",
    "daemon",
    "lost-update",
    "flags",
    "locked-flags",
    "what-a-thread-sees",
    "event",
    "deadlock",
    "channels",
    "stopping",
    "thread-pool",
    "processes",
    "process-pool",
    "compare",
    "beyond",
    "case-downloader",
    "case-pool",
];

/// Words that stand open on a page: no code, no table, nothing that is folded away.
const MOST_WORDS: usize = 900;

/// What a program uses, and the page that explains it.
const EXPLAINED: [(&str, &str); 24] = [
    ("thread::spawn", "three-minutes"),
    ("move ||", "three-minutes"),
    (".join()", "three-minutes"),
    ("threadproof::start", "three-minutes"),
    ("thread::scope", "borrowing"),
    ("split_at_mut", "borrowing"),
    ("scoped_map", "borrowing"),
    ("Rc", "borrowing"),
    ("RefCell", "borrowing"),
    ("Mutex", "lost-update"),
    (".lock()", "lost-update"),
    ("static ", "lost-update"),
    ("AtomicU32", "lost-update"),
    ("AtomicBool", "flags"),
    ("Relaxed", "lost-update"),
    ("Barrier", "locked-flags"),
    ("StopFlags", "flags"),
    ("Condvar", "event"),
    ("Event", "event"),
    ("mpsc::channel", "channels"),
    ("sync_channel", "channels"),
    ("ThreadPool", "thread-pool"),
    ("ProcessPool", "process-pool"),
    ("Downloader", "case-downloader"),
];

#[test]
fn no_program_uses_what_a_later_page_explains() {
    programs_wait_for_their_page(&Book::here()).expect_none();
}

#[test]
fn a_page_that_teaches_begins_with_a_program_and_has_a_question_and_an_exercise() {
    let mut wrong = Complaints::default();
    let book = Book::here();
    for page in pages(&book) {
        let has = |words: &str| page.prose().any(|(_, line)| line.contains(words));
        let mut complain = |words: &str| wrong.add(&page.path, 1, words);
        let first = page.includes.first();
        let is_program = first.is_some_and(|include| include.path.starts_with("book/examples"));
        if !is_program {
            complain("it does not begin with a whole program; show one of book/examples first");
        }
        if !has("data-quiz=") && !has("## Predict, then check") {
            complain("it asks nothing; add a question");
        }
        if !has("cargo run -p exercises -- ") {
            complain("it has no exercise; add one");
        }
    }
    wrong.expect_none();
}

#[test]
fn a_page_that_teaches_is_short_with_its_folds_closed() {
    budgets_hold(&Book::here()).expect_none();
}

#[test]
fn a_question_has_one_right_answer_and_a_reason_for_each() {
    questions_are_fair(&Book::here()).expect_none();
}

/// Who always takes the same place should not be right more often than not.
#[test]
fn the_right_answer_of_a_question_stands_in_no_place_more_often_than_not() {
    let mut places = BTreeMap::<usize, usize>::new();
    for page in Book::here().chapters() {
        let choices = page.prose().filter(|(_, line)| {
            line.contains("data-quiz=\"") || line.contains("<details class=\"choice")
        });
        let mut place = 0;
        for (_, line) in choices {
            place = if line.contains("data-quiz") {
                0
            } else {
                place + 1
            };
            if line.contains("class=\"choice is-right\"") {
                *places.entry(place).or_default() += 1;
            }
        }
    }
    let questions: usize = places.values().sum();
    let most = places.values().max().copied().unwrap_or_default();
    assert!(
        questions > 0 && 2 * most <= questions,
        "the right answers by their places: {places:?}; shuffle some"
    );
}

fn budgets_hold(book: &Book) -> Complaints {
    let mut wrong = Complaints::default();
    for page in pages(book) {
        let words = open_words(page);
        if words > MOST_WORDS {
            let complaint =
                format!("{words} words stand open, more than {MOST_WORDS}; fold or cut");
            wrong.add(&page.path, 1, complaint);
        }
    }
    wrong
}

/// The programs of `book/examples` that a page shows, against [`EXPLAINED`].
fn programs_wait_for_their_page(book: &Book) -> Complaints {
    let mut wrong = Complaints::default();
    let contents = summary(&book.text(SUMMARY).unwrap_or_default());
    let place_of = |name: &str| {
        let page = format!("book/src/{name}.md");
        contents
            .iter()
            .position(|(_, path)| path.to_string_lossy() == page)
    };
    for (construct, explained_by) in EXPLAINED {
        let place = place_of(explained_by);
        let page = book
            .text(&format!("book/src/{explained_by}.md"))
            .unwrap_or_default();
        // Its generics, its call, its path: what stands in the prose is the name.
        let name = construct.trim_matches(['.', '(', ')', '|', ' ']);
        let name = name.trim_start_matches("threadproof::");
        if place.is_none() || !page.contains(name) {
            let words = format!("it does not explain {name}; mend the table or the page");
            wrong.add(format!("book/src/{explained_by}.md"), 1, words);
        }
        for page in book.chapters() {
            let uses = page.includes.iter().filter(|include| {
                let text = book.sources.get(&include.path);
                include.path.starts_with("book/examples")
                    && crate::paths::extension(&include.path) == "rs"
                    && text.is_some_and(|text| text.contains(construct))
            });
            let is_early = contents.iter().position(|(_, path)| *path == page.path) < place;
            for include in uses.filter(|_| is_early) {
                let words =
                    format!("{construct} is explained later, in {explained_by}.md; move one");
                wrong.add(&page.path, include.line, words);
            }
        }
    }
    wrong
}

fn pages(book: &Book) -> impl Iterator<Item = &Page> {
    let is_taught = |page: &&Page| {
        let name = page.path.file_stem().unwrap_or_default().to_string_lossy();
        TAUGHT.contains(&&*name)
    };
    book.chapters().filter(is_taught)
}

fn open_words(page: &Page) -> usize {
    let tag = Regex::new("<[^>]*>").unwrap();
    let target = Regex::new(r"\]\([^)]*\)").unwrap();
    let (mut depth, mut words) = (0, 0);
    for (_, line) in page.prose() {
        let opened = line.matches("<details").count();
        let closed = line.matches("</details>").count();
        // What is on the first line of a fold is its summary, which stands open.
        let is_open = depth == 0;
        depth = (depth + opened).saturating_sub(closed);
        if !is_open || line.starts_with('|') || line.starts_with("{{#") {
            continue;
        }
        let line = match line.split_once("</summary>") {
            Some((summary, _)) => summary,
            None => line,
        };
        let plain = tag.replace_all(line, " ");
        words += target.replace_all(&plain, " ").split_whitespace().count();
    }
    words
}

pub(super) fn questions_are_fair(book: &Book) -> Complaints {
    let mut wrong = Complaints::default();
    let mut names = BTreeSet::new();
    for page in book.chapters() {
        let lines: Vec<&str> = page.lines.iter().map(|(words, _)| words.as_str()).collect();
        for (start, line) in lines.iter().enumerate() {
            let Some((_, rest)) = line.split_once("data-quiz=\"") else {
                continue;
            };
            let name = rest.split('"').next().unwrap_or_default();
            let mut complain = |words: String| wrong.add(&page.path, start + 1, words);
            if !names.insert(name.to_owned()) {
                complain(format!("there is another question {name}; rename one"));
            }
            let end = lines[start..].iter().position(|line| *line == "</div>");
            let Some(end) = end else {
                complain(format!("the question {name} is not closed; add `</div>`"));
                continue;
            };
            let body = &lines[start..start + end];
            let right = body
                .iter()
                .filter(|line| line.contains("class=\"choice is-right\""));
            let right = right.count();
            if right != 1 {
                complain(format!(
                    "the question {name} has {right} right answers; one is right"
                ));
            }
            let choices = body.iter().zip(body.iter().skip(1));
            let choices = choices.filter(|(line, _)| line.starts_with("<details class=\"choice"));
            for (choice, reason) in choices {
                if !choice.contains(&format!("name=\"{name}\"")) {
                    complain(format!(
                        "an answer of {name} has another name; write name=\"{name}\""
                    ));
                }
                if !(reason.starts_with("<p>") && reason.len() > 30) {
                    complain(format!("an answer of {name} has no reason; say why"));
                }
            }
        }
    }
    wrong
}

#[test]
fn what_is_folded_away_code_and_tables_are_not_counted() {
    let text = "# One\n\ntwo [three](a.md \"no no\") <b>four</b>\n\n```rust\n{{#include a.rs}}\n```\n\n\
                | no | no |\n\n<details class=\"need\"><summary>five</summary><p>no</p></details>\n\n\
                <details><summary>six</summary>\n\nno\n\n</details>\n\nseven\n";
    let page = Page::read("a.md".into(), text);
    assert_eq!(open_words(&page), 8);
}
