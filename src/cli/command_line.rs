//! Reading the command line: which command takes which option, and what is said of wrong use.

use std::ffi::{OsStr, OsString};
use std::fmt::Write;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command, CommandFactory, Error, FromArgMatches};
use threadproof::download::without_credentials;

use super::notebook::SECTIONS;
use super::options::Program;
use super::output;

/// Which commands an option is for. The tour, which has no name, takes all that are for a section, and a
/// section takes what the tour takes; help shows what matters to it. The others refuse what means nothing
/// to them.
const FOR_COMMANDS: [(&str, &[&str]); 12] = [
    (
        "url",
        &["sequential", "start", "join", "daemon", "processes"],
    ),
    (
        "dir",
        &[
            "sequential",
            "start",
            "join",
            "daemon",
            "event",
            "flags",
            "locked-flags",
            "thread-pool",
            "processes",
            "fetch",
        ],
    ),
    (
        "workers",
        &["thread-pool", "process-pool", "compare", "fetch"],
    ),
    (
        "interval",
        &["event", "flags", "locked-flags", "thread-pool"],
    ),
    ("polls", &["thread-pool"]),
    ("launcher", &["process-pool"]),
    ("jobs", &["compare"]),
    ("power", &["compare"]),
    ("only", &["compare"]),
    ("timeline", &SECTION_NAMES),
    ("axis", &SECTION_NAMES),
    ("live", &SECTION_NAMES),
];

const SECTION_NAMES: [&str; SECTIONS.len()] = {
    let (mut names, mut index) = ([""; SECTIONS.len()], 0);
    while index < SECTIONS.len() {
        names[index] = SECTIONS[index].name;
        index += 1;
    }
    names
};

/// What §4 starts, which has no need of a table.
const HIDDEN: &str = "daemon-program";

/// The options whose values are no text: a path, or another program's words.
const TAKE_BYTES: [&str; 3] = ["--dir", "--timeline", "--launcher"];

/// Reads the command line; prints help or a usage error, and gives the exit code then.
pub(crate) fn read() -> Result<Program, u8> {
    let words: Vec<OsString> = std::env::args_os().collect();
    let mut command = Program::command();
    let mut named = words.iter().skip(1);
    if let Some(name) = named.find(|word| command.find_subcommand(word).is_some()) {
        for (option, commands) in FOR_COMMANDS {
            let hide = option == "live" || commands.iter().all(|command| **command != *name);
            command = command.mut_arg(option, |option| option.hide(hide));
        }
    }
    let matches = command.try_get_matches_from_mut(&words);
    let program = matches.and_then(|matches| {
        refuse_what_means_nothing(&mut command, &matches)?;
        Program::from_arg_matches(&matches)
    });
    program.map_err(|error| {
        let code = u8::try_from(error.exit_code()).unwrap_or(2);
        let shown = in_words(error, &mut command, &words).render();
        let text = shown.ansi().to_string();
        let text = format_args!("{}", text.trim_end());
        match code {
            // Help was asked for.
            0 => output::line(text),
            _ => output::styled_complaint(text),
        }
        code
    })
}

fn refuse_what_means_nothing(command: &mut Command, matches: &ArgMatches) -> Result<(), Error> {
    let Some((name, matches)) = matches.subcommand() else {
        return Ok(());
    };
    if name == HIDDEN || SECTION_NAMES.contains(&name) {
        return Ok(());
    }
    for (option, commands) in FOR_COMMANDS {
        let is_given = matches.value_source(option) == Some(ValueSource::CommandLine);
        if is_given && !commands.contains(&name) {
            let (last, others) = commands.split_last().unwrap_or((&"", &[]));
            let others = match others {
                [] => String::new(),
                others => format!("{} and ", others.join(", ")),
            };
            let why = format!("--{option} means nothing to {name}; it is for {others}{last}");
            return Err(command.error(ErrorKind::ArgumentConflict, why));
        }
    }
    Ok(())
}

/// The error as it may be shown: clap repeats what was written, be it a password or what a terminal obeys.
fn in_words(mut error: Error, command: &mut Command, words: &[OsString]) -> Error {
    if error.kind() == ErrorKind::InvalidUtf8 {
        let Some(word) = no_text(words) else {
            return error;
        };
        let why = format!("'{word}' is no UTF-8; a URL has such bytes as %FF");
        return command.error(ErrorKind::InvalidUtf8, why);
    }
    let shown = error.context().filter_map(|(kind, value)| match value {
        ContextValue::String(text) => Some((kind, ContextValue::String(shown(text)))),
        _ => None,
    });
    let shown: Vec<_> = shown.collect();
    for (kind, text) in shown {
        if let (ContextKind::InvalidSubcommand, ContextValue::String(url)) = (kind, &text)
            && url.contains("://")
        {
            let tip = format!("did you mean 'threadproof fetch {url}'?");
            let tips = ContextValue::StyledStrs(vec![tip.into()]);
            error.insert(ContextKind::Suggested, tips);
        }
        error.insert(kind, text);
    }
    error
}

fn shown(text: &str) -> String {
    match text.contains("://") {
        true => output::plain(without_credentials(text)),
        false => output::plain(text),
    }
}

/// The first word that is no text and should be, with a sign for each byte that is none.
fn no_text(words: &[OsString]) -> Option<String> {
    let takes_bytes = |before: &OsStr, word: &OsStr| {
        TAKE_BYTES.iter().any(|option| {
            let value = word.as_encoded_bytes().strip_prefix(option.as_bytes());
            before == *option || value.is_some_and(|value| value.starts_with(b"="))
        })
    };
    let pairs = words.iter().zip(words.iter().skip(1));
    let mut odd =
        pairs.filter(|(before, word)| word.to_str().is_none() && !takes_bytes(before, word));
    let (_, word) = odd.next()?;
    let mut text = String::new();
    for chunk in word.as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    Some(shown(&text))
}
