//! Are the promises worth something? Broken versions of the protocol, one line each, and the shortest
//! story in which each breaks a promise; and the larger worlds, which want an optimised program.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::{is_larger, row, sizes};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const SIZES: &str = "fixtures/blessed/simulation/sizes.md";
const STORIES: &str = "fixtures/blessed/simulation/stories.md";
/// One of them, which the book tells.
const STORY: &str = "fixtures/blessed/simulation/story.txt";
const TOLD: &str = "a job that runs too long is killed without a look";

/// All that the program is made of but this file and the random walks.
const FILES: [&str; 8] = [
    "src/process_pool/protocol.rs",
    "src/process_pool/protocol/ends.rs",
    "src/process_pool/protocol/queue.rs",
    "src/process_pool/protocol/words.rs",
    "tests/simulation/main.rs",
    "tests/simulation/explore.rs",
    "tests/simulation/sizes.rs",
    "tests/simulation/world.rs",
];

/// These are explored by plain `cargo test`, unoptimised.
const SMALLEST: [&str; 2] = ["1 worker, 1 job", "1 worker, 2 jobs, 4 deaths, 2 in a row"];

/// Whoever breaks it would not notice otherwise.
const SAMPLE: [&str; 3] = [
    "what is not known counts as not begun",
    "a killed pool goes on starting workers",
    "late news of the dead are news of the living",
];

struct Broken {
    name: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
}

const fn broken(
    name: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
) -> Broken {
    Broken {
        name,
        file,
        from,
        to,
    }
}

const BROKEN: &[Broken] = &[
    broken(
        "what is not known counts as not begun",
        "protocol/ends.rs",
        "in_doubt.unwrap_or(u64::MAX)",
        "in_doubt.unwrap_or(0)",
    ),
    broken(
        "a garbled worker's last word is believed",
        "protocol.rs",
        "Garbled, _) => self.died(number, None)",
        "Garbled, _) => self.died(number, Some(0))",
    ),
    broken(
        "a dying worker that says garbage is killed again",
        "protocol/ends.rs",
        "if worker.state != State::Dying {",
        "if worker.life > 0 {",
    ),
    broken(
        "answers carry no chunk number",
        "protocol/ends.rs",
        "|chunk| chunk.number == chunk_number",
        "|_| true",
    ),
    broken(
        "a killed pool goes on starting workers",
        "protocol.rs",
        "Phase::Killed | Phase::Ended => true",
        "Phase::Ended => true, Phase::Killed => false",
    ),
    broken(
        "kill leaves out those that start",
        "protocol.rs",
        "_ if self.phase == Phase::Killed =>",
        "(State::Ready | State::Freezing | State::Closing, _) if self.phase == Phase::Killed =>",
    ),
    // ANCHOR: told
    broken(
        "a job that runs too long is killed without a look",
        "protocol.rs",
        "State::Freezing, Action::Freeze",
        "State::Dying, Action::KillWorker",
    ),
    // ANCHOR_END: told
    broken(
        "after the freeze nobody looks again",
        "protocol.rs",
        "(News::Frozen, Freezing, Some(chunk)) if chunk.is_head_doomed()",
        "(News::Frozen, Freezing, Some(_))",
    ),
    broken(
        "a late timeout hits the job behind",
        "protocol.rs",
        "Some(chunk)) if job == chunk.head()",
        "Some(chunk))",
    ),
    broken(
        "a job that was to be killed is requeued with the rest",
        "protocol/ends.rs",
        "for (index, outcome) in doomed {",
        "for (index, outcome) in doomed.into_iter().filter(|(_, outcome)| *outcome != Outcome::Cancelled) {",
    ),
    broken(
        "a job in hand cannot be killed",
        "protocol/ends.rs",
        "chunk.doomed.entry(job.index).or_insert(Outcome::Cancelled);",
        "let _ = chunk;",
    ),
    broken(
        "a job may run as long as it likes",
        "protocol.rs",
        "chunk.doomed.entry(job.index).or_insert(Outcome::TimedOut);",
        "let _ = chunk;",
    ),
    broken(
        "late news of the dead are news of the living",
        "protocol.rs",
        "if id == self.id(id.number) =>",
        "=>",
    ),
    broken(
        "an answer does not refill the budget",
        "protocol/ends.rs",
        "self.crashes = 0;\n        self.deliver",
        "self.deliver",
    ),
    broken(
        "the budget is for each worker's number alone",
        "protocol/ends.rs",
        "self.crashes += 1;\n    }",
        "self.crashes = self.workers[number].crashes;\n    }",
    ),
    broken(
        "a start that takes too long costs nothing",
        "protocol.rs",
        "(News::TimedOut, Starting, _) => {\n                self.count_crash(number);",
        "(News::TimedOut, Starting, _) => {",
    ),
    broken(
        "a failed start is tried again without a pause",
        "protocol.rs",
        "let attempt = worker.crashes.saturating_sub(1);",
        "let attempt = 0;",
    ),
    broken(
        "a closed pool starts nobody for what is requeued",
        "protocol.rs",
        "Phase::Closing => self.queue.is_empty()",
        "Phase::Closing => true",
    ),
    broken(
        "a job that kills workers is sent again and again",
        "protocol/ends.rs",
        "if *strikes >= self.settings.strikes {",
        "if *strikes > self.settings.strikes {",
    ),
    broken(
        "a job that kills workers before it begins is called begun",
        "protocol/ends.rs",
        "Outcome::Crashed { has_begun: false }",
        "Outcome::Crashed { has_begun: true }",
    ),
    broken(
        "a chunk is longer than what is left of a worker's life",
        "protocol.rs",
        "most.max(least.min(pace / 16)).max(1).min(worker.jobs_left)",
        "most.max(least.min(pace / 16)).max(1)",
    ),
    broken(
        "a worker that is used up is kept",
        "protocol.rs",
        "None) if is_over || is_used_up",
        "None) if is_over",
    ),
    broken(
        "a broken pool keeps its jobs",
        "protocol.rs",
        "self.withdraw_all(Outcome::Broken);",
        "",
    ),
    broken(
        "the report forgets what crashed",
        "protocol/ends.rs",
        "*self.report.count(outcome) +=",
        "*self.report.count(if outcome == (Outcome::Crashed { has_begun: true }) { Outcome::Answered } else { outcome }) +=",
    ),
    broken(
        "a map keeps its turn until it is done",
        "protocol/queue.rs",
        "self.maps.insert(map, queued);\n            self.turns.push_back(map);",
        "self.maps.insert(map, queued);\n            self.turns.push_front(map);",
    ),
    broken(
        "cancelling one job loses those behind it",
        "protocol/queue.rs",
        "[start..cut.start, cut.end..end]",
        "[start..cut.start]",
    ),
];

/// The program, optimised, in a folder of its own, perhaps with one line of it broken.
struct Program {
    folder: tempfile::TempDir,
}

impl Program {
    fn built(broken: Option<&Broken>) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        for file in FILES {
            let mut text = fs::read_to_string(Path::new(ROOT).join(file)).expect("a file of ours");
            if let Some(broken) = broken.filter(|broken| broken.is_in(file)) {
                let found = text.matches(broken.from).count();
                assert_eq!(found, 1, "{}: the line is there {found} times", broken.name);
                text = text.replace(broken.from, broken.to);
            }
            let to = folder.path().join(file);
            fs::create_dir_all(to.parent().expect("a folder")).expect("a folder is made");
            fs::write(to, text).expect("a file is written");
        }
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let built = Command::new(rustc)
            .current_dir(&folder)
            .args(["--edition=2024", "--test", "--cfg=alone", "-Copt-level=2"])
            .args(["-Awarnings", "-o", "program", "tests/simulation/main.rs"])
            .output()
            .expect("rustc runs");
        let said = String::from_utf8_lossy(&built.stderr);
        assert!(built.status.success(), "{said}");
        Self { folder }
    }

    fn answers(&self, asked: &str) -> String {
        let ran = Command::new(self.folder.path().join("program"))
            .args(["what_is_asked", "--nocapture"])
            .env("ASKED", asked)
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&ran.stdout).into_owned();
        let cried = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{said}{cried}");
        said
    }
}

impl Broken {
    fn is_in(&self, file: &str) -> bool {
        file.strip_prefix("src/process_pool/") == Some(self.file)
    }

    /// What the simulation tells of it; `None` if it finds nothing.
    fn story(&self) -> Option<String> {
        let said = Program::built(Some(self)).answers("story");
        let story = said.split("STORY ").nth(1)?.trim_end().to_owned();
        (!story.starts_with("none")).then_some(story)
    }
}

/// Past libtest's capture: what was run, and what was left out.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

#[track_caller]
fn expect_fixture(path: &str, found: &str) {
    let file: PathBuf = Path::new(ROOT).join(path);
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder is made");
        fs::write(&file, found).expect("a fixture is written");
    }
    let there = fs::read_to_string(file).unwrap_or_default();
    assert!(
        there == found,
        "{path} shows something else; SIMULATION=larger BLESS=1 writes it anew"
    );
}

/// The table in the book, by the names of its rows.
fn rows() -> Vec<String> {
    let table = fs::read_to_string(Path::new(ROOT).join(SIZES)).unwrap_or_default();
    table.lines().skip(2).map(str::to_owned).collect()
}

#[test]
fn every_sequence_of_the_smallest_worlds_keeps_the_promises() {
    for name in SMALLEST {
        let row = row(name);
        say(&format!("simulation {row}"));
        assert!(rows().contains(&row), "{SIZES} says something else: {row}");
    }
}

/// The rows of worlds that were not explored now stay as they are.
#[test]
fn every_sequence_of_larger_worlds_keeps_the_promises() {
    if !is_larger() {
        return say("more than a million states with SIMULATION=larger");
    }
    let everything = std::env::var("SIMULATION").is_ok_and(|size| size == "everything");
    let program = Program::built(None);
    let before = rows();
    let mut table = "| world | states | sequences | ends | longest |\n".to_owned();
    table += &format!("|{}\n", " --- |".repeat(5));
    for (name, _) in sizes::sizes() {
        let known = before
            .iter()
            .find(|row| row.starts_with(&format!("| {name} |")));
        let start = Instant::now();
        let row = match known {
            Some(known) if name.contains("everything") && !everything => known.clone(),
            _ if name.contains("everything") && !everything => continue,
            _ => {
                let said = program.answers(name);
                let row = said.split("FOUND ").nth(1).expect("it has explored it");
                row.lines().next().expect("a row").to_owned()
            }
        };
        say(&format!("simulation {row} {:.1?}", start.elapsed()));
        table += &format!("{row}\n");
    }
    expect_fixture(SIZES, &table);
}

#[test]
fn the_simulation_finds_each_broken_version() {
    assert!(BROKEN.len() >= 20);
    let asked: Vec<&Broken> = BROKEN
        .iter()
        .filter(|broken| is_larger() || SAMPLE.contains(&broken.name))
        .collect();
    let mut survivors = Vec::new();
    let mut stories = String::new();
    // As many at a time as there are cores.
    let cores = std::thread::available_parallelism().unwrap_or(std::num::NonZeroUsize::MIN);
    let told = threadproof::scoped_map(cores, &asked, |broken| broken.story());
    for (broken, story) in asked.iter().zip(told) {
        match story.expect("it compiles and runs") {
            Some(story) => {
                let steps = story.lines().filter(|line| line.starts_with("  ")).count() - 1;
                say(&format!("broken {}: after {steps} steps", broken.name));
                if broken.name == TOLD {
                    expect_fixture(STORY, &format!("{story}\n"));
                }
                stories += &format!("## {}\n\n```text\n{story}\n```\n\n", broken.name);
            }
            None => survivors.push(broken.name),
        }
    }
    assert!(survivors.is_empty(), "not found: {survivors:#?}");
    if is_larger() {
        expect_fixture(STORIES, &stories);
    } else {
        let read = |path: &str| fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_default();
        let told = format!("## {TOLD}\n\n```text\n{}```\n", read(STORY));
        assert!(
            read(STORIES).contains(&told),
            "{STORY} is none of {STORIES}"
        );
        let (sample, all) = (asked.len(), BROKEN.len());
        say(&format!(
            "{sample} of {all} broken versions; SIMULATION=larger breaks them all"
        ));
    }
}
