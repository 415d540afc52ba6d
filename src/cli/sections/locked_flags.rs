//! §7: the same three watchers, with check and look in one critical section.

use std::sync::Arc;
use std::time::Duration;

use threadproof::{Event, LockedFlags, Wait};

use super::context::{Context, Outcome};
use super::watchers::{Watch, stop_one_by_one};
use crate::cli::failure::Failure;
use crate::cli::print::Lane;

pub(crate) fn run(context: &Context) -> Result<Outcome, Failure> {
    let flags = Arc::new(LockedFlags::new());
    let of_threads = flags.clone();
    stop_one_by_one(
        context,
        "no late look, but cannot be woken",
        move |watch, interval, program_stops, lane| {
            watch_until_stopped(&of_threads, watch, interval, program_stops, lane)
        },
        |file| drop(flags.stop(file)),
    )
}

/// Each look has a turn of its own or does not happen: none begins once `stop` has returned.
// ANCHOR: watch
fn watch_until_stopped(
    flags: &LockedFlags<&'static str>,
    watch: &Watch,
    interval: Duration,
    program_stops: &Event,
    lane: &Lane,
) -> Result<(), Failure> {
    let registration = flags
        .register(watch.file)
        .expect("each watcher has a file of its own");
    let mut watcher = None;
    while let Some(looked) = registration.step(|| watch.look(&mut watcher, lane)) {
        looked?;
        if program_stops.wait_timeout(interval) == Wait::Set {
            break;
        }
    }
    watch.end(lane);
    Ok(())
}
// ANCHOR_END: watch
