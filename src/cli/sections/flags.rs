//! §6: three watchers, each with a flag that it polls, stopped one after the other.

use std::sync::Arc;
use std::time::Duration;

use threadproof::{Event, StopFlags, Wait};

use super::context::{Context, Outcome};
use super::watchers::{FILES, Watch, stop_one_by_one};
use crate::cli::failure::Failure;
use crate::cli::print::Lane;

pub(crate) fn run(context: &Context) -> Result<Outcome, Failure> {
    let flags = Arc::new(StopFlags::new(FILES));
    let of_threads = flags.clone();
    stop_one_by_one(
        context,
        "3 watchers that cannot be woken",
        move |watch, interval, program_stops, lane| {
            watch_until_stopped(&of_threads, watch, interval, program_stops, lane)
        },
        |file| drop(flags.stop(file)),
    )
}

/// The notebook's loop, and it really looks: the flag is polled, so a stop waits for the sleep.
// ANCHOR: watch
fn watch_until_stopped(
    flags: &StopFlags<&'static str>,
    watch: &Watch,
    interval: Duration,
    program_stops: &Event,
    lane: &Lane,
) -> Result<(), Failure> {
    let mut watcher = None;
    let stopped = || flags.is_stopped(watch.file);
    while !stopped().expect("its key is in the table") {
        watch.look(&mut watcher, lane)?;
        if program_stops.wait_timeout(interval) == Wait::Set {
            break;
        }
    }
    watch.end(lane);
    Ok(())
}
// ANCHOR_END: watch
