//! §5: a watcher that sleeps between its looks, and stops at once.

use std::sync::Arc;
use std::time::Instant;

use serde_json::json;
use threadproof::{Event, start, watch_file};

use super::context::{Baseline, Context, OnDrop, Outcome};
use super::watchers::Watch;
use crate::cli::failure::Failure;

pub(crate) fn run(context: &Context) -> Result<Outcome, Failure> {
    let interval = context.options.interval;
    let watch = Watch::new(context, "a.txt")?;
    let stop = Arc::new(Event::new());
    let begin = Instant::now();
    let mut main = context.main_lane(begin);
    let mut lane = context.story.lane("watcher-1", begin);
    let watcher = start("watcher-1", {
        let (watch, stop) = (watch.clone(), stop.clone());
        move || {
            lane.say(format!("Watching {}", watch.file));
            let timeline = watch.timeline.clone();
            let watched = timeline.span("watcher-1", watch.file, || {
                watch_file(&watch.path, interval, &stop, |change| {
                    watch.report(change, &mut lane)
                })
            });
            (lane, watched.map_err(Failure::at(&watch.path)))
        }
    });
    let watcher = watcher.map_err(|error| Failure::io("a thread", error))?;
    let _stop = OnDrop(|| {
        stop.set();
    });

    // It sleeps now, so it has looked: what happens from here on is news to it.
    let sleeps_or_has_ended = || {
        std::thread::yield_now();
        stop.n_waiting() == 1 || watcher.is_finished()
    };
    context.wait_until(sleeps_or_has_ended)?;
    watch.begun.set();
    watch.touch(context, || watcher.is_finished())?;
    context.wait_until(sleeps_or_has_ended)?;
    let stopping = Instant::now();
    stop.set();
    let (mut lane, watched) = watcher.join()?;
    let (took, looks) = (stopping.elapsed(), watched?.polls);
    lane.say(format!(
        "stopped {:.3} s after the stop; {looks} looks",
        took.as_secs_f64()
    ));
    context.story.tell(lane);
    main.say("Main program done!!");
    main.flush();
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
