//! The checks. Each looks at the whole book and gives all of its complaints.

use std::collections::BTreeSet;
use std::path::Path;

use super::built::tags;
use super::complaints::Complaints;
use super::pages::*;
use super::paths::{extension, is_remote, style_is_remote};
use super::{SECTIONS, SUMMARY, TAGS, WHOLE_FILES};

// Includes and anchors -----------------------------------------------------------------------------

pub(super) fn includes_resolve(book: &Book) -> Complaints {
    let mut wrong = Complaints::default();
    for page in &book.pages {
        for include in &page.includes {
            for words in faults_of_include(book, include) {
                wrong.add(&page.path, include.line, words);
            }
        }
    }
    wrong
}

fn faults_of_include(book: &Book, include: &Include) -> Vec<String> {
    let Include {
        directive,
        path,
        anchor,
        is_fenced,
        ..
    } = include;
    let shown = path.display();
    if directive != "include" {
        return vec![format!(
            "`#{directive}` is not used here; write `#include path:anchor`"
        )];
    }
    let Some(text) = book.sources.get(path) else {
        return vec![format!(
            "no text file {shown}; paths start at the folder of this page"
        )];
    };
    let mut faults = Vec::new();
    match anchor.as_deref() {
        None if !WHOLE_FILES.contains(&extension(path)) && !is_shown_whole(path) => {
            faults.push(format!("all of {shown} is included; name an anchor of it"));
        }
        Some(anchor) if anchor.chars().all(|c| c.is_ascii_digit() || c == ':') => {
            faults.push(format!(
                "{shown} is included by line numbers, which drift; name an anchor"
            ));
        }
        Some(anchor) if !regions(text).0.contains_key(anchor) => {
            faults.push(format!(
                "{shown} has no anchor `{anchor}`; mdBook would show nothing"
            ));
        }
        _ => {}
    }
    if !is_fenced && !["md", "svg"].contains(&extension(path)) {
        faults.push(format!(
            "{shown} is included outside a fence; put a fence around it"
        ));
    }
    let has_gap = text.trim_end().lines().any(|words| words.trim().is_empty());
    if !is_fenced && extension(path) == "svg" && has_gap {
        faults.push(format!(
            "{shown} has a blank line, where Markdown ends a picture; remove it"
        ));
    }
    faults
}

/// What is written to be read whole.
fn is_shown_whole(path: &Path) -> bool {
    [
        "book/examples",
        "tests/exercises/solutions",
        "tests/exercises/starters",
    ]
    .iter()
    .any(|folder| path.starts_with(folder))
}

pub(super) fn anchors_are_sound_and_used(book: &Book) -> Complaints {
    let mut wrong = Complaints::default();
    let includes = book.pages.iter().flat_map(|page| &page.includes);
    let shown: BTreeSet<_> = includes
        .filter_map(|include| Some((include.path.as_path(), include.anchor.as_deref()?)))
        .collect();
    for (path, text) in &book.sources {
        let (starts, faults) = regions(text);
        for (line, words) in faults {
            wrong.add(path, line, words);
        }
        for (name, line) in starts {
            if !shown.contains(&(path.as_path(), name)) {
                let words =
                    format!("no chapter shows anchor `{name}`; include it or remove its marks");
                wrong.add(path, line, words);
            }
        }
    }
    wrong
}

// Fences -------------------------------------------------------------------------------------------

pub(super) fn fences_only_include(book: &Book) -> Complaints {
    let mut wrong = Complaints::default();
    for page in book.chapters() {
        for fence in &page.fences {
            let mut complain = |words: String| wrong.add(&page.path, fence.line, words);
            if !fence.is_closed {
                complain("the fence is not closed; add its last line".into());
            }
            if fence.is_indented {
                complain(
                    "the fence stands in a quote or a list, and only the first line of what it \
                     includes would; move it to the margin"
                        .into(),
                );
            }
            if !TAGS.contains(&fence.tag.as_str()) {
                complain(format!(
                    "a fence may not be tagged {:?}; the tags are {TAGS:?}",
                    fence.tag
                ));
            }
            let is_include = |line: &String| {
                line.starts_with("{{#") && line.ends_with("}}") && line.matches("{{").count() == 1
            };
            if !matches!(&fence.body[..], [only] if is_include(only)) {
                complain(
                    "the fence holds something written by hand; its one line is \
                     `{{#include path:anchor}}`"
                        .into(),
                );
            }
        }
    }
    wrong
}

// Contents -----------------------------------------------------------------------------------------

pub(super) fn summary_lists_the_chapters(book: &Book) -> Complaints {
    let mut wrong = Complaints::default();
    let Some(text) = book.text(SUMMARY) else {
        wrong.add(SUMMARY, 1, "the table of contents is missing; write it");
        return wrong;
    };
    let mut listed = BTreeSet::new();
    for (line, path) in summary(&text) {
        let shown = path.display();
        if !book.chapters().any(|page| page.path == path) {
            let words = format!("there is no chapter {shown}; write it or remove its line");
            wrong.add(SUMMARY, line, words);
        }
        if !listed.insert(path.clone()) {
            let words = format!("{shown} is listed a second time; remove one of its lines");
            wrong.add(SUMMARY, line, words);
        }
    }
    for page in book.chapters() {
        let is_part = book.pages.iter().any(|other| other.shows(&page.path, None));
        if !listed.contains(&page.path) && !is_part {
            let words = format!("the chapter is not in {SUMMARY}; add its line there");
            wrong.add(&page.path, 1, words);
        }
    }
    wrong
}

/// The last line of each page but the last one leads on; that of a page that stands below another one
/// leads back to it, and that one leads to it.
pub(super) fn pages_lead_on(book: &Book) -> Complaints {
    let mut wrong = Complaints::default();
    let text = book.text(SUMMARY).unwrap_or_default();
    let parents = parents(&text);
    let mut contents: Vec<_> = summary(&text).into_iter().map(|(_, path)| path).collect();
    contents.retain(|path| !parents.contains_key(path));
    let next = contents.windows(2).map(|pair| (&pair[0], "Next", &pair[1]));
    let back = parents.iter().map(|(page, parent)| (page, "Back", parent));
    for (path, way, target) in next.chain(back) {
        let Some(page) = book.chapters().find(|page| page.path == *path) else {
            continue;
        };
        let is_blank = |words: &&(String, bool)| words.0.trim().is_empty();
        let last = page.lines.iter().rfind(|words| !is_blank(words));
        let last = last.map(|(words, _)| words.as_str()).unwrap_or_default();
        let file = target.file_name().unwrap_or_default().to_string_lossy();
        let begins = last.starts_with(&format!("{way}: ["));
        if !(begins && last.ends_with(&format!("]({file})"))) {
            let words = format!("the last line does not lead on; write `{way}: [title]({file})`");
            wrong.add(path, page.lines.len(), words);
        }
    }
    for (path, parent) in &parents {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let leads_to = |words: &str| {
            words.contains(&format!("href=\"{name}.html")) || words.contains(&format!("({name}.md"))
        };
        let page = book.chapters().find(|page| page.path == *parent);
        if page.is_some_and(|page| !page.prose().any(|(_, words)| leads_to(words))) {
            let words =
                format!("nothing leads to {name}.md, which stands below this page; add a link");
            wrong.add(parent, 1, words);
        }
    }
    wrong
}

// Sections -----------------------------------------------------------------------------------------

pub(super) fn sections_are_complete(book: &Book) -> Complaints {
    let mut wrong = Complaints::default();
    let sections = sections(book.text(SECTIONS).as_deref().unwrap_or_default());
    if sections.is_empty() {
        let words = "no section found; an entry holds `number: 1`, `name: \"…\"`, `module: \"…\"`";
        wrong.add(SECTIONS, 1, words);
        return wrong;
    }
    for (place, section) in (1..).zip(&sections) {
        let Section { number, name, .. } = section;
        let mut complain = |words: String| wrong.add(SECTIONS, section.line, words);
        if *number != place {
            complain(format!(
                "section {number} stands in place {place}; number them 1, 2, 3 …"
            ));
        }
        if section.modules.is_empty() {
            complain(format!(
                "section {name:?} names no module; add `module: \"…\"`"
            ));
        }
        let modules = section
            .modules
            .iter()
            .map(|module| format!("src/{module}.rs").into());
        let parts = [
            ("chapter", section.chapter()),
            ("Python cell", section.cell()),
            ("transcript", section.transcript()),
        ];
        for (what, path) in modules.map(|path| ("module", path)).chain(parts) {
            if !book.root.join(&path).is_file() {
                complain(format!(
                    "section {name:?} has no {what} {}; write it",
                    path.display()
                ));
            }
        }
        let transcript = book.sources.get(&section.transcript());
        if transcript.is_some_and(|text| !text.starts_with("$ ")) {
            let words = "the first line is not the command; start it with `$ `";
            wrong.add(section.transcript(), 1, words);
        }
        if let Some(page) = book.chapters().find(|page| page.path == section.chapter()) {
            let cell = section.cell();
            if !page.shows(&cell, Some("cell")) {
                let words = format!(
                    "the chapter does not show {}:cell; include it",
                    cell.display()
                );
                wrong.add(&page.path, 1, words);
            }
            let transcript = section.transcript();
            if !page.shows(&transcript, None) {
                let words = format!(
                    "the chapter does not show {}; include it",
                    transcript.display()
                );
                wrong.add(&page.path, 1, words);
            }
        }
    }
    for path in book
        .sources
        .keys()
        .filter(|path| path.starts_with("fixtures/python"))
    {
        // No cells: one has its orders on a page of their own, the others are peers in the benches.
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_other = name == "replay.py" || name.starts_with("bench_");
        let is_cell = sections.iter().any(|section| section.cell() == *path);
        if extension(path) == "py" && !is_other && !is_cell {
            wrong.add(
                path,
                1,
                format!("no section of {SECTIONS} has this name; rename the file"),
            );
        }
    }
    wrong
}

// Claims -------------------------------------------------------------------------------------------

pub(super) fn proofs_exist(book: &Book) -> Complaints {
    let mut wrong = Complaints::default();
    for page in &book.pages {
        for (line, words) in page.prose() {
            let mut complain = |words: String| wrong.add(&page.path, line, words);
            let proofs = proofs_in(words);
            if let Some(id) = claim_id(words).filter(|_| proofs.is_empty()) {
                complain(format!(
                    "claim {id} has no proof; name `tests/<kind>/<file>.rs::<test>`"
                ));
            }
            for (file, item) in proofs {
                let keywords = match file.starts_with("tests/") {
                    true => ["fn"].as_slice(),
                    false => &["fn", "struct", "enum", "trait", "mod", "const"],
                };
                match book.text(file) {
                    None => complain(format!("the proof names {file}, which does not exist")),
                    Some(text) if !defines(&text, item, keywords) => {
                        let what = keywords.join("|");
                        complain(format!("{file} holds no `{what} {item}`; was it renamed?"));
                    }
                    Some(_) => {}
                }
            }
        }
    }
    wrong
}

// Elsewhere ----------------------------------------------------------------------------------------

pub(super) fn nothing_is_remote(book: &Book) -> Complaints {
    let mut wrong = Complaints::default();
    for page in &book.pages {
        for (line, words) in page.prose() {
            let words = words.to_lowercase();
            let images = words
                .split("![")
                .skip(1)
                .filter_map(|rest| rest.split_once("]("));
            let image = images
                .into_iter()
                .any(|(_, target)| is_remote(target.trim_start_matches('<')));
            let html = tags(&words).iter().any(|tag| tag.loads().any(is_remote));
            if image || html || style_is_remote(&words) {
                let words =
                    "an image, script or style is loaded from elsewhere; put it into the book";
                wrong.add(&page.path, line, words);
            }
        }
    }
    wrong
}
