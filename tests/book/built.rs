//! What is looked at in a built book: the log of mdBook, and every link and asset of every page.
//!
//! The book itself is built in `tests/your_machine/built.rs`, where there is an mdBook.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::complaints::Complaints;
use super::paths::{extension, files_below, is_remote, style_is_remote, without_dots};

/// The lines of mdBook's log that are no good news. The level is the first word that is a level.
pub(super) fn log_complaints(log: &str) -> Vec<&str> {
    let level = |line: &&str| {
        let mut words = line
            .split_whitespace()
            .map(|word| word.trim_matches(['[', ']']));
        words
            .find(|word| ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"].contains(word))
            .is_some_and(|level| ["ERROR", "WARN"].contains(&level))
    };
    log.lines().filter(level).collect()
}

/// Looks at each page and style of a built book. Paths in the complaints start at the book's folder.
pub(super) fn check_pages(folder: &Path) -> Complaints {
    let mut wrong = Complaints::default();
    let files = files_below(folder, Path::new(""));
    let texts: BTreeMap<&Path, String> = files
        .iter()
        .filter(|path| ["html", "css"].contains(&extension(path)))
        .map(|path| {
            (
                path.as_path(),
                fs::read_to_string(folder.join(path)).unwrap_or_default(),
            )
        })
        .collect();
    let ids: BTreeMap<&Path, BTreeSet<String>> = texts
        .iter()
        .map(|(path, html)| {
            (
                *path,
                tags(html)
                    .iter()
                    .filter_map(|tag| tag.value("id").map(str::to_owned))
                    .collect(),
            )
        })
        .collect();
    if !texts.contains_key(Path::new("index.html")) {
        wrong.add(
            "index.html",
            1,
            "the book has no first page; was the HTML output switched off?",
        );
    }
    for (path, text) in &texts {
        if extension(path) == "css" {
            for (line, words) in (1..).zip(text.lines()) {
                if style_is_remote(words) {
                    wrong.add(
                        path,
                        line,
                        "a style is loaded from elsewhere; put the file into the book",
                    );
                }
            }
            continue;
        }
        for (line, words) in (1..).zip(text.lines()) {
            if words.contains("{{#") {
                wrong.add(
                    path,
                    line,
                    "an include was left as it stands; mdBook did not find its file",
                );
            }
        }
        for tag in tags(text) {
            if tag.value("class").is_some_and(|classes| {
                classes
                    .split_whitespace()
                    .any(|class| class == "playground")
            }) {
                wrong.add(
                    path,
                    tag.line,
                    "the block talks to the Rust playground; set `runnable = false` in book.toml",
                );
            }
            if let Some(target) = tag.loads().find(|target| is_remote(target)) {
                wrong.add(
                    path,
                    tag.line,
                    format!("{target} is loaded from elsewhere; put the file into the book"),
                );
            }
            for target in tag.loads().chain(tag.leads_to()) {
                if let Some(words) = dead_end(folder, path, target, &ids) {
                    wrong.add(path, tag.line, words);
                }
            }
        }
    }
    wrong
}

/// Why a link or an asset of `page` leads nowhere, if it does.
fn dead_end(
    folder: &Path,
    page: &Path,
    target: &str,
    ids: &BTreeMap<&Path, BTreeSet<String>>,
) -> Option<String> {
    let has_scheme = target
        .split_once(':')
        .is_some_and(|(scheme, _)| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    if target.is_empty() || has_scheme || is_remote(target) {
        return None;
    }
    let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
    let file = unescaped(file.split('?').next().unwrap_or_default());
    let path = match file.as_str() {
        "" => page.to_owned(),
        file => without_dots(
            &page
                .parent()
                .unwrap_or(Path::new(""))
                .join(file.trim_start_matches('/')),
        ),
    };
    let path = if folder.join(&path).is_dir() {
        path.join("index.html")
    } else {
        path
    };
    if !folder.join(&path).is_file() {
        return Some(format!(
            "{target} leads to no file; mend the link in the chapter"
        ));
    }
    let fragment = unescaped(fragment);
    let is_known = fragment.is_empty()
        || ids
            .get(path.as_path())
            .is_none_or(|ids| ids.contains(&fragment));
    (!is_known).then(|| {
        format!(
            "{target} leads to no heading or id of {}; mend the link in the chapter",
            path.display()
        )
    })
}

/// A part of a link without its `%20` and `&amp;`.
fn unescaped(text: &str) -> String {
    let text = text.replace("&amp;", "&");
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after
            .get(..2)
            .and_then(|code| u8::from_str_radix(str::from_utf8(code).ok()?, 16).ok());
        match code.filter(|_| first == b'%') {
            Some(code) => {
                bytes.push(code);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An opening tag of a page.
pub(super) struct Tag<'a> {
    line: usize,
    name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
}

impl<'a> Tag<'a> {
    fn value(&self, attribute: &str) -> Option<&'a str> {
        self.attributes
            .iter()
            .find(|(name, _)| *name == attribute)
            .map(|(_, value)| *value)
    }

    /// What a browser fetches by itself when it meets the tag.
    pub(super) fn loads(&self) -> impl Iterator<Item = &'a str> {
        let links = if ["link", "use", "image"].contains(&self.name) {
            ["href", "xlink:href"].as_slice()
        } else {
            &[]
        };
        ["src", "data", "poster"]
            .iter()
            .chain(links)
            .filter_map(|attribute| self.value(attribute))
    }

    /// What a reader reaches by a click.
    fn leads_to(&self) -> impl Iterator<Item = &'a str> {
        self.value("href").filter(|_| self.name == "a").into_iter()
    }
}

/// The opening tags of a page. What stands in comments, scripts and styles is text, not tags.
pub(super) fn tags(html: &str) -> Vec<Tag<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = html[at..].find('<').map(|offset| at + offset) {
        let rest = &html[start..];
        if rest.starts_with("<!--") {
            at = rest
                .find("-->")
                .map_or(html.len(), |offset| start + offset + 3);
            continue;
        }
        let name = rest[1..]
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
            .next()
            .unwrap_or_default();
        if name.is_empty() {
            at = start + 1;
            continue;
        }
        let line = 1 + html[..start].matches('\n').count();
        let (attributes, length) = attributes(&rest[1 + name.len()..]);
        at = start + 1 + name.len() + length;
        found.push(Tag {
            line,
            name,
            attributes,
        });
        if ["script", "style"].contains(&name) {
            at = html[at..]
                .find(&format!("</{name}"))
                .map_or(html.len(), |offset| at + offset);
        }
    }
    found
}

/// The attributes of a tag, whose name is not in `text`, and the length of the tag up to its `>`.
fn attributes(text: &str) -> (Vec<(&str, &str)>, usize) {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        let name = rest
            .split(|c: char| c.is_whitespace() || "=>/".contains(c))
            .next()
            .unwrap_or_default();
        rest = &rest[name.len()..];
        let Some(value) = rest.trim_start().strip_prefix('=') else {
            if rest.is_empty() || rest.starts_with('>') {
                return (found, text.len() - rest.len());
            }
            continue;
        };
        let value = value.trim_start();
        let (value, after) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
            _ => value.split_at(
                value
                    .find(|c: char| c.is_whitespace() || c == '>')
                    .unwrap_or(value.len()),
            ),
        };
        found.push((name, value));
        rest = after;
    }
}
