//! Do the files of the program import inwards? From ring to ring, and in no circle.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use super::{ROOT, Source, expect_none, sources};

/// Which files each ring has: what all stand on, what runs, and what `main` calls, which is in
/// `cli` itself. Files in a folder belong to the ring of the file above them.
const RINGS: [&[&str]; 3] = [
    &[
        "failure", "notebook", "options", "output", "print", "printer",
    ],
    &["sections", "work"],
    &["cli", "command_line", "fetch", "schedule", "serve", "tour"],
];

/// The files by the paths of their modules, such as `cli::sections::join`.
type Files = BTreeMap<String, Source>;

/// Which file imports which, and the first line that does.
type Imports = BTreeMap<(String, String), String>;

#[test]
fn every_file_of_the_program_has_its_ring() {
    let files = program();
    let names: BTreeSet<&str> = files.keys().map(|file| ring_name(file)).collect();
    assert_eq!(names, RINGS.concat().into_iter().collect());
}

#[test]
fn no_file_of_the_program_imports_from_a_ring_outside_its_own() {
    expect_none(outward(&imports(&program())));
}

#[test]
fn the_files_of_the_program_import_in_no_circle() {
    expect_none(circles(&imports(&program())));
}

#[test]
fn an_import_is_seen_in_each_form_that_it_may_have() {
    let files = made_up(&[
        ("cli", "mod a;\npub(crate) mod b;\nmod c;\n// mod d;\n"),
        (
            "cli::a",
            "use super::{\n    b::{self, Name as Other},\n    c::e::*,\n};\n",
        ),
        ("cli::b", "use crate::cli::c::{e::Name, Name};\n"),
        (
            "cli::c",
            "use threadproof::cli::a;\nfn f() { self::e::g::<u8>() }\n",
        ),
        (
            "cli::c::e",
            "fn f(x: &super::super::d::X) -> std::io::Result<()> {}\n",
        ),
        (
            "cli::d",
            "// use super::a;\nuse self::Kind::One;\nfn f() { super::f() }\n",
        ),
    ]);
    let seen: Vec<String> = imports(&files)
        .iter()
        .map(|((from, to), at)| format!("{at} {from} {to}"))
        .collect();
    let expected = [
        "src/cli.rs:1 cli cli::a",
        "src/cli.rs:2 cli cli::b",
        "src/cli.rs:3 cli cli::c",
        "src/cli/a.rs:2 cli::a cli::b",
        "src/cli/a.rs:3 cli::a cli::c::e",
        "src/cli/b.rs:1 cli::b cli::c",
        "src/cli/b.rs:1 cli::b cli::c::e",
        "src/cli/c.rs:2 cli::c cli::c::e",
        "src/cli/c/e.rs:1 cli::c::e cli::d",
        "src/cli/d.rs:3 cli::d cli",
    ];
    assert_eq!(seen, expected);
}

#[test]
fn a_circle_and_an_import_outwards_are_spelled_out() {
    let files = made_up(&[
        ("cli", "mod sections;\nmod tour;\n"),
        ("cli::failure", "\nuse super::print::Printer;\n"),
        ("cli::print", "use super::failure::Failure;\n"),
        ("cli::sections", "mod join;\nuse super::print;\n"),
        (
            "cli::sections::join",
            "use super::Section;\nuse crate::cli::tour;\n",
        ),
        ("cli::tour", "use super::sections;\n"),
    ]);
    let imports = imports(&files);
    let expected = [
        "src/cli/failure.rs:2: a circle: cli::print → cli::failure → cli::print",
        "src/cli/sections/join.rs:1: a circle: cli::sections → cli::sections::join → cli::sections",
        "src/cli/tour.rs:1: a circle: cli::sections → cli::sections::join → cli::tour → cli::sections",
    ];
    let mut found = circles(&imports);
    found.sort();
    assert_eq!(found, expected);
    let expected = "src/cli/sections/join.rs:2: cli::sections::join, of ring 1, must not import cli::tour, of ring 2";
    assert_eq!(outward(&imports), [expected]);
}

fn outward(imports: &Imports) -> Vec<String> {
    let ring = |file: &str| {
        let name = ring_name(file);
        RINGS.iter().position(|ring| ring.contains(&name))
    };
    let mut complaints = Vec::new();
    for ((from, to), at) in imports {
        // Another test complains about a file without a ring.
        if let (Some(own), Some(other)) = (ring(from), ring(to))
            && other > own
        {
            complaints.push(format!(
                "{at}: {from}, of ring {own}, must not import {to}, of ring {other}"
            ));
        }
    }
    complaints
}

fn circles(imports: &Imports) -> Vec<String> {
    let (mut done, mut complaints) = (BTreeSet::new(), Vec::new());
    for (from, _) in imports.keys() {
        follow(from, imports, &mut Vec::new(), &mut done, &mut complaints);
    }
    complaints
}

/// Follows the imports of `file` in depth; one that leads back to a file of the `way` is a circle.
fn follow<'a>(
    file: &'a str,
    imports: &'a Imports,
    way: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
    complaints: &mut Vec<String>,
) {
    if !done.insert(file) {
        return;
    }
    way.push(file);
    for ((_, to), at) in imports.iter().filter(|((from, _), _)| from == file) {
        match way.iter().position(|earlier| earlier == to) {
            Some(start) => {
                let circle = way[start..].join(" → ");
                complaints.push(format!("{at}: a circle: {circle} → {to}"));
            }
            None => follow(to, imports, way, done, complaints),
        }
    }
    way.pop();
}

fn program() -> Files {
    let name = |source: &Source| {
        let inside = source.path.strip_prefix(Path::new(ROOT).join("src"));
        let path = inside.unwrap().with_extension("");
        path.to_str().unwrap().replace(MAIN_SEPARATOR, "::")
    };
    let files = sources("src").into_iter();
    let of_cli = files.filter(|source| source.module() == "cli");
    of_cli.map(|source| (name(&source), source)).collect()
}

fn made_up(files: &[(&str, &str)]) -> Files {
    let file = |(name, text): &(&str, &str)| {
        let path = format!("{ROOT}/src/{}.rs", name.replace("::", "/"));
        let (path, text) = (PathBuf::from(path), text.to_string());
        (name.to_string(), Source { path, text })
    };
    files.iter().map(file).collect()
}

/// The name by which [`RINGS`] knows a file: `sections` for `cli::sections::join`.
fn ring_name(file: &str) -> &str {
    file.split("::").nth(1).unwrap_or(file)
}

/// A file imports what its paths name, in a `use` or amid code, and the files that it declares: a
/// file above a folder uses these without a path of this kind.
fn imports(files: &Files) -> Imports {
    let mut imports = Imports::new();
    for (from, source) in files {
        for (line, path) in paths(source) {
            if let Some(to) = resolve(from, &path, files).filter(|to| to != from) {
                imports.entry((from.clone(), to)).or_insert(source.at(line));
            }
        }
    }
    imports
}

/// The innermost file that a path in the file `from` leads through, if it is one of ours.
fn resolve(from: &str, path: &[&str], files: &Files) -> Option<String> {
    let mut at: Vec<&str> = from.split("::").collect();
    for step in path {
        match *step {
            "crate" => at.clear(),
            "super" => drop(at.pop()),
            "self" => {}
            name => {
                at.push(name);
                if !files.contains_key(&at.join("::")) {
                    at.pop();
                    break;
                }
            }
        }
    }
    Some(at.join("::")).filter(|file| files.contains_key(file))
}

/// Each path that begins with `crate`, `self` or `super`, and `self::x` for `mod x;`, with its line.
pub(super) fn paths(source: &Source) -> Vec<(usize, Vec<&str>)> {
    let tokens = tokens(source);
    let mut found = Vec::new();
    let mut before = "";
    for (index, &(line, token)) in tokens.iter().enumerate() {
        match (token, &tokens[index + 1..]) {
            ("mod", [(_, name), (_, ";"), ..]) => found.push((line, vec!["self", name])),
            ("crate" | "self" | "super", [(_, "::"), rest @ ..]) if before != "::" => {
                let mut rest = rest.iter().copied().peekable();
                read_tree(&mut rest, vec![token], &mut found);
            }
            _ => {}
        }
        before = token;
    }
    found
}

/// Reads what follows a `::`: a name and perhaps more, a group in braces, or what ends the path.
fn read_tree<'a>(
    tokens: &mut Peekable<impl Iterator<Item = (usize, &'a str)>>,
    mut path: Vec<&'a str>,
    found: &mut Vec<(usize, Vec<&'a str>)>,
) {
    let Some((line, token)) = tokens.next() else {
        return;
    };
    if token == "{" {
        while tokens.peek().is_some_and(|(_, token)| *token != "}") {
            read_tree(tokens, path.clone(), found);
            // What may follow: `as Other`, then a comma unless it was the last.
            while tokens
                .next_if(|(_, token)| *token != "}" && *token != ",")
                .is_some()
            {}
            tokens.next_if(|(_, token)| *token == ",");
        }
        tokens.next();
    } else if token.starts_with(is_word) {
        path.push(token);
        match tokens.next_if(|(_, token)| *token == "::") {
            Some(_) => read_tree(tokens, path, found),
            None => found.push((line, path)),
        }
    } else {
        // A `*`, or the `<` of a type's arguments.
        found.push((line, path));
    }
}

/// Words, `::` and single other characters, each with its line.
fn tokens(source: &Source) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (line, mut rest) in source.code() {
        while let Some(first) = rest.chars().next() {
            let length = match rest.find(|c| !is_word(c)).unwrap_or(rest.len()) {
                0 if rest.starts_with("::") => 2,
                0 => first.len_utf8(),
                word => word,
            };
            let (token, after) = rest.split_at(length);
            if !first.is_whitespace() {
                found.push((line, token));
            }
            rest = after;
        }
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
