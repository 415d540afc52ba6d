//! §1: three downloads, one after the other.

use std::time::Instant;

use serde_json::json;

use super::context::{Context, Outcome};
use super::downloads::{FILES, Kit};
use crate::cli::failure::Failure;

// ANCHOR: run
pub(crate) fn run(context: &Context) -> Result<Outcome, Failure> {
    let kit = Kit::new(context)?;
    let start = Instant::now();
    let main = context.main_lane(start);
    let mut bytes = 0;
    for number in 1..=FILES {
        let receipt = kit.download(&main, &format!("sequential-{number}.png"))?;
        bytes += receipt.bytes;
    }
    let time = start.elapsed();
    main.say("Main program done!!");
    context.note("sequential", time);
    let what = format!("{FILES} files, one after the other");
    Ok(Outcome {
        what,
        time,
        baseline: None,
        details: json!({ "files": FILES, "bytes": bytes }),
    })
}
// ANCHOR_END: run
