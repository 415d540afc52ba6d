//! §4: a daemon that is joined, and a daemon that the program's end cuts off.
//!
//! Only a program's end shows what a daemon is, so this section starts two small programs: itself,
//! with the hidden subcommand `daemon-program`.

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use threadproof::{Downloader, Event, Watcher, start, start_daemon};

use super::context::{Baseline, Context, Outcome};
use crate::cli::failure::{Failure, code_of};
use crate::cli::options::{DaemonProgram, Options};
use crate::cli::output::line as say;

const JOINED: &str = "joined.png";
const CUT_OFF: &str = "cut-off.png";

pub(crate) fn run(context: &Context) -> Result<Outcome, Failure> {
    let start = Instant::now();
    // A file of an earlier run may be there, which nobody must take for this one's.
    let path = context.folder().join(CUT_OFF);
    let mut cut_off = Watcher::new(&path).map_err(Failure::at(&path))?;
    let joined = run_program(context, start, true)?;
    let left = run_program(context, start, false)?;
    let mut main = context.main_lane(start);
    let length = |file| {
        let metadata = std::fs::metadata(context.folder().join(file));
        metadata.ok().map(|metadata| metadata.len())
    };
    let has_come = cut_off.look().map_err(Failure::at(&path))?.is_some();
    let cut_off_bytes = length(CUT_OFF).filter(|_| has_come);
    if let Some(bytes) = length(JOINED) {
        main.say(format!("{JOINED}: whole, {bytes} bytes"));
    }
    main.say(match (cut_off_bytes, length(CUT_OFF)) {
        (Some(bytes), _) => format!("{CUT_OFF}: whole, {bytes} bytes: it was faster"),
        (None, Some(_)) => format!("{CUT_OFF}: as it was before, and no half of a new one either"),
        (None, None) => format!("{CUT_OFF}: absent, and no half of it either"),
    });
    main.flush();
    let what = match cut_off_bytes {
        None => "the joined daemon's file is whole, the other's absent",
        Some(_) => "both daemons' files are whole",
    };
    Ok(Outcome {
        what: what.to_owned(),
        time: left,
        baseline: Some(Baseline {
            what: "the joined one",
            time: joined,
            ideal: 0.0,
        }),
        details: json!({
            "joined_seconds": joined.as_secs_f64(),
            "cut_off_seconds": left.as_secs_f64(),
            "cut_off_bytes": cut_off_bytes,
        }),
    })
}

/// Runs one of the programs to its end and tells what it said; gives its time.
fn run_program(context: &Context, start: Instant, join: bool) -> Result<Duration, Failure> {
    context.check()?;
    let began = context.timeline.elapsed();
    let mut command = Command::new(context.program.path());
    command
        .arg("daemon-program")
        .arg("--url")
        .arg(context.url()?);
    command
        .arg("--dir")
        .arg(context.folder())
        .stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    // A group of its own: Ctrl-C reaches this program alone, which passes it on once.
    command.process_group(0);
    if join {
        command.arg("--join");
    }
    let cannot_start = |error| Failure::io("the program itself", error);
    let begin = Instant::now();
    let mut child = command.spawn().map_err(cannot_start)?;
    let mut lane = context.story.lane(format!("pid {}", child.id()), start);
    let pid = Pid::from_child(&child);
    let interrupt = || {
        // It may have ended by itself.
        let _ = kill_process(pid, Signal::INT);
    };
    let ended = context.interruptible(interrupt, || wait(&mut child))?;
    let (said, cried, status) = ended.map_err(cannot_start)?;
    let time = begin.elapsed();
    let what = if join { "joined" } else { "cut off" };
    context
        .timeline
        .record(lane.name(), what, began, context.timeline.elapsed());
    for line in said.lines() {
        lane.say(line);
    }
    context.story.tell(lane);
    let is_good = match status {
        Some(status) => status.success(),
        None => said.ends_with("Main program done!!\n"),
    };
    if is_good {
        return Ok(time);
    }
    let words = match (cried.trim_end().trim_start_matches("threadproof: "), status) {
        ("", Some(status)) => format!("the program itself ended with {status}"),
        ("", None) => "the program itself ended, and nobody knows how".to_owned(),
        (words, _) => words.to_owned(),
    };
    let code = status.and_then(|status| status.code());
    let code = code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Err(Failure::Remote { code, words })
}

/// What a child says on stdout and on stderr, and how it ends. Nobody knows that if the system does not
/// keep it (SIGCHLD may be ignored since the start), or if somebody else was told.
fn wait(child: &mut Child) -> io::Result<(String, String, Option<ExitStatus>)> {
    let [mut said, mut cried] = [Vec::new(), Vec::new()];
    if let Some(stdout) = &mut child.stdout {
        stdout.read_to_end(&mut said)?;
    }
    if let Some(stderr) = &mut child.stderr {
        stderr.read_to_end(&mut cried)?;
    }
    let status = match child.wait() {
        Err(error) if error.raw_os_error() == Some(Errno::CHILD.raw_os_error()) => None,
        status => Some(status?),
    };
    let [said, cried] = [said, cried].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Ok((said, cried, status))
}

/// The hidden subcommand: a download in a thread that main joins, or leaves.
// ANCHOR: program
pub(crate) fn program(
    ending: DaemonProgram,
    options: &Options,
    stop: &'static Event,
) -> Result<(), Failure> {
    let missing = || Failure::Usage("daemon-program needs --url and --dir".to_owned());
    let url = options.url.clone().ok_or_else(missing)?;
    let folder = options.dir.as_deref().ok_or_else(missing)?;
    let path = folder.join(if ending.join { JOINED } else { CUT_OFF });
    let (there, enough) = (Arc::new(Event::new()), ending.leave_at.unwrap_or(0));
    let reached = there.clone();
    let download = move || {
        let downloader = Downloader::new();
        downloader.fetch_with(&url, &path, stop, &mut |progress| {
            if progress.bytes >= enough {
                reached.set();
            }
        })
    };
    let no_thread = |error| Failure::io("a thread", error);
    if ending.join {
        let receipt = start("download", download).map_err(no_thread)?.join()?;
        let receipt = receipt.map_err(|error| Failure::Remote {
            code: code_of(&error),
            words: error.to_string(),
        })?;
        say(format_args!("{JOINED} downloaded, {} bytes", receipt.bytes));
    } else {
        start_daemon("download", move || {
            let _ = download();
            say(format_args!("{CUT_OFF} downloaded"));
        })
        .map_err(no_thread)?;
        if ending.leave_at.is_some() {
            there.wait();
        }
    }
    say(format_args!("Main program done!!"));
    Ok(())
}
// ANCHOR_END: program
