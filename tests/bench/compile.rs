//! What a clean build costs: crates and seconds.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::harness::{Group, Unit};
use crate::machine::{ROOT, folder};

pub(crate) fn run(group: &mut Group) {
    for (name, edges, arguments) in [
        ("cargo build", "normal,build", &["build"][..]),
        (
            "cargo test --no-run",
            "normal,build,dev",
            &["test", "--no-run"],
        ),
    ] {
        let tree = cargo(&["tree", "--prefix", "none", "--edges", edges]);
        if let Some(tree) = tree {
            let package = |line: &str| -> Vec<String> {
                line.split(' ').take(2).map(str::to_owned).collect()
            };
            let crates: BTreeSet<_> = tree.lines().map(package).collect();
            group.value("from clean", name, crates.len() as f64, Unit::Crates);
        }
        // A folder that is not there is as clean as one that was removed.
        let _ = std::fs::remove_dir_all(folder().join("compile"));
        let start = Instant::now();
        if !group.is_quick && cargo(arguments).is_some() {
            let seconds = start.elapsed().as_secs_f64();
            group.value("from clean", name, seconds, Unit::Seconds);
        }
    }
    let _ = std::fs::remove_dir_all(folder().join("compile"));
}

/// What it prints, with a target folder of its own.
fn cargo(arguments: &[&str]) -> Option<String> {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .arg("--offline")
        .current_dir(ROOT)
        .env("CARGO_TARGET_DIR", folder().join("compile"))
        .env_remove("RUSTFLAGS")
        .stdin(Stdio::null())
        .output();
    let output = output.ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}
