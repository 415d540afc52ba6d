//! Breaks of what no model holds: files, processes, times. Here the named test is one of `cargo test`.
//!
//! A break is a file `fixtures/breaks/*.patch`, written as those of `mutants`. It is applied to a
//! copy of the whole crate, one after the other, and the copy's own test is run.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::cargo::{TARGET, cargo};
use crate::mutant::Mutant;
use crate::workspace::{ROOT, files_below, read, write};

pub(crate) const FOLDER: &str = "fixtures/breaks";

const COPIED: [&str; 3] = ["src", "tests", "fixtures"];

/// A test that takes longer does not end.
const PATIENCE: Duration = Duration::from_secs(120);

/// A copy of the crate, in a folder below cargo's for tests.
pub(crate) struct Crate {
    folder: PathBuf,
}

impl Crate {
    pub(crate) fn copy() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("breaks/crate");
        for copied in COPIED {
            for path in files_below(&Path::new(ROOT).join(copied)) {
                let to = folder.join(path.strip_prefix(ROOT).expect("it is below"));
                let bytes = fs::read(&path).expect("a file of ours");
                // What did not change is not built again.
                if fs::read(&to).is_ok_and(|there| there == bytes) {
                    continue;
                }
                let made = fs::create_dir_all(to.parent().expect("it is in a folder"));
                let written = made.and_then(|()| fs::write(&to, bytes));
                written.unwrap_or_else(|error| panic!("{}: {error}", to.display()));
            }
        }
        // Another version: with ours, cargo would put what it builds in the place of our own.
        let (ours, other) = (
            "[workspace.package]\nversion = \"",
            "[workspace.package]\nversion = \"9",
        );
        let manifest = read("Cargo.toml");
        assert!(manifest.contains(ours), "{manifest}");
        write(&folder.join("Cargo.toml"), &manifest.replace(ours, other));
        write(&folder.join("Cargo.lock"), &read("Cargo.lock"));
        Self { folder }
    }

    /// Runs the named test with the break; `Err` says why that is no proof.
    pub(crate) fn judge(&self, mutant: &Mutant) -> Result<(), String> {
        let (kind, test) = mutant.fails.split_once("::").expect("a kind, then a path");
        let main = format!("tests/{kind}/main.rs");
        let mut changed = mutant.copy().changed;
        changed.insert(main.clone(), with_one_module(&read(&main), test));
        for (path, text) in &changed {
            write(&self.folder.join(path), text);
        }
        let said = self.run(kind, test);
        for path in changed.keys() {
            write(&self.folder.join(path), &read(path));
        }
        let (name, said) = (
            &mutant.name,
            said.map_err(|why| format!("{}: {why}", mutant.name))?,
        );
        if !said.contains("test result: FAILED.") {
            return Err(format!("{name}: {} does not fail\n{said}", mutant.fails));
        }
        if !said.contains(&mutant.how) {
            return Err(format!(
                "{name}: it fails for another reason than `{}`\n{said}",
                mutant.how
            ));
        }
        Ok(())
    }

    /// What `cargo test` says of the cases of one test: `event::name` of the kind `spec`.
    fn run(&self, kind: &str, test: &str) -> Result<String, String> {
        let log = self.folder.join("said.txt");
        let file = File::create(&log).expect("the log can be made");
        let mut run = cargo()
            .args(["test", "--quiet", "--test", kind, "--", test])
            .env("CARGO_TARGET_DIR", self.folder.with_file_name("target"))
            // Dependencies are those that are built already; programs get places of their own.
            .env("CARGO_BUILD_BUILD_DIR", TARGET)
            .env("RUST_BACKTRACE", "0")
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .current_dir(&self.folder)
            .stderr(file.try_clone().expect("a second handle"))
            .stdout(file)
            .spawn()
            .expect("cargo can be started");
        // Before that cargo builds, and may wait long for who builds beside it.
        let has_begun = || fs::read_to_string(&log).is_ok_and(|said| said.contains("running "));
        let mut began = None;
        while run.try_wait().expect("it is our child").is_none() {
            if began.is_none() && has_begun() {
                began = Some(Instant::now());
            }
            if began.is_some_and(|began| began.elapsed() > PATIENCE) {
                run.kill().expect("it is our child");
                run.wait().expect("it is our child");
                return Err(format!("{test} does not end"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let said = fs::read(&log).expect("the log is there");
        Ok(String::from_utf8_lossy(&said).into_owned())
    }
}

/// A kind's main file with the module of this test alone, so that it is built sooner.
fn with_one_module(main: &str, test: &str) -> String {
    let (module, _) = test.split_once("::").expect("a module, then a test");
    let built = ["mod support;".to_owned(), format!("mod {module};")];
    let mut lines: Vec<&str> = Vec::new();
    for line in main.lines() {
        let is_module = line.starts_with("mod ") && line.ends_with(';');
        if is_module && !built.iter().any(|built| built == line) {
            // Nor under what conditions it would be.
            while lines.last().is_some_and(|line| line.starts_with("#[")) {
                lines.pop();
            }
            continue;
        }
        lines.push(line);
    }
    lines.join("\n") + "\n"
}

/// The row of the book's list.
pub(crate) fn row(mutant: &Mutant) -> String {
    let Mutant {
        name,
        claim,
        broken,
        fails,
        ..
    } = mutant;
    // A test of `thread_pool/jobs.rs` is named `thread_pool::jobs::name`.
    let (file, test) = fails.rsplit_once("::").expect("a file, then a test");
    let proof = format!("{}.rs::{test}", file.replace("::", "/"));
    format!("| {claim} | **{name}**<br>{broken} | `tests/{proof}` |")
}
