//! What the watchers of sections 5 to 8 share: files to watch, and a wait for what they report.

use std::collections::VecDeque;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use threadproof::{Change, Event, Timeline, Wait, Watcher, start};

use super::context::{Baseline, Context, LOOK, OnDrop, Outcome};
use crate::cli::failure::Failure;
use crate::cli::print::Lane;

/// A file that a watcher watches, and the moments that the section waits for.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    pub(crate) file: &'static str,
    pub(crate) path: PathBuf,
    /// The watcher has looked for the first time.
    pub(crate) begun: Arc<Event>,
    /// The file was changed.
    pub(crate) changed: Arc<Event>,
    /// The watcher has reported a change.
    pub(crate) reported: Arc<Event>,
    pub(crate) timeline: Arc<Timeline>,
    looks: Arc<AtomicU64>,
}

impl Watch {
    /// Makes the file.
    pub(crate) fn new(context: &Context, file: &'static str) -> Result<Self, Failure> {
        let path = context.watched_folder()?.join(file);
        std::fs::write(&path, "old\n").map_err(Failure::cannot_write(&path))?;
        Ok(Self {
            file,
            path,
            begun: Arc::new(Event::new()),
            changed: Arc::new(Event::new()),
            reported: Arc::new(Event::new()),
            timeline: context.timeline.clone(),
            looks: Arc::default(),
        })
    }

    /// Looks once, and says what it has seen. The first look makes the watcher.
    pub(crate) fn look(&self, watcher: &mut Option<Watcher>, lane: &Lane) -> Result<(), Failure> {
        let (path, file) = (&self.path, self.file);
        let Some(watcher) = watcher else {
            *watcher = Some(Watcher::new(path).map_err(Failure::at(path))?);
            lane.say(format_args!("Watching {file}: look {}", self.count_look()));
            self.begun.set();
            return Ok(());
        };
        let change = watcher.look().map_err(Failure::at(path))?;
        let look = self.count_look();
        let Some(change) = change else {
            lane.say(format_args!("look {look}: {file} is as it was"));
            return Ok(());
        };
        let what = match change {
            Change::Created => "created",
            Change::Modified => "modified",
            Change::Replaced => "replaced",
            Change::Removed => "removed",
            _ => "changed",
        };
        lane.say(format_args!("look {look}: {file} was {what}"));
        self.reported.set();
        Ok(())
    }

    /// Says that the watcher has come to its end.
    pub(crate) fn end(&self, lane: &Lane) {
        let (file, looks) = (self.file, self.looks());
        lane.say(format_args!("Stopped watching {file} after {looks} looks"));
    }

    /// Counts a look, and says which one it is.
    fn count_look(&self) -> u64 {
        // ORDERING: Relaxed, only a count. In §7 the lock of the flags orders looks and stop.
        self.looks.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn looks(&self) -> u64 {
        // ORDERING: Relaxed, as above.
        self.looks.load(Ordering::Relaxed)
    }

    /// Touches the file once its watcher has looked, and waits until it has reported that. A watcher
    /// that has ended by then met with an error, which whoever joins it gets.
    pub(crate) fn touch(
        &self,
        context: &Context,
        main: &Lane,
        has_ended: impl Fn() -> bool,
    ) -> Result<(), Failure> {
        let wait = |event: &Event| {
            context.wait_until(|| event.wait_timeout(LOOK) == Wait::Set || has_ended())
        };
        wait(&self.begun)?;
        main.say(format_args!("changes {}", self.file));
        self.change()?;
        wait(&self.reported)
    }

    /// Changes the file in one step: `fs::write` empties it first, which is a change of its own.
    pub(crate) fn change(&self) -> Result<(), Failure> {
        let file = OpenOptions::new().append(true).open(&self.path);
        let changed = file.and_then(|mut file| file.write_all(b"new\n"));
        changed.map_err(Failure::cannot_write(&self.path))?;
        self.changed.set();
        Ok(())
    }
}

/// What the watchers of sections 6 and 7 watch.
pub(crate) const FILES: [&str; 3] = ["a.txt", "b.txt", "c.txt"];

/// Three watchers, a thread each, stopped one after the other: what sections 6 and 7 share.
pub(crate) fn stop_one_by_one(
    context: &Context,
    what: &str,
    watch_until_stopped: impl Fn(&Watch, Duration, &Event, &Lane) -> Result<(), Failure>
    + Clone
    + Send
    + 'static,
    stop: impl Fn(&'static str),
) -> Result<Outcome, Failure> {
    let interval = context.options.interval;
    let begin = Instant::now();
    let main = context.main_lane(begin);
    let mut watchers = VecDeque::new();
    // Declared after `watchers`, so that it stops them before they are joined, however we leave.
    let _stop_all = OnDrop(|| FILES.iter().for_each(|file| stop(file)));
    for (number, file) in (1..).zip(FILES) {
        let watch = Watch::new(context, file)?;
        let name = format!("watcher-{number}");
        let lane = context.story.lane(&*name, begin);
        let (of_thread, program_stops) = (watch.clone(), context.stop);
        let watch_until_stopped = watch_until_stopped.clone();
        let running = start(&name, move || {
            of_thread.timeline.span(lane.name(), file, || {
                watch_until_stopped(&of_thread, interval, program_stops, &lane)
            })
        });
        watchers.push_back((
            watch,
            running.map_err(|error| Failure::io("cannot start a thread", error))?,
        ));
    }
    let (mut longest, mut looks, mut late) = (Duration::ZERO, Vec::new(), Vec::new());
    while let Some((watch, running)) = watchers.pop_front() {
        let touched = watch.touch(context, &main, || running.is_finished());
        let name = running.name().to_owned();
        main.say(format_args!("stops {name}"));
        let stopping = Instant::now();
        context.timeline.mark(&name, "stop");
        stop(watch.file);
        let looks_at_stop = watch.looks();
        let ended = context.timeline.span("main", "join", || running.join())?;
        let took = stopping.elapsed();
        context.timeline.joined("main", &name);
        touched.and(ended)?;
        looks.push(watch.looks());
        late.push(watch.looks() - looks_at_stop);
        main.say(format_args!(
            "{name} ended {:.3} s after the stop; {} late looks",
            took.as_secs_f64(),
            late[late.len() - 1],
        ));
        longest = longest.max(took);
    }
    main.say("Main program done!!");
    Ok(Outcome {
        what: what.to_owned(),
        time: longest,
        baseline: Some(Baseline {
            what: "the interval",
            time: interval,
            // The stop comes when the watcher has just fallen asleep, and nobody can wake it.
            ideal: 1.0,
        }),
        details: json!({
            "looks": looks,
            "looks_after_stop": late,
            "interval": interval.as_secs_f64(),
        }),
    })
}
