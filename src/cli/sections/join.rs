//! §3: three threads started and joined.

use std::time::Instant;

use serde_json::json;

use super::context::{Baseline, Context, Outcome};
use super::downloads::{FILES, Kit, sequential};
use crate::cli::failure::Failure;

pub(crate) fn run(context: &Context) -> Result<Outcome, Failure> {
    let kit = Kit::new(context)?;
    let baseline = sequential(context)?;
    let start = Instant::now();
    let main = context.main_lane(start);
    // ANCHOR: run
    let downloads = kit.start_all("join", start);
    let downloads = downloads.map_err(|error| Failure::io("cannot start a thread", error))?;
    main.say(format_args!("{FILES} threads started"));
    let receipts = context
        .timeline
        .span("main", "join", || kit.join_all(downloads))?;
    let time = start.elapsed();
    main.say("Main program done!!");
    context.note("join", time);
    // ANCHOR_END: run
    context.timeline.mark("main", "done");
    let bytes: u64 = receipts.iter().map(|receipt| receipt.bytes).sum();
    let baseline = Baseline {
        what: "sequential",
        time: baseline,
        ideal: 1.0 / FILES as f64,
    };
    Ok(Outcome {
        what: format!("{FILES} files, a thread each"),
        time,
        baseline: Some(baseline),
        details: json!({ "files": FILES, "bytes": bytes }),
    })
}
