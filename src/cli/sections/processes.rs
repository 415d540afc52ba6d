//! §9: three downloads in three processes.

use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde_json::json;
use threadproof::Process;

use super::context::{Baseline, Context, LOOK, Outcome};
use super::downloads::{FILES, on_threads};
use crate::cli::failure::Failure;
use crate::cli::work::Download;

pub(crate) fn run(context: &Context) -> Result<Outcome, Failure> {
    let threads = on_threads(context)?;
    let url = context.url()?;
    let start = Instant::now();
    let main = context.main_lane(start);
    let mut processes = Vec::new();
    // ANCHOR: run
    for number in 1..=FILES {
        let file = format!("processes-{number}.png");
        let download = Download {
            url: url.clone(),
            to: context.folder().join(&file).into(),
            lane: context.story.elsewhere(start),
        };
        let began = context.timeline.elapsed();
        let process = Process::start(&context.program, download)?;
        processes.push((Leaving(Some(process)), file, began));
    }
    // ANCHOR_END: run
    let start_up = start.elapsed() / FILES as u32;
    main.say(format_args!(
        "{FILES} processes started, {:.1} ms each",
        start_up.as_secs_f64() * 1e3
    ));
    let (mut pids, mut bytes) = (Vec::new(), 0);
    for (process, file, began) in processes {
        let (pid, outcome) = join(context, process)?;
        let received = outcome.map_err(|(code, words)| Failure::Remote { code, words })?;
        pids.push(pid);
        let (lane, ended) = (format!("pid {pid}"), context.timeline.elapsed());
        context.timeline.record(&lane, &file, began, ended);
        bytes += received;
    }
    let time = start.elapsed();
    main.say("Main program done!!");
    Ok(Outcome {
        what: format!("{FILES} files, a process each"),
        time,
        baseline: Some(Baseline {
            what: "threads",
            time: threads,
            ideal: 1.0,
        }),
        details: json!({
            "pids": pids,
            "bytes": bytes,
            "seconds_to_start_one": start_up.as_secs_f64(),
        }),
    })
}

/// Joins, unless the user interrupts the program. Gives the process's number, too.
fn join<O>(context: &Context, mut running: Leaving<O>) -> Result<(u32, O), Failure>
where
    O: DeserializeOwned,
{
    loop {
        let process = running.0.take().expect("it was put back");
        let pid = process.pid();
        match process.join_timeout(LOOK) {
            // A Ctrl-C in the terminal reaches the process as well, and it may be faster.
            Ok(_) if context.stop.is_set() => return Err(Failure::Interrupted),
            Ok(outcome) => return Ok((pid, outcome?)),
            Err(process) => running.0 = Some(process),
        }
        context.check()?;
    }
}

/// A process that nobody joins any more is asked to stop, so that it can remove its temporary file.
/// If it does not, it is killed.
struct Leaving<O: DeserializeOwned>(Option<Process<O>>);

impl<O: DeserializeOwned> Leaving<O> {
    const GRACE: Duration = Duration::from_millis(300);
}

impl<O: DeserializeOwned> Drop for Leaving<O> {
    fn drop(&mut self) {
        if let Some(process) = self.0.take() {
            process.terminate();
            let _ = process.join_timeout(Self::GRACE);
        }
    }
}
