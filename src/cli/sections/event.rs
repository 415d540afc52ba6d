//! §5: a watcher that sleeps between its looks, and stops at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use threadproof::{Event, Wait, start};

use super::context::{Baseline, Context, OnDrop, Outcome};
use super::watchers::Watch;
use crate::cli::failure::Failure;
use crate::cli::print::Lane;

pub(crate) fn run(context: &Context) -> Result<Outcome, Failure> {
    let interval = context.options.interval;
    let watch = Watch::new(context, "a.txt")?;
    let stop = Arc::new(Event::new());
    let begin = Instant::now();
    let main = context.main_lane(begin);
    let lane = context.story.lane("watcher-1", begin);
    let watcher = start("watcher-1", {
        let (watch, stop) = (watch.clone(), stop.clone());
        move || {
            watch.timeline.span(lane.name(), watch.file, || {
                watch_until_stopped(&stop, &watch, interval, &lane)
            })
        }
    });
    let watcher = watcher.map_err(|error| Failure::io("cannot start a thread", error))?;
    let _stop = OnDrop(|| {
        stop.set();
    });

    watch.touch(context, &main, || watcher.is_finished())?;
    // What is to be seen is how a sleeper is woken.
    context.wait_until(|| {
        std::thread::yield_now();
        stop.n_waiting() == 1 || watcher.is_finished()
    })?;
    main.say("stops watcher-1");
    let stopping = Instant::now();
    context.timeline.mark("main", "set()");
    stop.set();
    watcher.join()??;
    let (took, looks) = (stopping.elapsed(), watch.looks());
    context.timeline.joined("main", "watcher-1");
    main.say(format_args!(
        "watcher-1 ended {:.3} s after the stop",
        took.as_secs_f64()
    ));
    main.say("Main program done!!");
    let baseline = Baseline {
        what: "the interval",
        time: interval,
        ideal: 0.0,
    };
    Ok(Outcome {
        what: "a sleeping watcher stopped".to_owned(),
        time: took,
        baseline: Some(baseline),
        details: json!({ "looks": looks, "interval": interval.as_secs_f64() }),
    })
}

/// [`watch_file`](threadproof::watch_file), look by look: it sleeps on the event, and looks once more
/// when that has woken it.
fn watch_until_stopped(
    stop: &Event,
    watch: &Watch,
    interval: Duration,
    lane: &Lane,
) -> Result<(), Failure> {
    let begun = stop.generation();
    let (mut watcher, mut wait) = (None, Wait::TimedOut);
    loop {
        watch.look(&mut watcher, lane)?;
        if wait == Wait::Set {
            watch.end(lane);
            return Ok(());
        }
        wait = stop.wait_since(begun, interval);
    }
}
