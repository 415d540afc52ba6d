//! What a test leaves behind: child processes, threads, file descriptors. Linux only.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// Everything of this process that a pool could leave: its children in any state, with their
/// names, and how many threads and descriptors it has.
#[derive(Debug, PartialEq, Eq)]
struct Possessions {
    children: BTreeMap<u32, String>,
    threads: usize,
    descriptors: usize,
}

impl Possessions {
    fn now() -> Self {
        let count = |folder: &str| fs::read_dir(folder).expect("Linux has it").count();
        Self {
            children: children_of(std::process::id()),
            threads: count("/proc/self/task"),
            descriptors: count("/proc/self/fd"),
        }
    }
}

/// The children of a process, zombies included, with their states and names.
pub(crate) fn children_of(parent: u32) -> BTreeMap<u32, String> {
    let mut children = BTreeMap::new();
    for entry in fs::read_dir("/proc").expect("Linux has it").flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse() else {
            continue;
        };
        // A process may end between the two looks.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        // The name is in brackets and may hold anything; behind it stand the state and the parent.
        let Some((name, rest)) = stat.rsplit_once(')') else {
            continue;
        };
        let mut fields = rest.split_whitespace();
        let state = fields.next().unwrap_or_default();
        if fields.next() == Some(&parent.to_string()) {
            children.insert(pid, format!("{name}) {state}"));
        }
    }
    children
}

/// Runs a test's body in a process of its own, where nobody else makes threads and children;
/// fails if it hangs, and if it leaves anything behind.
#[track_caller]
pub(crate) fn leaves_nothing(body: impl FnOnce() + Send + 'static) {
    const ALONE: &str = "THREADPROOF_TEST_ALONE";
    let current = thread::current();
    // A run with one thread for all tests runs them on the main thread, and alone.
    let name = current.name().filter(|name| *name != "main");
    match name {
        Some(name) if std::env::var_os(ALONE).is_none() => {
            let this = std::env::current_exe().expect("this binary");
            let mut again = Command::new(this);
            let output = again
                .args(["--exact", name, "--nocapture"])
                .env(ALONE, "1")
                .output();
            let output = output.expect("this binary runs once more");
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(said.contains("running 1 test\n"), "no such test: {said}");
            let cried = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{said}\n{cried}");
        }
        _ => super::ends(|| {
            let before = Possessions::now();
            body();
            // A thread or a descriptor goes a moment after the join that waited for it.
            let start = Instant::now();
            while Possessions::now() != before {
                let left = Possessions::now();
                let is_over = start.elapsed() > Duration::from_secs(5);
                assert!(!is_over, "before {before:?}, after {left:?}");
                thread::yield_now();
            }
        }),
    }
}
