//! A word of the glossary has its meaning at hand: a link to `glossary.md#word-…` has as its title what
//! the glossary says. `BLESS=1 cargo test --test book glossary` writes the titles.

use std::collections::BTreeMap;
use std::fs;

use regex::{Captures, Regex};

use crate::complaints::Complaints;
use crate::pages::Book;

const GLOSSARY: &str = "book/src/glossary.md";

/// What each word means, by its id.
fn meanings(glossary: &str) -> BTreeMap<String, String> {
    let id = Regex::new(r#"id="(word-[a-z-]+)""#).unwrap();
    let mut meanings = BTreeMap::new();
    for row in glossary.lines().filter(|line| line.starts_with("| <span")) {
        let cells: Vec<&str> = row.split(" | ").collect();
        for found in id.captures_iter(cells[0]) {
            meanings.insert(found[1].to_owned(), plain(cells[1]));
        }
    }
    meanings
}

/// A cell without its marks, as the title of a link can hold it.
fn plain(cell: &str) -> String {
    let link = Regex::new(r"\[([^\]]+)\]\([^)]*\)").unwrap();
    let text = link.replace_all(cell, "$1").replace(['*', '`'], "");
    text.replace('"', "'")
}

/// The text of a page with each title as it should be; a word that is not there has none.
fn with_titles(text: &str, meanings: &BTreeMap<String, String>) -> String {
    let link = Regex::new(r#"\]\(glossary\.md#(word-[a-z-]+)(?: "[^"]*")?\)"#).unwrap();
    let titled = |found: &Captures<'_>| {
        let meaning = meanings.get(&found[1]);
        let title = meaning.map(|words| format!(" \"{words}\""));
        format!("](glossary.md#{}{})", &found[1], title.unwrap_or_default())
    };
    link.replace_all(text, titled).into_owned()
}

#[test]
fn a_link_to_a_word_says_what_the_word_means() {
    let book = Book::here();
    let meanings = meanings(&book.text(GLOSSARY).expect("the glossary is there"));
    assert!(meanings.len() > 50, "{meanings:?}");
    let mut wrong = Complaints::default();
    for page in book.chapters() {
        let Some(text) = book.text(&page.path.to_string_lossy()) else {
            continue;
        };
        let titled = with_titles(&text, &meanings);
        if std::env::var_os("BLESS").is_some() && titled != text {
            fs::write(book.root.join(&page.path), &titled).unwrap();
            continue;
        }
        for (number, (found, expected)) in (1..).zip(text.lines().zip(titled.lines())) {
            if found != expected {
                let words = "the title of a link is not what the glossary says; \
                             BLESS=1 cargo test --test book glossary writes it";
                wrong.add(&page.path, number, words);
            }
        }
    }
    wrong.expect_none();
}

#[test]
fn a_title_is_the_meaning_without_its_marks() {
    let glossary = "| <span id=\"word-lock\">lock</span>, <span id=\"word-guard\">guard</span> | \
                    what *one* has; see [a \"page\"](a.md) | `Lock` |";
    let meanings = meanings(glossary);
    let text = "a [lock](glossary.md#word-lock) and a [key](glossary.md#word-key)";
    let titled = with_titles(text, &meanings);
    let expected = "a [lock](glossary.md#word-lock \"what one has; see a 'page'\") and a \
                    [key](glossary.md#word-key)";
    assert_eq!(titled, expected);
    assert_eq!(with_titles(&titled, &meanings), expected);
}
