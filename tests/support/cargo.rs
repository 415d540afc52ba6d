//! A cargo that a test starts.

#![allow(dead_code, reason = "each kind of test uses its own part of this file")]

use std::env;
use std::process::{Command, Stdio};

/// Where this test was built.
pub(crate) const TARGET: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/..");

/// In our folder, and without what the cargo above has told this test: a build script that looks at
/// such a variable would be run again, and all that depends on it would be built again.
pub(crate) fn cargo() -> Command {
    const TOLD: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "NEXTEST"];
    let mut cargo = Command::new(env!("CARGO"));
    for (name, _) in env::vars_os() {
        let shown = name.to_string_lossy();
        if TOLD.iter().any(|start| shown.starts_with(start)) {
            cargo.env_remove(&name);
        }
    }
    cargo
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null());
    cargo
}

/// What makes cargo build as this test was built: in the same place, with the same features.
pub(crate) fn as_this_build() -> Vec<String> {
    let features = [
        ("default", cfg!(feature = "default")),
        ("download", cfg!(feature = "download")),
        ("processes", cfg!(feature = "processes")),
        ("program", cfg!(feature = "program")),
    ];
    let on = features.iter().filter(|(_, is_on)| *is_on);
    let on: Vec<&str> = on.map(|(name, _)| *name).collect();
    let mut arguments = vec![
        format!("--target-dir={TARGET}"),
        "--no-default-features".to_owned(),
        format!("--features={}", on.join(",")),
    ];
    if !cfg!(debug_assertions) {
        arguments.push("--release".to_owned());
    }
    arguments
}
