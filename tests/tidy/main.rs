//! Does the house stand? Rings, the one switch, orderings argued, nothing ignored, nothing astray.

// Under loom only the models run: `tests/loom`.
#![cfg(not(loom))]

#[path = "../support/cargo.rs"]
mod cargo;
mod cli;
mod features;
mod package;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Which modules each ring has. A file imports from rings inside its own, or from its own folder.
const RINGS: [&[&str]; 4] = [
    &[
        "sync",
        "timeline",
        "frame",
        "identity",
        "atomic_file",
        "back_off",
        "local_server",
    ],
    &[
        "event",
        "stop_flags",
        "locked_flags",
        "chunk_size",
        "chunks",
        "outcomes",
        "semaphore",
        "lifecycle",
        "worker",
    ],
    &[
        "watch",
        "signals",
        "scoped",
        "thread_pool",
        "process",
        "process_pool",
        "download",
    ],
    &["compare", "schedule"],
];

/// Within a ring: what may be used by its neighbours, and why.
const NEIGHBOURS: [(&str, &str); 15] = [
    // Whether a name is still that of the file that is open.
    ("atomic_file", "identity"),
    // A step names its key in the error that the atomic flags have.
    ("locked_flags", "stop_flags"),
    // A step needs a turn, and turns are given in the order of asking.
    ("locked_flags", "semaphore"),
    // Keys are dropped with the care that panics need.
    ("locked_flags", "lifecycle"),
    // Inputs of the caller's are dropped with the care that panics need.
    ("chunks", "lifecycle"),
    ("outcomes", "lifecycle"),
    // A chunk is run as long as it is its worker's, and its size learns from that.
    ("outcomes", "chunks"),
    ("outcomes", "chunk_size"),
    // A thread tells its end by an event.
    ("lifecycle", "event"),
    // The map on borrowed inputs can be found beside the pool's maps.
    ("thread_pool", "scoped"),
    // Files are downloaded side by side on borrowed inputs.
    ("download", "scoped"),
    // A pool is many workers of the kind that `process` starts one of.
    ("process_pool", "process"),
    // And one process is a pool of one: what drives workers stands there.
    ("process", "process_pool"),
    ("process", "thread_pool"),
    // Both pools account for their jobs in the same words.
    ("process_pool", "thread_pool"),
];

struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    /// Lines with their numbers, without those that are only comment.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self
            .text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// The module that the file belongs to: `src/process/link.rs` belongs to `process`.
    fn module(&self) -> String {
        let inside = self.path.strip_prefix(Path::new(ROOT).join("src")).unwrap();
        let first = inside.iter().next().unwrap().to_str().unwrap();
        first.trim_end_matches(".rs").to_owned()
    }

    fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.path.strip_prefix(ROOT).unwrap().display())
    }
}

fn sources(folder: &str) -> Vec<Source> {
    let (mut found, mut folders) = (Vec::new(), vec![Path::new(ROOT).join(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push(Source { path, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn library() -> Vec<Source> {
    let is_library = |source: &Source| !["lib", "main", "cli"].contains(&&*source.module());
    sources("src").into_iter().filter(is_library).collect()
}

#[track_caller]
fn expect_none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// What a file names of the crate's root, and in which lines: `process` for `crate::process::Work`,
/// in a group too, and for `super::process` in a file beside it.
fn imports_of(source: &Source) -> Vec<(usize, String)> {
    let inside = source.path.strip_prefix(Path::new(ROOT).join("src"));
    let inside = inside.unwrap().with_extension("");
    let own: Vec<&str> = inside.iter().map(|name| name.to_str().unwrap()).collect();
    let of_root = |(line, path): (usize, Vec<&str>)| {
        let mut at = own.clone();
        for step in path {
            match step {
                "crate" => at.clear(),
                "super" => drop(at.pop()),
                "self" => {}
                name if at.is_empty() => return Some((line, name.to_owned())),
                _ => return None,
            }
        }
        None
    };
    cli::paths(source).into_iter().filter_map(of_root).collect()
}

/// The documentation that a module opens with.
fn head_of(path: &Path, text: &str) -> String {
    match text.strip_prefix("#![doc = include_str!(") {
        Some(_) => fs::read_to_string(path.with_extension("").join("README.md")).unwrap(),
        None => text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .collect(),
    }
}

fn ring(module: &str) -> Option<usize> {
    RINGS.iter().position(|ring| ring.contains(&module))
}

#[test]
fn every_module_has_its_ring() {
    let modules: BTreeSet<String> = library().iter().map(Source::module).collect();
    let known: BTreeSet<String> = RINGS.concat().iter().map(|name| name.to_string()).collect();
    assert_eq!(modules, known);
}

#[test]
fn imports_point_inwards() {
    let mut complaints = Vec::new();
    for source in library() {
        let module = source.module();
        for (line, used) in imports_of(&source) {
            // What the root re-exports is named by its module, so that its ring is seen.
            let is_inside = match (ring(&used), ring(&module)) {
                (Some(used), Some(own)) => used < own,
                // The switch has an inline module, whose `super` is the switch.
                _ => module == "sync",
            };
            if !is_inside && used != module && !NEIGHBOURS.contains(&(&module, &used)) {
                complaints.push(format!("{}: {module} must not use {used}", source.at(line)));
            }
        }
    }
    expect_none(complaints);
}

/// The modelled modules name `std::sync` nowhere: `crate::sync` chooses for them.
#[test]
fn one_file_chooses_between_std_and_loom() {
    const MODELLED: [&str; 11] = [
        "event",
        "stop_flags",
        "locked_flags",
        "chunk_size",
        "chunks",
        "lifecycle",
        "outcomes",
        "semaphore",
        "scoped",
        "thread_pool",
        "worker",
    ];
    let mut complaints = Vec::new();
    for source in library() {
        for (line, code) in source.code() {
            let names_std = code.contains("std::sync") && MODELLED.contains(&&*source.module());
            let names_loom = code.contains("loom") && source.module() != "sync";
            if names_std || names_loom {
                complaints.push(format!("{}: use crate::sync", source.at(line)));
            }
        }
    }
    expect_none(complaints);
}

#[test]
fn every_memory_ordering_is_argued_in_the_lines_above_it() {
    const ABOVE: usize = 8;
    let mut complaints = Vec::new();
    for source in sources("src")
        .iter()
        .filter(|source| source.module() != "sync")
    {
        let lines: Vec<&str> = source.text.lines().collect();
        for (line, code) in source.code() {
            let is_use = code.trim_start().starts_with("use ");
            let above = &lines[line.saturating_sub(ABOVE + 1)..line];
            if code.contains("Ordering::")
                && !is_use
                && !above.iter().any(|line| line.contains("ORDERING: "))
            {
                complaints.push(format!(
                    "{}: say `// ORDERING: …` above it",
                    source.at(line)
                ));
            }
        }
    }
    expect_none(complaints);
}

#[test]
fn nothing_is_ignored_or_left_to_do() {
    let words = ["#[ignore", "ignore)]", "todo!(", "unimplemented!(", "dbg!("];
    let all = sources("src").into_iter().chain(sources("tests"));
    let is_here = |source: &Source| source.path.ends_with("tests/tidy/main.rs");
    let mut complaints = Vec::new();
    for source in all.filter(|source| !is_here(source)) {
        let lines = (1..).zip(source.text.lines());
        let examples = lines
            .filter(|(_, line)| line.contains("// ```ignore") || line.contains("//! ```ignore"));
        complaints
            .extend(examples.map(|(line, _)| format!("{}: an ignored example", source.at(line))));
        for (line, code) in source.code() {
            complaints.extend(
                words
                    .iter()
                    .filter(|word| code.contains(**word))
                    .map(|word| format!("{}: {word}", source.at(line))),
            );
        }
    }
    expect_none(complaints);
}

/// `println!` and its kin panic if the stream cannot be written: work ends for the sake of a line.
#[test]
fn nothing_prints_by_a_macro_that_panics() {
    let prints = |code: &str| code.contains("print!(") || code.contains("println!(");
    let mut complaints = Vec::new();
    for source in sources("src") {
        let code = source.code();
        let printing = code.filter(|(_, code)| prints(code));
        complaints.extend(printing.map(|(line, _)| {
            let at = source.at(line);
            format!("{at}: print by src/cli/output.rs, or `let _ = writeln!`")
        }));
    }
    expect_none(complaints);
}

/// A module opens with its picture: what it is in one sentence, and a drawing.
#[test]
fn every_module_opens_with_its_picture() {
    let mut complaints = Vec::new();
    for module in RINGS.concat() {
        let path = Path::new(ROOT).join(format!("src/{module}.rs"));
        let text = fs::read_to_string(&path).unwrap();
        let head = head_of(&path, &text);
        // The one module without a drawing is the switch: it has no states.
        if !head.contains("```text") && module != "sync" {
            complaints.push(format!("src/{module}.rs: draw its states"));
        }
    }
    expect_none(complaints);
}

/// A reader finishes a file in one sitting.
#[test]
fn no_file_of_src_is_longer_than_400_lines() {
    const LONGEST: usize = 400;
    let mut complaints = Vec::new();
    for source in sources("src") {
        let lines = source.text.lines().count();
        if lines > LONGEST {
            let path = source.path.strip_prefix(ROOT).unwrap().display();
            complaints.push(format!("{path}: {lines} lines, more than {LONGEST}"));
        }
    }
    expect_none(complaints);
}

#[test]
fn the_top_level_has_what_the_design_card_names() {
    let allowed = [
        "Cargo.toml",
        "Cargo.lock",
        "src",
        "tests",
        "fixtures",
        "book",
        "README.md",
    ];
    let allowed = [&allowed[..], &["LICENSE-MIT", "LICENSE-APACHE", "target"]].concat();
    let entries = fs::read_dir(ROOT)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let names = entries.map(|name| name.into_string().unwrap());
    let astray = names.filter(|name| !name.starts_with('.') && !allowed.contains(&name.as_str()));
    assert_eq!(astray.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn every_section_has_a_file_of_its_name() {
    let table = fs::read_to_string(Path::new(ROOT).join("src/cli/notebook.rs")).unwrap();
    let names = table
        .lines()
        .filter_map(|line| line.trim().strip_prefix("name: \""));
    let names: Vec<String> = names
        .map(|rest| rest.trim_end_matches("\",").replace('-', "_"))
        .collect();
    assert_eq!(names.len(), 11);
    for name in names {
        let file = format!("src/cli/sections/{name}.rs");
        assert!(Path::new(ROOT).join(&file).exists(), "{file}");
    }
}
