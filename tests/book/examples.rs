//! The whole programs that the book shows, and those that do not compile.
//!
//! A program of `book/examples` prints what `fixtures/blessed/examples` says, both streams in one, as
//! on a terminal. A program of `book/examples/broken` has the errors of `fixtures/blessed/errors`, in
//! rustc's own words; another rustc may use other words, and then the codes of the errors are compared.
//! A place in the source of `std` is left out: it depends on where that lies.
//! `BLESS=1 cargo test --test book examples` writes both anew.

use std::fs;
use std::io::{Read, pipe};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::thread;

use regex::Regex;

use super::support::{TARGET, as_this_build, cargo};
use crate::complaints::Complaints;
use crate::pages::Book;
use crate::paths::{extension, files_below};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// A program is read in one look, and none of its lines is cut off on a page.
const LONGEST: usize = 25;
const WIDEST: usize = 88;
/// After the command: the threads may print in another order the next time.
const ANY_ORDER: &str = "   # one order of several";

#[test]
fn a_program_prints_what_the_book_shows() {
    built_programs();
    for_each_program("book/examples", prints_what_is_shown);
}

#[test]
fn rustc_says_what_the_book_shows() {
    for_each_program("book/examples/broken", has_the_errors_that_are_shown);
}

/// Looked for when the test runs: a program that is new needs no new build of this test.
fn for_each_program(folder: &str, check: fn(&str) -> Result<(), String>) {
    let programs = programs_in(&Path::new(ROOT).join(folder), "rs");
    assert!(!programs.is_empty(), "no program in {folder}");
    let names: Vec<&str> = programs.iter().map(|program| name_of(program)).collect();
    let wrong: Vec<String> = thread::scope(|scope| {
        let start = |name| (name, scope.spawn(move || check(name)));
        // All are started before the first is waited for: most of them sleep.
        let running: Vec<_> = names.into_iter().map(start).collect();
        let outcomes = running.into_iter().map(|(name, check)| {
            let outcome = check.join().unwrap_or_else(|_| Err("it panics".to_owned()));
            outcome.err().map(|why| format!("{name}: {why}"))
        });
        outcomes.flatten().collect()
    });
    let how = "BLESS=1 cargo test --test book examples writes them anew";
    assert!(wrong.is_empty(), "{}\n{how}", wrong.join("\n"));
}

fn prints_what_is_shown(name: &str) -> Result<(), String> {
    if !cfg!(feature = "program") && needs_a_feature(name) {
        println!("{name}: it is not built without the features that it needs");
        return Ok(());
    }
    let (mut reader, writer) = pipe().unwrap();
    let mut command = Command::new(built_programs().join(name));
    command
        .current_dir(ROOT)
        .env("RUST_BACKTRACE", "0")
        .stdout(writer.try_clone().unwrap())
        .stderr(writer);
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    // It holds the ends for writing; while it lives the reader waits.
    drop(command);
    let mut printed = String::new();
    reader.read_to_string(&mut printed).unwrap();
    if !child.wait().unwrap().success() {
        return Err(format!("it fails\n{printed}"));
    }
    let path = blessed("examples", name);
    let shown = fs::read_to_string(&path).unwrap_or_default();
    let (first, expected) = shown.split_once('\n').unwrap_or_default();
    let is_sorted = first.ends_with(ANY_ORDER);
    let command = format!("$ cargo run --example {name}");
    let lines = |text: &str| {
        let text = masked(text.trim());
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        if is_sorted {
            lines.sort();
        }
        lines
    };
    let is_as_shown =
        first.trim_end_matches(ANY_ORDER) == command && lines(expected) == lines(&printed);
    let first = if is_sorted {
        format!("{command}{ANY_ORDER}")
    } else {
        command
    };
    as_shown_or_blessed(&path, is_as_shown, format!("{first}\n{}\n", printed.trim()))
}

/// Whether `Cargo.toml` says so, in the line behind the program's path.
fn needs_a_feature(name: &str) -> bool {
    let declared = format!("path = \"book/examples/{name}.rs\"\nrequired-features");
    include_str!("../../Cargo.toml").contains(&declared)
}

fn has_the_errors_that_are_shown(name: &str) -> Result<(), String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
    let source = format!("book/examples/broken/{name}.rs");
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(&rustc)
        .current_dir(ROOT)
        .args(["--edition=2024", "--emit=metadata", "--color=never"])
        .arg("--out-dir")
        .arg(folder.path())
        .arg(&source)
        .output()
        .expect("rustc runs, as it did for this test");
    if output.status.success() {
        return Err("it compiles".to_owned());
    }
    let said = without_std(&String::from_utf8(output.stderr).unwrap());
    let version = Command::new(&rustc).arg("--version").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let version = version.split(' ').nth(1).unwrap_or_default();
    let found = format!("$ rustc --edition=2024 {source}   # {version}\n{said}\n");

    let path = blessed("errors", name);
    let shown = fs::read_to_string(&path).unwrap_or_default();
    let is_same_rustc = shown.lines().next() == found.lines().next();
    let is_as_shown = match is_same_rustc {
        true => shown == found,
        false => codes(&shown) == codes(&found) && std::env::var_os("BLESS").is_none(),
    };
    as_shown_or_blessed(&path, is_as_shown, found)
}

/// With BLESS=1 what is not as shown is written; what differs by its numbers alone stays.
fn as_shown_or_blessed(path: &Path, is_as_shown: bool, found: String) -> Result<(), String> {
    if is_as_shown {
        return Ok(());
    }
    if std::env::var_os("BLESS").is_none() {
        return Err(format!("it is not as {} shows\n{found}", path.display()));
    }
    fs::write(path, found).map_err(|error| error.to_string())
}

#[test]
fn every_program_is_short_declared_and_shown_with_its_command_and_its_output() {
    programs_are_shown(&Book::here()).expect_none();
}

/// What lies in a folder of programs: its ending, the kind of its outputs, and the command.
const KINDS: [(&str, &str, &str, &str); 3] = [
    (
        "book/examples",
        "rs",
        "examples",
        "cargo run --example NAME",
    ),
    (
        "book/examples",
        "py",
        "python",
        "python3 book/examples/NAME.py",
    ),
    (
        "book/examples/broken",
        "rs",
        "errors",
        "rustc --edition=2024 book/examples/broken/NAME.rs",
    ),
];

pub(super) fn programs_are_shown(book: &Book) -> Complaints {
    let mut wrong = Complaints::default();
    let manifest = book.text("Cargo.toml").unwrap_or_default();
    let python = book
        .text("tests/your_machine/examples.rs")
        .unwrap_or_default();
    for (folder, ending, kind, command) in KINDS {
        for path in programs_in(&book.root.join(folder), ending) {
            let name = name_of(&path);
            let source = format!("{folder}/{name}.{ending}");
            let text = fs::read_to_string(&path).unwrap();
            let mut complain = |words: &str| wrong.add(&source, 1, words);
            if text.lines().count() > LONGEST {
                complain("the program is longer than 25 lines; make it teach less");
            }
            if text.lines().any(|line| line.chars().count() > WIDEST) {
                complain("a line is wider than 88 letters; break it");
            }
            if kind == "examples" && !manifest.contains(&format!("path = \"{source}\"")) {
                complain("Cargo.toml does not declare it; add an [[example]]");
            }
            if kind == "examples" && !text.starts_with("//! ") {
                complain("it does not say what it shows; begin with `//! `");
            }
            if kind == "python" && !python.contains(&format!("\"{name}\"")) {
                complain("tests/your_machine/examples.rs does not run it; add its name");
            }
            let Some(page) = book
                .pages
                .iter()
                .find(|page| page.shows(Path::new(&source), None))
            else {
                complain("no page shows it; include it or remove it");
                continue;
            };
            let has = |words: &str| page.prose().any(|(_, line)| line.contains(words));
            let head = format!("<span class=\"file\">{source}</span>");
            let command = format!("<code>{}</code>", command.replace("NAME", name));
            if !has(&head) || !has(&command) {
                let words = format!("above {source} stands no head with `{head}` and `{command}`");
                wrong.add(&page.path, 1, words);
            }
            let output = format!("fixtures/blessed/{kind}/{name}.txt");
            if !page.shows(Path::new(&output), None) {
                let words = format!("{output} is not shown; include it");
                wrong.add(&page.path, 1, words);
            }
        }
        let outputs = format!("fixtures/blessed/{kind}");
        for output in files_below(&book.root, Path::new(&outputs)) {
            let program = format!("{folder}/{}.{ending}", name_of(&output));
            if !book.root.join(&program).exists() {
                let words = format!("there is no {program}; remove the output");
                wrong.add(&output, 1, words);
            }
        }
    }
    wrong
}

#[test]
fn a_mask_hides_numbers_of_the_system_and_nothing_else() {
    let said = "thread 'worker-2' (4242) panicked at src/main.rs:3:5";
    assert_eq!(
        masked(said),
        "thread 'worker-N' (N) panicked at src/main.rs:3:5"
    );
    let said = "main: process 17 died at job 4; http://127.0.0.1:4242/a.png: 404";
    assert_eq!(
        masked(said),
        "main: process N died at job 4; http://127.0.0.1:N/a.png: 404"
    );
    let note =
        "a\nnote: required by `spawn`\n --> /rustc/x/library/std/src/a.rs:1:1\n  |\n\nerror: b";
    assert_eq!(
        without_std(note),
        "a\nnote: required by `spawn`\n\nerror: b"
    );
    let ours = "note: it is used here\n --> book/a.rs:1:1\n  |\n";
    assert_eq!(without_std(ours), ours.trim_end());
    assert_eq!(codes("error[E0382]: x\nerror: aborting"), "error[E0382]");
}

fn name_of(path: &Path) -> &str {
    path.file_stem()
        .and_then(|name| name.to_str())
        .expect("a plain name")
}

fn programs_in(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| extension(path) == ending);
    paths.sort();
    paths
}

fn blessed(kind: &str, name: &str) -> PathBuf {
    Path::new(ROOT).join(format!("fixtures/blessed/{kind}/{name}.txt"))
}

/// Where cargo puts the programs, which it builds at the first call.
fn built_programs() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let mut build = cargo();
        build
            .args(["build", "--examples", "--quiet"])
            .args(as_this_build());
        let output = build.output().expect("cargo runs, as it did for this test");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let profile = if cfg!(debug_assertions) {
            "debug"
        } else {
            "release"
        };
        Path::new(TARGET).join(profile).join("examples")
    })
}

/// Numbers that the system gives: of a thread, of a process, of a server's port; and which worker took
/// which job.
fn masked(text: &str) -> String {
    const MASKS: [(&str, &str); 4] = [
        (r"\(\d+\) panicked", "(N) panicked"),
        (r"worker-\d+", "worker-N"),
        (r"process \d+ died", "process N died"),
        (r"//127\.0\.0\.1:\d+/", "//127.0.0.1:N/"),
    ];
    let mut text = text.to_owned();
    for (number, letter) in MASKS {
        let number = Regex::new(number).unwrap();
        text = number.replace_all(&text, letter).into_owned();
    }
    text
}

/// Without the places that lie in the source of `std`, and what is shown of it there. The notes stay.
fn without_std(said: &str) -> String {
    let mut parts: Vec<Vec<&str>> = vec![Vec::new()];
    for line in said.lines() {
        let starts = ["error", "warning", "note: ", "help: "];
        if line.is_empty() || starts.iter().any(|start| line.starts_with(start)) {
            parts.push(Vec::new());
        }
        parts.last_mut().expect("there is one").push(line);
    }
    for part in &mut parts {
        let place = part.iter().position(|line| line.contains("/library/"));
        part.truncate(place.unwrap_or(part.len()));
    }
    parts.concat().join("\n").trim().to_owned()
}

/// The first words of each error that has a code.
fn codes(said: &str) -> String {
    let codes = said.lines().filter(|line| line.starts_with("error["));
    let codes: Vec<&str> = codes
        .map(|line| line.split(':').next().unwrap_or(line))
        .collect();
    codes.join("\n")
}
