//! What a clean build costs: crates and seconds.

use std::process::{Command, Stdio};
use std::time::Instant;

use crate::harness::{Group, Unit};
use crate::machine::{ROOT, folder};

pub(crate) fn run(group: &mut Group) {
    if group.is_quick {
        return;
    }
    for (name, arguments) in [
        ("cargo build", &["build"][..]),
        ("cargo test --no-run", &["test", "--no-run"]),
    ] {
        let target = folder().join("compile");
        // A folder that is not there is as clean as one that was removed.
        let _ = std::fs::remove_dir_all(&target);
        let start = Instant::now();
        let output = Command::new(env!("CARGO"))
            .args(arguments)
            .arg("--offline")
            .current_dir(ROOT)
            .env("CARGO_TARGET_DIR", &target)
            .env_remove("RUSTFLAGS")
            .stdin(Stdio::null())
            .output();
        let seconds = start.elapsed().as_secs_f64();
        let Some(output) = output.ok().filter(|output| output.status.success()) else {
            println!("{name}: failed");
            continue;
        };
        let text = String::from_utf8_lossy(&output.stderr);
        let crates = text
            .lines()
            .filter(|line| line.contains("Compiling "))
            .count();
        group.value("from clean", name, seconds, Unit::Seconds, None);
        group.value("from clean", name, crates as f64, Unit::Crates, None);
        let _ = std::fs::remove_dir_all(&target);
    }
}
