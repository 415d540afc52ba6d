//! What a user of the crate gets: the files of the package, and the oldest compiler that takes it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::cargo::cargo;
use super::{ROOT, expect_none};

fn said(arguments: &[&str]) -> String {
    let output = cargo().args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_package_holds_what_a_user_needs_and_no_more() {
    let listed = said(&[
        "package",
        "--list",
        "--allow-dirty",
        "--package=threadproof",
    ]);
    let files: BTreeSet<&str> = listed.lines().collect();
    let is_made_by_cargo = |file: &str| file.starts_with(".cargo_vcs") || file == "Cargo.toml.orig";
    let is_needed = |file: &str| {
        let others = [
            "Cargo.lock",
            "Cargo.toml",
            "README.md",
            "LICENSE-MIT",
            "LICENSE-APACHE",
        ];
        let is_text = file.ends_with(".rs") || file.ends_with("/README.md");
        (file.starts_with("src/") && is_text)
            || others.contains(&file)
            || file == "fixtures/site/office.png"
    };
    let astray = files
        .iter()
        .filter(|file| !is_needed(file) && !is_made_by_cargo(file));
    expect_none(
        astray
            .map(|file| format!("{file} is in the package"))
            .collect(),
    );
    for needed in [
        "src/lib.rs",
        "README.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "fixtures/site/office.png",
    ] {
        assert!(files.contains(needed), "{needed} is missing in the package");
    }
}

/// A registry shows the README where no other file of the repository is.
#[test]
fn the_readme_links_to_no_file() {
    let readme = fs::read_to_string(Path::new(ROOT).join("README.md")).unwrap();
    // In each way that Markdown has: inline, by reference, as HTML.
    let links = ["](", "]: ", "href=\"", "src=\""]
        .into_iter()
        .flat_map(|start| {
            let targets = readme.split(start).skip(1);
            targets.map(|rest| rest.split([')', '"', '\n']).next().unwrap_or_default())
        });
    let dead = links.filter(|target| !target.starts_with("https://"));
    expect_none(
        dead.map(|target| format!("README.md links to {target}"))
            .collect(),
    );
}

/// What std must have, clippy checks; here what the dependencies say, those of the tests left out.
#[test]
fn the_rust_version_is_enough_for_every_dependency() {
    let metadata: Value = serde_json::from_str(&said(&[
        "metadata",
        "--format-version=1",
        "--offline",
        "--locked",
    ]))
    .unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let packages: BTreeMap<&str, &Value> = packages
        .iter()
        .map(|package| (package["id"].as_str().unwrap(), package))
        .collect();
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let needed_by = |id: &str| -> Vec<&str> {
        let node = nodes.iter().find(|node| node["id"] == id).unwrap();
        let is_needed = |dependency: &&Value| {
            let kinds = dependency["dep_kinds"].as_array().unwrap();
            kinds.iter().any(|kind| kind["kind"] != "dev")
        };
        let needed = node["deps"].as_array().unwrap().iter().filter(is_needed);
        needed
            .map(|dependency| dependency["pkg"].as_str().unwrap())
            .collect()
    };
    let version = |text: &Value| -> Vec<u32> {
        let text = text.as_str().unwrap_or("1.0");
        text.split('.').map(|part| part.parse().unwrap()).collect()
    };
    let is_ours = |id: &&&str| packages[**id]["name"] == "threadproof";
    let root = *packages.keys().find(is_ours).unwrap();
    let ours = version(&packages[root]["rust_version"]);
    let (mut seen, mut ahead) = (BTreeSet::from([root]), vec![root]);
    let mut complaints = Vec::new();
    while let Some(id) = ahead.pop() {
        let (name, needs) = (&packages[id]["name"], &packages[id]["rust_version"]);
        if version(needs) > ours {
            complaints.push(format!("{name} needs Rust {needs}"));
        }
        ahead.extend(needed_by(id).into_iter().filter(|id| seen.insert(id)));
    }
    assert!(seen.len() > 20, "{seen:?}");
    expect_none(complaints);
}

/// One mdBook builds the book wherever it is built.
#[test]
fn every_place_names_the_same_mdbook() {
    let read = |file: &str| fs::read_to_string(Path::new(ROOT).join(file)).unwrap();
    let run = read(".ci/run");
    let version = run
        .lines()
        .find_map(|line| line.strip_prefix("MDBOOK_VERSION="))
        .unwrap();
    let places = [
        (".github/workflows/ci.yml", format!("--version {version} ")),
        ("README.md", format!("--version {version} ")),
        ("tests/your_machine/needs.rs", format!("mdbook@{version},")),
    ];
    let others = places
        .into_iter()
        .filter(|(file, words)| !read(file).contains(words));
    expect_none(
        others
            .map(|(file, words)| format!("{file}: no {words:?}"))
            .collect(),
    );
}
