//! Copies of the modelled source, a crate each, in one cargo workspace: built side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cargo::{TARGET, cargo};
use crate::steps::Step;

pub(crate) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The modelled files and all that they import, the models, and what those include.
const COPIED: [&str; 3] = ["src", "tests/loom", "fixtures/blessed/schedules"];

/// The name of the crate as it is, beside those of its copies.
pub(crate) const UNBROKEN: &str = "threadproof";

/// A run of a broken copy that takes longer does not end.
const PATIENCE: Duration = Duration::from_secs(120);

/// Of the source as it is, whose programs take a minute or two on two cores with nothing else to do.
const LONG_PATIENCE: Duration = Duration::from_secs(3600);

/// One copy of the source: the crate's name, and the files that differ.
pub(crate) struct Copy {
    pub(crate) name: String,
    pub(crate) changed: BTreeMap<String, String>,
    /// The files of `tests/loom` whose models are run; the others are not built.
    pub(crate) models: Vec<String>,
}

/// What a run of models said.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// In the order of their ends.
    pub(crate) models: Vec<Model>,
    pub(crate) programs: Vec<Programs>,
    /// Of the model that failed, if they were to be noted.
    pub(crate) steps: Vec<Step>,
    /// All that it wrote.
    pub(crate) text: String,
    /// It was killed after a while, and nothing had failed.
    pub(crate) does_not_end: bool,
}

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) name: String,
    pub(crate) bound: String,
    pub(crate) schedules: u64,
    /// "holds", or "fails: " and why.
    pub(crate) verdict: String,
}

/// All programs of a type that have one size.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Programs {
    pub(crate) test: String,
    /// The type and its calls.
    pub(crate) name: String,
    pub(crate) size: String,
    pub(crate) bound: String,
    pub(crate) programs: u64,
    pub(crate) executions: u64,
    /// "holds", or "fails: " and how many.
    pub(crate) verdict: String,
}

impl Model {
    pub(crate) fn failure(&self) -> Option<&str> {
        self.verdict.strip_prefix("fails: ")
    }
}

/// The test programs by the copies' names, and that of the crate as it is; a copy that does not
/// compile has none.
pub(crate) struct Workspace {
    folder: PathBuf,
    programs: BTreeMap<String, PathBuf>,
}

impl Workspace {
    /// Builds the models of the crate as it is, and writes and builds the copies in a folder below
    /// cargo's for tests. What did not change since the last time is not built again; dependencies
    /// are built once for all.
    pub(crate) fn build(name: &str, copies: &[Copy]) -> Self {
        let mut programs = programs(Path::new(ROOT), &MODELS);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("mutants")
            .join(name);
        for copy in copies {
            copy.write(&folder);
        }
        if !copies.is_empty() {
            let members: Vec<&str> = copies.iter().map(|copy| copy.name.as_str()).collect();
            let ours = read("Cargo.toml");
            let profiles = &ours[ours.find("[profile.dev]").expect("the last part")..];
            // Nobody debugs a copy, or builds it twice.
            let lean = "debug = false\nincremental = false";
            let profiles = profiles.replacen("debug = \"line-tables-only\"", lean, 1);
            assert!(profiles.contains(lean), "{profiles}");
            let workspace =
                format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n\n{profiles}");
            write(&folder.join("Cargo.toml"), &workspace);
            write(&folder.join("Cargo.lock"), &read("Cargo.lock"));
            programs.extend(self::programs(
                &folder,
                &["build", "--tests", "--keep-going"],
            ));
        }
        Self { folder, programs }
    }

    /// Whether the copy compiles.
    pub(crate) fn has(&self, copy: &str) -> bool {
        self.programs.contains_key(copy)
    }

    /// Runs one model, and notes its steps.
    pub(crate) fn run(&self, copy: &str, model: &str) -> Said {
        let model = format!("loom_models::{model}");
        self.run_with(
            copy,
            &["--exact", &model],
            &[("MODEL_STEPS", "1")],
            PATIENCE,
        )
    }

    /// Runs the models whose names match one of the filters, until the first fails.
    pub(crate) fn run_all(&self, copy: &str, filters: &[&str]) -> Said {
        self.run_with(copy, filters, &[], PATIENCE)
    }

    /// Runs all models of the source as it is.
    pub(crate) fn run_unbroken(&self) -> Said {
        self.run_with(UNBROKEN, &[], &[], LONG_PATIENCE)
    }

    fn run_with(
        &self,
        copy: &str,
        arguments: &[&str],
        switches: &[(&str, &str)],
        patience: Duration,
    ) -> Said {
        let folder = self.folder.join(copy);
        fs::create_dir_all(&folder).expect("a folder for the log");
        let log = folder.join("said.txt");
        let file = File::create(&log).expect("the log can be made");
        let program = self.programs.get(copy);
        let program = program.unwrap_or_else(|| panic!("{copy} does not compile"));
        let mut run = Command::new(program)
            .args(arguments)
            .envs(switches.iter().copied())
            .env("RUST_BACKTRACE", "0")
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stderr(file.try_clone().expect("a second handle"))
            .stdout(file)
            .spawn()
            .expect("the models can be started");
        let start = Instant::now();
        let does_not_end = loop {
            if run.try_wait().expect("it is our child").is_some() {
                break false;
            }
            // With one model alone the process ends by itself.
            let is_done = || fs::read_to_string(&log).is_ok_and(|said| said.contains("  fails: "));
            let has_failed = switches.is_empty() && is_done();
            if has_failed || start.elapsed() > patience {
                run.kill().expect("it is our child");
                run.wait().expect("it is our child");
                break !has_failed;
            }
            thread::sleep(Duration::from_millis(5));
        };
        let text = fs::read(&log).expect("the log is there");
        let text = String::from_utf8_lossy(&text).into_owned();
        let said = Said::parse(text, copy);
        Said {
            does_not_end,
            ..said
        }
    }
}

impl Copy {
    fn write(&self, workspace: &Path) {
        let folder = workspace.join(&self.name);
        for copied in COPIED {
            for path in files_below(&Path::new(ROOT).join(copied)) {
                let path = path.strip_prefix(ROOT).expect("it is below").to_path_buf();
                let name = path.to_str().expect("our names are plain");
                let text = match self.changed.get(name) {
                    Some(text) => text.clone(),
                    None if name == "tests/loom/mod.rs" => self.modules(&read(name)),
                    None => read(name),
                };
                write(&folder.join(path), &text);
            }
        }
        write(&folder.join("Cargo.toml"), &self.manifest());
    }

    /// `tests/loom/mod.rs` with the models that are run. A file of models is declared by `mod name;`
    /// and what they share by `pub(crate) mod`, but for the harness.
    fn modules(&self, text: &str) -> String {
        let is_built = |line: &&str| match line.strip_prefix("mod ") {
            Some(name) => {
                let name = name.trim_end_matches(';');
                name == "harness" || self.models.iter().any(|model| model == name)
            }
            None => true,
        };
        let lines: Vec<&str> = text.lines().filter(is_built).collect();
        lines.join("\n")
    }

    /// The crate without its features: what is modelled needs none. Dependencies in our own versions.
    fn manifest(&self) -> String {
        const NAMES: [&str; 5] = ["loom", "serde", "serde_json", "thiserror", "tracing"];
        let ours = read("Cargo.toml");
        let is_one = |line: &&str| {
            let name = line.split_once(" = ").map(|(name, _)| name);
            name.is_some_and(|name| NAMES.contains(&name)) && !line.contains("optional")
        };
        let dependencies: BTreeSet<&str> = ours.lines().filter(is_one).collect();
        assert_eq!(dependencies.len(), NAMES.len(), "{dependencies:?}");
        let dependencies: Vec<&str> = dependencies.into_iter().collect();
        format!(
            "[package]\nname = \"{}\"\nedition = \"2024\"\n\
             autobins = false\n\n[lib]\ndoctest = false\n\n\
             [features]\ndownload = []\nprocesses = []\nprogram = []\n\n\
             [lints.rust]\nwarnings = \"allow\"\n\n[dependencies]\n{}\n",
            self.name,
            dependencies.join("\n")
        )
    }
}

impl Said {
    pub(crate) fn parse(text: String, copy: &str) -> Self {
        let mut said = Self::default();
        for line in text.lines() {
            if let Some(steps) = line.strip_prefix("steps ") {
                let steps: Vec<Step> = serde_json::from_str(steps).expect("steps are JSON");
                // The compiler was started in the workspace's folder.
                let prefix = format!("{copy}/");
                let here = |step: Step| Step {
                    file: step.file.trim_start_matches(&prefix).replace("src/../", ""),
                    ..step
                };
                said.steps = steps.into_iter().map(here).collect();
            } else if let Some(model) = line.strip_prefix("model ") {
                said.models.push(Model::parse(model));
            } else if let Some(programs) = line.strip_prefix("programs ") {
                said.programs.push(Programs::parse(programs));
            }
        }
        said.text = text;
        said
    }
}

impl Model {
    /// `event::one  bound none  schedules 606  holds  (total: …)`
    fn parse(line: &str) -> Self {
        // The verdict may be of several lines, and then ends with another one.
        let columns: Vec<&str> = line.splitn(4, "  ").collect();
        let [name, bound, schedules, verdict] = columns[..] else {
            panic!("not a model's line: {line}");
        };
        let verdict = verdict.rsplit_once("  (total: ");
        let verdict = verdict.map_or(columns[3], |(verdict, _)| verdict);
        let bound = bound.strip_prefix("bound ").expect("the bound");
        let schedules = schedules.strip_prefix("schedules ").expect("the schedules");
        Self {
            name: name.to_owned(),
            bound: bound.to_owned(),
            schedules: schedules.parse().expect("a number"),
            verdict: verdict.to_owned(),
        }
    }
}

impl Programs {
    /// `event::every_program  Event: set, wait  2+1+1  bound 1  programs 9  executions 99  holds  (…)`
    fn parse(line: &str) -> Self {
        let columns: Vec<&str> = line.split("  ").collect();
        let [
            test,
            name,
            size,
            bound,
            programs,
            executions,
            verdict,
            _total,
        ] = columns[..]
        else {
            panic!("not a line of programs: {line}");
        };
        let number = |column: &str| column.rsplit(' ').next().and_then(|word| word.parse().ok());
        Self {
            test: test.to_owned(),
            name: name.to_owned(),
            size: size.to_owned(),
            bound: bound.trim_start_matches("bound ").to_owned(),
            programs: number(programs).expect("a number of programs"),
            executions: number(executions).expect("a number of executions"),
            verdict: verdict.to_owned(),
        }
    }
}

/// As a user builds the models, but without what they do not need.
const MODELS: [&str; 4] = ["test", "--no-run", "--lib", "--no-default-features"];

/// Builds with loom, into our own target folder; the test programs by their crates' names.
fn programs(folder: &Path, arguments: &[&str]) -> BTreeMap<String, PathBuf> {
    let output = cargo()
        .args(arguments)
        .args(["--quiet", "--message-format=json"])
        .env("RUSTFLAGS", "--cfg loom")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("CARGO_TARGET_DIR", TARGET)
        .current_dir(folder)
        .output()
        .expect("cargo can be started");
    let said = String::from_utf8_lossy(&output.stdout);
    let messages = said
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let program = |message: Value| {
        let name = message["target"]["name"].as_str()?.replace('_', "-");
        Some((name, PathBuf::from(message["executable"].as_str()?)))
    };
    let programs: BTreeMap<String, PathBuf> = messages.filter_map(program).collect();
    assert!(
        !programs.is_empty(),
        "nothing was built: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    programs
}

/// Leaves a file alone that has this text, so that cargo sees no change.
pub(crate) fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return;
    }
    let folder = path.parent().expect("a file is in a folder");
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(path, text));
    written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// A file of ours, by its path from the root.
pub(crate) fn read(path: &str) -> String {
    let text = fs::read_to_string(Path::new(ROOT).join(path));
    text.unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.expect("an entry can be read").path();
        match path.is_dir() {
            true => files.extend(files_below(&path)),
            false => files.push(path),
        }
    }
    files.sort();
    files
}
