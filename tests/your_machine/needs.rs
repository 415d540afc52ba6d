//! What a test may need of the machine: how each need is looked for, and how to get it.
//!
//! Each is looked for at most once in a run, and only if a test that is to run needs it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::{env, thread};

/// The tests of one need are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    Chromium,
    MdBook,
    Slurm,
    Python,
    Strace,
    TwoCores,
    Root,
    AccessLists,
}

struct Row {
    need: Need,
    name: &'static str,
    look: fn() -> Found,
    how_to_get_it: &'static str,
}

const TABLE: [Row; 8] = [
    Row {
        need: Need::Chromium,
        name: "Chromium",
        look: || named("CHROMIUM").unwrap_or_else(|| first_of(&CHROMIUMS, "no Chromium")),
        how_to_get_it: "apt install chromium, or set CHROMIUM to it",
    },
    Row {
        need: Need::MdBook,
        name: "mdBook",
        look: || named("MDBOOK").unwrap_or_else(|| first_of(&[IN_TARGET, "mdbook"], "no mdBook")),
        how_to_get_it: "cargo install mdbook@0.5.4, or set MDBOOK to it",
    },
    Row {
        need: Need::Slurm,
        name: "Slurm",
        look: three_nodes,
        how_to_get_it: ".ci/three-nodes start DIR, then SLURM_CONF=DIR/slurm.conf",
    },
    Row {
        need: Need::Python,
        name: "python3",
        look: || first_of(&["python3"], "no python3"),
        how_to_get_it: "apt install python3",
    },
    Row {
        need: Need::Strace,
        name: "strace",
        look: strace,
        how_to_get_it: "apt install strace, and a container must let it trace",
    },
    Row {
        need: Need::TwoCores,
        name: "two cores",
        look: two_cores,
        how_to_get_it: "another machine",
    },
    Row {
        need: Need::Root,
        name: "root",
        look: root,
        how_to_get_it: "run as root, in a container",
    },
    Row {
        need: Need::AccessLists,
        name: "access lists",
        look: access_lists,
        how_to_get_it: "set TMPDIR to a folder whose file system has them",
    },
];

/// The one without a window starts sooner and needs less.
const CHROMIUMS: [&str; 4] = [
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
];

/// Where `.ci/run` installs mdBook.
const IN_TARGET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/bin/mdbook");

/// What starts it, if it is a program; or why it cannot be used.
type Found = Result<Option<PathBuf>, Lack>;

#[derive(Clone, Debug)]
pub(crate) enum Lack {
    /// It is not there, and nobody said that it is.
    Missing(String),
    /// Somebody named it, and it does not work. That is a failure.
    Broken(String),
}

impl Lack {
    /// Both reasons in one. What is broken comes to light also where something else is missing.
    pub(crate) fn and(self, other: Self) -> Self {
        let both = |one, other| format!("{one}, {other}");
        match (self, other) {
            (Self::Missing(one), Self::Missing(other)) => Self::Missing(both(one, other)),
            (Self::Broken(one), Self::Broken(other)) => Self::Broken(both(one, other)),
            (broken @ Self::Broken(_), _) | (_, broken) => broken,
        }
    }
}

impl Need {
    fn row(self) -> &'static Row {
        let row = TABLE.iter().find(|row| row.need == self);
        row.expect("each need has its row")
    }

    pub(crate) fn name(self) -> &'static str {
        self.row().name
    }

    pub(crate) fn how_to_get_it(self) -> &'static str {
        self.row().how_to_get_it
    }

    fn found(self) -> &'static Found {
        static FOUND: [OnceLock<Found>; TABLE.len()] = [const { OnceLock::new() }; TABLE.len()];
        FOUND[self as usize].get_or_init(self.row().look)
    }

    pub(crate) fn lack(self) -> Option<&'static Lack> {
        self.found().as_ref().err()
    }

    /// What starts it. A test that needs it is run only if it is there.
    #[track_caller]
    pub(crate) fn program(self) -> &'static Path {
        match self.found() {
            Ok(program) => program.as_deref().expect("it is a program"),
            Err(lack) => panic!("{lack:?}"),
        }
    }
}

fn starts(program: &Path) -> bool {
    let output = Command::new(program).arg("--version").output();
    output.is_ok_and(|output| output.status.success())
}

/// The program that the variable names, if it is set.
fn named(variable: &str) -> Option<Found> {
    let program = env::var_os(variable).filter(|program| !program.is_empty())?;
    let program = PathBuf::from(program);
    let shown = program.display();
    let broken = Lack::Broken(format!("{variable} is {shown}, which does not start"));
    Some(starts(&program).then_some(Some(program)).ok_or(broken))
}

/// The first of its usual names that can be started.
fn first_of(names: &[&str], else_say: &str) -> Found {
    let found = names.iter().map(PathBuf::from).find(|name| starts(name));
    let missing = || Lack::Missing(else_say.to_owned());
    found.map(Some).ok_or_else(missing)
}

fn three_nodes() -> Found {
    let Some(conf) = env::var_os("SLURM_CONF").filter(|conf| !conf.is_empty()) else {
        return Err(Lack::Missing("no SLURM_CONF".to_owned()));
    };
    let broken = |why: String| Lack::Broken(format!("SLURM_CONF is {}: {why}", conf.display()));
    let arguments = ["--noheader", "--Node", "--format=%N"];
    let output = Command::new("sinfo").args(arguments).output();
    let output = output.map_err(|error| broken(format!("sinfo: {error}")))?;
    let nodes = String::from_utf8_lossy(&output.stdout);
    match nodes.lines().count() {
        3 => Ok(None),
        _ => Err(broken(format!("not three nodes: {output:?}"))),
    }
}

/// It may be there and yet not trace, as in a container.
fn strace() -> Found {
    let program = first_of(&["strace"], "no strace")?;
    let output = Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .output();
    match output {
        Ok(output) if output.status.success() => Ok(program),
        _ => Err(Lack::Missing("strace may not trace here".to_owned())),
    }
}

fn two_cores() -> Found {
    match thread::available_parallelism().map_or(1, usize::from) {
        1 => Err(Lack::Missing("one core".to_owned())),
        _ => Ok(None),
    }
}

/// Of Linux, in the folder of temporary files.
#[cfg(all(feature = "program", target_os = "linux"))]
fn access_lists() -> Found {
    use super::atomic_file::{OF_A_FILE, let_one_more};
    let file = tempfile::NamedTempFile::new().expect("a file can be made");
    match let_one_more(file.path(), OF_A_FILE) {
        Ok(()) => Ok(None),
        Err(error) => Err(Lack::Missing(format!("no access list can be set: {error}"))),
    }
}

#[cfg(not(all(feature = "program", target_os = "linux")))]
fn access_lists() -> Found {
    Err(Lack::Missing("no Linux".to_owned()))
}

#[cfg(unix)]
fn root() -> Found {
    match rustix::process::geteuid().is_root() {
        true => Ok(None),
        false => Err(Lack::Missing("not root".to_owned())),
    }
}

#[cfg(not(unix))]
fn root() -> Found {
    Err(Lack::Missing("no Unix".to_owned()))
}
