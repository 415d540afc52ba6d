//! What a test leaves behind: child processes, file descriptors and, where the system tells, threads.

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
    descriptors_and_threads: (usize, usize),
}

impl Possessions {
    fn now() -> Self {
        Self {
            children: children_of(std::process::id()),
            descriptors_and_threads: descriptors_and_threads(),
        }
    }
}

/// How many of each this process has; no threads where only Linux would tell.
pub(crate) fn descriptors_and_threads() -> (usize, usize) {
    let descriptors = fs::read_dir("/dev/fd").expect("Unix has it").count();
    let threads = fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    (descriptors, threads)
}

/// The children of a process, zombies included, with their states and names.
#[cfg(not(all(target_os = "linux", not(no_pidfd))))]
pub(crate) fn children_of(parent: u32) -> BTreeMap<u32, String> {
    let mut ps = Command::new("ps");
    ps.args(["-A", "-o", "ppid=,pid=,stat=,comm="]);
    let ps = ps.stdout(std::process::Stdio::piped()).spawn();
    let ps = ps.expect("there is a ps");
    let itself = ps.id();
    let shown = ps.wait_with_output().expect("it ends").stdout;
    let shown = String::from_utf8_lossy(&shown);
    let child = |line: &str| {
        let mut words = line.split_whitespace();
        let mut number = || words.next()?.parse::<u32>().ok();
        let (of, pid) = (number()?, number()?);
        (of == parent && pid != itself).then(|| (pid, Vec::from_iter(words).join(" ")))
    };
    shown.lines().filter_map(child).collect()
}

/// The children of a process, zombies included, with their states and names.
#[cfg(all(target_os = "linux", not(no_pidfd)))]
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
