//! §2: three threads started and not joined; main goes on at once.

use std::time::Instant;

use serde_json::json;

use super::context::{Baseline, Context, Outcome};
use super::downloads::{FILES, Kit, join_all, sequential};
use crate::cli::failure::Failure;

pub(crate) fn run(context: &Context) -> Result<Outcome, Failure> {
    let kit = Kit::new(context)?;
    let baseline = sequential(context)?;
    let start = Instant::now();
    let main = context.main_lane(start);
    // ANCHOR: run
    let downloads = kit.start_all("start", start);
    let downloads = downloads.map_err(|error| Failure::io("cannot start a thread", error))?;
    let time = start.elapsed();
    main.say("Main program done!!");
    let unfinished = downloads
        .iter()
        .filter(|download| !download.is_finished())
        .count();
    // ANCHOR_END: run
    context.timeline.mark("main", "done");

    // The notebook's kernel lives on, and so do the threads. A program has to wait for them, or
    // end and lose them: that is the next two sections.
    join_all(downloads)?;
    let baseline = Baseline {
        what: "sequential",
        time: baseline,
        ideal: 0.0,
    };
    Ok(Outcome {
        what: format!("main done, {unfinished} of {FILES} files on their way"),
        time,
        baseline: Some(baseline),
        details: json!({
            "files": FILES,
            "unfinished": unfinished,
            "seconds_to_last_file": start.elapsed().as_secs_f64(),
        }),
    })
}
