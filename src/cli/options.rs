//! What may be written on the command line.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use threadproof::schedule::{self, PROGRAMS};

use super::notebook::SectionCommand;

const EXIT_CODES: &str = "\
Exit codes:
    0  everything complete         6  stalled, or not complete in time
    1  anything else, lost output  7  larger than --max-bytes
    2  wrong use, a bad URL        8  too many redirects
    3  cannot connect              9  cannot write
    4  error status, bad answer   10  several kinds of failure
    5  truncated, unknown length  130 interrupted (SIGTERM 143, SIGHUP 129)";

/// Python's notebook of threads and processes, run in Rust. Without a command: the whole tour.
#[derive(Debug, Parser)]
#[command(name = "threadproof", version, after_help = EXIT_CODES)]
pub(crate) struct Program {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) options: Options,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(flatten)]
    Section(SectionCommand),
    /// Print the table of sections
    List,
    /// Run a small program on real threads in a given order of its steps
    Replay(Replay),
    /// Try every order of a small program's steps, and count the bad ones
    Orders {
        /// Which program; all of them if none is named
        #[arg(value_name = "PROGRAM", value_parser = program())]
        program: Option<&'static schedule::Program>,
    },
    /// Download files: each arrives whole or not at all
    #[command(after_help = EXIT_CODES)]
    Fetch(Fetch),
    /// Serve the sections' image on this machine, for the notebook's cells in Python
    Serve(Serve),
    /// What §4 starts as a program of its own
    #[command(hide = true)]
    DaemonProgram(DaemonProgram),
}

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Download this instead of the embedded server's image
    #[arg(
        long,
        global = true,
        value_name = "URL",
        help_heading = "Options of some sections"
    )]
    pub(crate) url: Option<String>,
    /// Where files go, in the place of older ones of their names; without it fetch takes this folder, and
    /// sections one that they remove
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// How many workers: 3 in §8 and §10, 4 in fetch, as many as cores in §11; at most 1000
    #[arg(long, global = true, value_name = "N", value_parser = count::<1000>)]
    pub(crate) workers: Option<NonZeroUsize>,
    /// Lines are printed when they happen, with this word or without: commands of old may have it
    #[arg(long, global = true, hide = true)]
    pub(crate) live: bool,
    /// Print JSON, one object a line
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Draw what ran when
    #[arg(long, global = true, value_name = "FILE.svg")]
    pub(crate) timeline: Option<PathBuf>,
    /// Let the picture's axis reach this far at least, so that two pictures can be compared
    #[arg(long, global = true, value_name = "SECONDS", value_parser = seconds, requires = "timeline")]
    pub(crate) axis: Option<Duration>,
    /// Seconds between two looks of a watcher in §5 to §8 (the notebook has 2)
    #[arg(long, global = true, value_name = "SECONDS", default_value = "0.2", value_parser = interval, help_heading = "Options of some sections")]
    pub(crate) interval: Duration,
    /// How often each watcher of §8 looks
    #[arg(long, global = true, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Options of some sections")]
    pub(crate) polls: u32,
    /// Start each worker of §10 by this command, such as 'nice -n 10' or 'ssh host'; what it says goes to
    /// stderr then
    #[arg(
        long,
        global = true,
        value_name = "COMMAND",
        help_heading = "Options of some sections"
    )]
    pub(crate) launcher: Option<OsString>,
    /// How many jobs §11 has; each of its 9 rounds runs all of them in every way
    #[arg(
        long,
        global = true,
        value_name = "N",
        default_value = "15",
        value_parser = count::<1_000_000>,
        help_heading = "Options of some sections"
    )]
    pub(crate) jobs: NonZeroUsize,
    /// Each job of §11 takes 10 to this power steps
    #[arg(long, global = true, value_name = "N", default_value = "7", value_parser = clap::value_parser!(u32).range(0..=19), help_heading = "Options of some sections")]
    pub(crate) power: u32,
    /// Run only one way of §11
    #[arg(
        long,
        global = true,
        value_enum,
        help_heading = "Options of some sections"
    )]
    pub(crate) only: Option<Only>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Only {
    Sequential,
    Threads,
    Rayon,
    Processes,
}

#[derive(Debug, Args)]
pub(crate) struct Fetch {
    /// What to download; a file is named by the last part of its URL's path
    #[arg(required = true, value_name = "URL")]
    pub(crate) urls: Vec<String>,
    /// Give up when the server says nothing for so long
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub(crate) stall: Duration,
    /// Give up a file that is not complete after so long
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) total: Option<Duration>,
    /// How many more attempts follow a transient failure
    #[arg(long, value_name = "N", default_value = "0")]
    pub(crate) retries: u32,
    /// Refuse a body larger than this
    #[arg(long, value_name = "N")]
    pub(crate) max_bytes: Option<u64>,
    /// Take a body whose length the server does not say
    #[arg(long)]
    pub(crate) allow_unknown_length: bool,
    /// Ask through this proxy of http, or through none if it is ''; else http_proxy, https_proxy, all_proxy and
    /// no_proxy of the environment say which
    #[arg(long, value_name = "URL")]
    pub(crate) proxy: Option<String>,
    /// Keep what has come of a file that fails, and go on from there the next time
    #[arg(long)]
    pub(crate) resume: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// Which program
    #[arg(value_name = "PROGRAM", value_parser = program())]
    pub(crate) program: &'static schedule::Program,
    /// A letter for each step, such as ABBA; without it the first order that breaks the program
    pub(crate) schedule: Option<String>,
    /// The version that no order breaks
    #[arg(long)]
    pub(crate) mended: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// How long the server waits before each answer: without it three files take no time at all
    #[arg(long, value_name = "SECONDS", default_value = "0.1", value_parser = seconds_or_none)]
    pub(crate) delay: Duration,
    /// The port, that of the cells unless told; 0 is a free one
    #[arg(long, value_name = "N", default_value = "8000")]
    pub(crate) port: u16,
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct DaemonProgram {
    /// Whether main joins the thread
    #[arg(long)]
    pub(crate) join: bool,
    /// Main leaves once so many bytes have come
    #[arg(long, conflicts_with = "join")]
    pub(crate) leave_at: Option<u64>,
}

/// Reads the name of a program; help and errors list them.
fn program() -> impl TypedValueParser<Value = &'static schedule::Program> {
    let names = PROGRAMS.iter().map(|program| program.name);
    PossibleValuesParser::new(names)
        .map(|name| schedule::Program::named(&name).expect("it is one of the possible names"))
}

/// More than anybody waits for, and less than any clock counts.
const LONGEST: Duration = Duration::from_secs(1_000_000_000);

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.parse::<f64>().ok().filter(|number| !number.is_nan());
    let number = number.ok_or("not a number of seconds")?;
    match Duration::try_from_secs_f64(number) {
        Ok(time) if !time.is_zero() && time <= LONGEST => Ok(time),
        Ok(time) if time.is_zero() => Err("it must be more than 0".to_owned()),
        Err(_) if number < 0.0 => Err("it must be more than 0".to_owned()),
        _ => {
            let most = LONGEST.as_secs();
            Err(format!("it must be at most {most} seconds, some 30 years"))
        }
    }
}

/// Who looks more often looks at nothing else.
const SHORTEST: Duration = Duration::from_millis(1);

/// As [`seconds`], between two looks.
fn interval(text: &str) -> Result<Duration, String> {
    match seconds(text)? {
        time if time < SHORTEST => Err("it must be at least 0.001".to_owned()),
        time => Ok(time),
    }
}

/// As [`seconds`], and 0 is one.
fn seconds_or_none(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(0.0) => Ok(Duration::ZERO),
        _ => seconds(text),
    }
}

/// Reads a number of things of which there can be one to `MOST`.
fn count<const MOST: usize>(text: &str) -> Result<NonZeroUsize, String> {
    let count = text
        .parse()
        .ok()
        .filter(|count: &NonZeroUsize| count.get() <= MOST);
    count.ok_or_else(|| format!("it must be a whole number from 1 to {MOST}"))
}
