//! §4: a daemon that is joined, and a daemon that the program's end cuts off.
//!
//! Only a program's end shows what a daemon is, so this section starts two small programs: itself,
//! with the hidden subcommand `daemon-program`.

use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use threadproof::{DownloadError, Downloader, Event, Watcher, start, start_daemon};

use super::context::{Baseline, Context, Outcome};
use crate::cli::failure::Failure;
use crate::cli::options::{DaemonProgram, Options};
use crate::cli::output::line as say;
use crate::cli::print::Lane;

const JOINED: &str = "joined.png";
const CUT_OFF: &str = "cut-off.png";

/// A program's last line, with which it has done all that it should.
const DONE: &str = "Main program done!!";

pub(crate) fn run(context: &Context) -> Result<Outcome, Failure> {
    let start = Instant::now();
    // A file of an earlier run may be there, which nobody must take for this one's.
    let path = context.folder().join(CUT_OFF);
    let mut cut_off = Watcher::new(&path).map_err(Failure::at(&path))?;
    let joined = run_program(context, start, true)?;
    let left = run_program(context, start, false)?;
    let main = context.main_lane(start);
    let length = |file| {
        let metadata = std::fs::metadata(context.folder().join(file));
        metadata.ok().map(|metadata| metadata.len())
    };
    let has_come = cut_off.look().map_err(Failure::at(&path))?.is_some();
    let cut_off_bytes = length(CUT_OFF).filter(|_| has_come);
    if let Some(bytes) = length(JOINED) {
        main.say(format_args!("{JOINED}: whole, {bytes} bytes"));
    }
    main.say(match (cut_off_bytes, length(CUT_OFF)) {
        (Some(bytes), _) => format!("{CUT_OFF}: whole, {bytes} bytes: it was faster"),
        (None, Some(_)) => format!("{CUT_OFF}: as it was before, and no half of a new one either"),
        (None, None) => format!("{CUT_OFF}: absent, and no half of it either"),
    });
    let what = match cut_off_bytes {
        None => "one file whole, the other absent",
        Some(_) => "both files whole",
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

/// Runs one of the programs to its end and tells what it says; gives its time.
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
    // A group of its own: Ctrl-C reaches this program alone, which passes it on once. On Windows, where nobody
    // can pass it on, it reaches both.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    if join {
        command.arg("--join");
    }
    let cannot_start = |error| Failure::io("the program itself", error);
    let begin = Instant::now();
    let mut child = command.spawn().map_err(cannot_start)?;
    let lane = context.story.lane(format!("pid {}", child.id()), start);
    #[cfg(unix)]
    let interrupt = {
        use rustix::process::{Pid, Signal, kill_process};
        let pid = Pid::from_child(&child);
        move || {
            // It may have ended by itself.
            let _ = kill_process(pid, Signal::INT);
        }
    };
    #[cfg(windows)]
    let interrupt = || {};
    let ended = context.interruptible(interrupt, || wait(&mut child, &lane))?;
    let (last, cried, status) = ended.map_err(cannot_start)?;
    let time = begin.elapsed();
    let what = if join { "joined" } else { "cut off" };
    context
        .timeline
        .record(lane.name(), what, began, context.timeline.elapsed());
    let is_good = match status {
        Some(status) => status.success(),
        None => last == DONE,
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

/// Tells what a child says on stdout as it comes. Gives its last line, what it said on stderr, and how it
/// ended. Nobody knows that if the system does not keep it (SIGCHLD may be ignored since the start), or
/// if somebody else was told.
fn wait(child: &mut Child, lane: &Lane) -> io::Result<(String, String, Option<ExitStatus>)> {
    let (mut last, mut cried) = (String::new(), Vec::new());
    if let Some(stdout) = &mut child.stdout {
        for line in BufReader::new(stdout).split(b'\n') {
            last = String::from_utf8_lossy(&line?).into_owned();
            lane.say(&last);
        }
    }
    if let Some(stderr) = &mut child.stderr {
        stderr.read_to_end(&mut cried)?;
    }
    let status = match child.wait() {
        #[cfg(unix)]
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::CHILD.raw_os_error()) => None,
        status => Some(status?),
    };
    Ok((last, String::from_utf8_lossy(&cried).into_owned(), status))
}

/// The hidden subcommand: a download in a thread that main joins, or leaves.
pub(crate) fn program(
    ending: DaemonProgram,
    options: &Options,
    stop: &'static Event,
) -> Result<(), Failure> {
    let missing = || Failure::Usage("daemon-program needs --url and --dir".to_owned());
    let url = options.url.clone().ok_or_else(missing)?;
    let folder = options.dir.as_deref().ok_or_else(missing)?;
    let file = if ending.join { JOINED } else { CUT_OFF };
    let (path, may_leave) = (folder.join(file), Arc::new(Event::new()));
    let (left, leave_at) = (may_leave.clone(), ending.leave_at);
    let download = move || {
        say(format_args!("{file}: started"));
        let _when_it_ends = left.set_on_drop();
        if leave_at.is_none() {
            left.set();
        }
        let downloader = Downloader::new();
        let receipt = downloader.fetch_with(&url, &path, stop, &mut |progress| {
            if leave_at.is_some_and(|bytes| progress.bytes >= bytes) {
                left.set();
            }
        })?;
        say(format_args!("{file}: {} bytes, done", receipt.bytes));
        Ok::<_, DownloadError>(())
    };
    let no_thread = |error| Failure::io("cannot start a thread", error);
    // ANCHOR: program
    if ending.join {
        start("download", download).map_err(no_thread)?.join()??;
    } else {
        let download = move || drop(download());
        start_daemon("download", download).map_err(no_thread)?;
        may_leave.wait();
    }
    say(format_args!("{DONE}"));
    // ANCHOR_END: program
    Ok(())
}
