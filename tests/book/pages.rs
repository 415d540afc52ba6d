//! The book as the checks see it: chapters taken apart into lines, fences, includes and proofs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::SUMMARY;
use super::paths::{extension, files_below, without_dots};

/// All the text that the checks look at. Paths are relative to the root and hold no `..`.
pub(super) struct Book {
    pub(super) root: PathBuf,
    /// The chapters, and each Markdown file that they include.
    pub(super) pages: Vec<Page>,
    /// The text files of `src`, `tests` and `fixtures`, and each file that is included.
    pub(super) sources: BTreeMap<PathBuf, String>,
}

pub(super) struct Page {
    pub(super) path: PathBuf,
    /// Each line, and whether it stands inside a fence.
    pub(super) lines: Vec<(String, bool)>,
    pub(super) fences: Vec<Fence>,
    pub(super) includes: Vec<Include>,
}

pub(super) struct Fence {
    pub(super) line: usize,
    pub(super) tag: String,
    pub(super) body: Vec<String>,
    pub(super) is_closed: bool,
    /// Whether it stands in a quote or a list, or is set off by blanks.
    pub(super) is_indented: bool,
}

pub(super) struct Include {
    pub(super) line: usize,
    pub(super) directive: String,
    pub(super) path: PathBuf,
    pub(super) anchor: Option<String>,
    pub(super) is_fenced: bool,
}

impl Book {
    pub(super) fn here() -> Self {
        Self::read(Path::new(env!("CARGO_MANIFEST_DIR")))
    }

    pub(super) fn read(root: &Path) -> Self {
        let mut sources = BTreeMap::new();
        for folder in ["src", "tests", "fixtures"] {
            for path in files_below(root, Path::new(folder)) {
                // The files of this test are full of anchors that are none.
                if path.starts_with("tests/book") {
                    continue;
                }
                // A file that is no text is no source.
                if let Ok(text) = fs::read_to_string(root.join(&path)) {
                    sources.insert(path, text);
                }
            }
        }
        let mut waiting: Vec<_> = files_below(root, Path::new("book/src"))
            .into_iter()
            .filter(|path| is_markdown(path))
            .collect();
        let mut pages: Vec<Page> = Vec::new();
        while let Some(path) = waiting.pop() {
            if path == Path::new(SUMMARY) || pages.iter().any(|page| page.path == path) {
                continue;
            }
            // An include of a file that is missing is the business of `includes_resolve`.
            let Ok(text) = fs::read_to_string(root.join(&path)) else {
                continue;
            };
            let page = Page::read(path, &text);
            for include in &page.includes {
                if let Ok(text) = fs::read_to_string(root.join(&include.path)) {
                    sources.insert(include.path.clone(), text);
                }
                if is_markdown(&include.path) {
                    waiting.push(include.path.clone());
                }
            }
            pages.push(page);
        }
        pages.sort_by(|a, b| a.path.cmp(&b.path));
        Self {
            root: root.to_owned(),
            pages,
            sources,
        }
    }

    pub(super) fn chapters(&self) -> impl Iterator<Item = &Page> {
        self.pages
            .iter()
            .filter(|page| page.path.starts_with("book/src"))
    }

    pub(super) fn text(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.root.join(path)).ok()
    }
}

impl Page {
    pub(super) fn read(path: PathBuf, text: &str) -> Self {
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let mut page = Self {
            path,
            lines: Vec::new(),
            fences: Vec::new(),
            includes: Vec::new(),
        };
        let mut open: Option<(&str, Fence)> = None;
        for (line, words) in (1..).zip(text.lines()) {
            let bare = words.trim_start_matches(['>', ' ', '\t']).trim_end();
            let marks = &bare[..bare.len() - bare.trim_start_matches(['`', '~']).len()];
            let is_mark = marks.len() >= 3
                && marks.bytes().all(|byte| byte == marks.as_bytes()[0])
                && !bare[marks.len()..].contains('`');
            let is_fenced = open.is_some() || is_mark;
            match open.take() {
                Some((opening, mut fence)) => {
                    if is_mark && bare == marks && marks.starts_with(opening) {
                        fence.is_closed = true;
                        page.fences.push(fence);
                    } else {
                        fence.body.push(bare.to_owned());
                        open = Some((opening, fence));
                    }
                }
                None if is_mark => {
                    let fence = Fence {
                        line,
                        tag: bare[marks.len()..].trim().to_owned(),
                        body: Vec::new(),
                        is_closed: false,
                        is_indented: !words.starts_with(marks),
                    };
                    open = Some((marks, fence));
                }
                None => {}
            }
            page.includes
                .extend(includes_in(words, line, &folder, is_fenced));
            page.lines.push((words.to_owned(), is_fenced));
        }
        page.fences.extend(open.map(|(_, fence)| fence));
        page
    }

    /// The lines outside fences, with their numbers.
    pub(super) fn prose(&self) -> impl Iterator<Item = (usize, &str)> {
        let numbered = (1..).zip(&self.lines);
        numbered
            .filter_map(|(line, (words, is_fenced))| (!is_fenced).then_some((line, words.as_str())))
    }

    pub(super) fn shows(&self, path: &Path, anchor: Option<&str>) -> bool {
        self.includes
            .iter()
            .any(|include| include.path == path && include.anchor.as_deref() == anchor)
    }
}

/// Everything of the form `{{#directive path:anchor}}` in one line.
fn includes_in(words: &str, line: usize, folder: &Path, is_fenced: bool) -> Vec<Include> {
    let mut found = Vec::new();
    for part in words.split("{{#").skip(1) {
        let inner = part.split("}}").next().unwrap_or_default();
        let (directive, target) = inner.split_once(char::is_whitespace).unwrap_or((inner, ""));
        let (path, anchor) = match target.trim().split_once(':') {
            Some((path, anchor)) => (path, Some(anchor.to_owned())),
            None => (target.trim(), None),
        };
        found.push(Include {
            line,
            directive: directive.to_owned(),
            path: without_dots(&folder.join(path)),
            anchor,
            is_fenced,
        });
    }
    found
}

fn is_markdown(path: &Path) -> bool {
    extension(path) == "md"
}

// Anchors ------------------------------------------------------------------------------------------

enum Mark<'a> {
    Start(&'a str),
    End(&'a str),
}

/// The anchor mark of a line, as mdBook reads it: anywhere in the line.
fn mark_in(line: &str) -> Option<Mark<'_>> {
    line.match_indices("ANCHOR").find_map(|(at, word)| {
        let rest = &line[at + word.len()..];
        let end = rest.strip_prefix("_END");
        let name = end.unwrap_or(rest).strip_prefix(':')?.trim_start();
        let name = name
            .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
            .next()
            .filter(|name| !name.is_empty())?;
        Some(if end.is_some() {
            Mark::End(name)
        } else {
            Mark::Start(name)
        })
    })
}

/// The names of the regions of a text, each with the line of its start, and what is wrong with them.
pub(super) fn regions(text: &str) -> (BTreeMap<&str, usize>, Vec<(usize, String)>) {
    let mut starts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut ends: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut complain = |line, words| wrong.push((line, words));
    let lines: Vec<&str> = text.lines().collect();
    for (line, words) in (1..).zip(&lines) {
        match mark_in(words) {
            Some(Mark::Start(name)) => match starts.get(name) {
                Some(first) => complain(
                    line,
                    format!("anchor `{name}` starts a second time, after line {first}; rename one"),
                ),
                None => {
                    starts.insert(name, line);
                }
            },
            Some(Mark::End(name)) => {
                if !starts.contains_key(name) {
                    complain(
                        line,
                        format!("anchor `{name}` ends but never started; add `ANCHOR: {name}`"),
                    );
                } else if ends.insert(name, line).is_some() {
                    complain(
                        line,
                        format!("anchor `{name}` ends a second time; remove one of the ends"),
                    );
                }
            }
            None => {}
        }
    }
    for (name, start) in &starts {
        match ends.get(name) {
            None => complain(
                *start,
                format!("anchor `{name}` is not closed; add `ANCHOR_END: {name}`"),
            ),
            Some(end) => {
                let is_shown = |words: &&str| !words.trim().is_empty() && mark_in(words).is_none();
                if !lines[*start..end - 1].iter().any(is_shown) {
                    complain(
                        *start,
                        format!("anchor `{name}` is empty; put its marks around lines"),
                    );
                }
            }
        }
    }
    (starts, wrong)
}

// Contents and sections ----------------------------------------------------------------------------

/// The chapters that SUMMARY.md links to, each with its line.
pub(super) fn summary(text: &str) -> Vec<(usize, PathBuf)> {
    let mut found = Vec::new();
    for (line, words) in (1..).zip(text.lines()) {
        for rest in words.split("](").skip(1) {
            let target = rest.split(')').next().unwrap_or_default();
            found.push((line, without_dots(&Path::new("book/src").join(target))));
        }
    }
    found
}

/// The pages that stand below another one in SUMMARY.md, each with that one.
pub(super) fn parents(text: &str) -> BTreeMap<PathBuf, PathBuf> {
    let mut found = BTreeMap::new();
    let mut parent = None;
    for words in text.lines() {
        let Some((_, page)) = summary(words).pop() else {
            continue;
        };
        match parent.clone().filter(|_| words.starts_with(' ')) {
            Some(parent) => drop(found.insert(page, parent)),
            None => parent = Some(page),
        }
    }
    found
}

/// One entry of the table `SECTIONS`, read from its text.
pub(super) struct Section {
    pub(super) line: usize,
    pub(super) number: usize,
    pub(super) name: String,
    pub(super) modules: Vec<String>,
}

impl Section {
    pub(super) fn chapter(&self) -> PathBuf {
        format!("book/src/{}.md", self.name).into()
    }

    pub(super) fn cell(&self) -> PathBuf {
        format!("fixtures/python/{}.py", self.name.replace('-', "_")).into()
    }

    pub(super) fn transcript(&self) -> PathBuf {
        format!("fixtures/blessed/expected/{}.txt", self.name).into()
    }
}

/// Each `number: 1` with the `name: "…"` and `module: "…"` that stand between it and the next.
pub(super) fn sections(text: &str) -> Vec<Section> {
    let without_comment = |line| if is_comment(line) { "" } else { line };
    let code: Vec<&str> = text.lines().map(without_comment).collect();
    let code = code.join("\n");
    let mut found = Vec::new();
    let mut starts: Vec<usize> = code.match_indices("number:").map(|(at, _)| at).collect();
    starts.push(code.len());
    for span in starts.windows(2) {
        let entry = &code[span[0]..span[1]];
        let number = entry["number:".len()..].trim_start();
        let digits = number.split(|c: char| !c.is_ascii_digit()).next();
        // The field of the struct itself, `number: u32`, is no entry.
        let Some(number) = digits.and_then(|digits| digits.parse().ok()) else {
            continue;
        };
        let quoted = |key: &str| {
            entry
                .split_once(key)
                .and_then(|(_, rest)| rest.split('"').nth(1))
                .unwrap_or_default()
        };
        found.push(Section {
            line: 1 + code[..span[0]].matches('\n').count(),
            number,
            name: quoted("name:").to_owned(),
            modules: quoted("module:")
                .split([',', ' '])
                .filter(|module| !module.is_empty())
                .map(str::to_owned)
                .collect(),
        });
    }
    found
}

// Claims -------------------------------------------------------------------------------------------

/// The tokens in backticks of a line that name a test, as `(file, item)`.
pub(super) fn proofs_in(words: &str) -> Vec<(&str, &str)> {
    let quoted = words.split('`').skip(1).step_by(2);
    let is_path = |file: &str| {
        (file.starts_with("tests/") || file.starts_with("src/")) && !file.contains(' ')
    };
    quoted
        .filter_map(|token| token.split_once("::"))
        .filter(|(file, _)| is_path(file))
        .collect()
}

/// The id in the first cell of a table row, if it looks like `D1` or `X11`.
pub(super) fn claim_id(words: &str) -> Option<&str> {
    let cell = words
        .trim()
        .strip_prefix('|')?
        .split('|')
        .next()?
        .trim()
        .trim_matches('*');
    let digits = cell.strip_prefix(|c: char| c.is_ascii_uppercase())?;
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(cell)
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

/// Whether a line of code, not of a comment, defines `item`.
pub(super) fn defines(text: &str, item: &str, keywords: &[&str]) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    text.lines().filter(|line| !is_comment(line)).any(|line| {
        keywords.iter().any(|keyword| {
            let definition = format!("{keyword} {item}");
            line.split_once(&definition)
                .is_some_and(|(_, rest)| !rest.starts_with(is_name))
        })
    })
}
