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

    /// Begins to watch, and says so.
    pub(crate) fn begin(&self, lane: &mut Lane) -> Result<Watcher, Failure> {
        lane.say(format!("Watching {}", self.file));
        let watcher = Watcher::new(&self.path).map_err(Failure::at(&self.path))?;
        self.count_look();
        self.begun.set();
        Ok(watcher)
    }

    /// Looks once; says and notes a change.
    pub(crate) fn look(&self, watcher: &mut Watcher, lane: &mut Lane) -> Result<(), Failure> {
        let change = watcher.look().map_err(Failure::at(&self.path))?;
        self.count_look();
        if let Some(change) = change {
            self.report(change, lane);
        }
        Ok(())
    }

    fn count_look(&self) {
        // ORDERING: Relaxed, only a count. In §7 the lock of the flags orders looks and stop.
        self.looks.fetch_add(1, Ordering::Relaxed);
    }

    fn looks(&self) -> u64 {
        // ORDERING: Relaxed, as above.
        self.looks.load(Ordering::Relaxed)
    }

    pub(crate) fn report(&self, change: Change, lane: &mut Lane) {
        let what = match change {
            Change::Created => "created",
            Change::Modified => "modified",
            Change::Replaced => "replaced",
            Change::Removed => "removed",
            _ => "changed",
        };
        lane.say(format!("{} was {what}", self.file));
        self.reported.set();
    }

    /// Touches the file once its watcher has looked, and waits until it has reported that. A watcher
    /// that has ended by then met with an error, which whoever joins it gets.
    pub(crate) fn touch(
        &self,
        context: &Context,
        has_ended: impl Fn() -> bool,
    ) -> Result<(), Failure> {
        let wait = |event: &Event| {
            context.wait_until(|| event.wait_timeout(LOOK) == Wait::Set || has_ended())
        };
        wait(&self.begun)?;
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
    watch_until_stopped: impl Fn(&Watch, Duration, &Event, &mut Lane) -> Result<(), Failure>
    + Clone
    + Send
    + 'static,
    stop: impl Fn(&'static str),
) -> Result<Outcome, Failure> {
    let interval = context.options.interval;
    let begin = Instant::now();
    let mut main = context.main_lane(begin);
    let mut watchers = VecDeque::new();
    // Declared after `watchers`, so that it stops them before they are joined, however we leave.
    let _stop_all = OnDrop(|| FILES.iter().for_each(|file| stop(file)));
    for (number, file) in (1..).zip(FILES) {
        let watch = Watch::new(context, file)?;
        let name = format!("watcher-{number}");
        let mut lane = context.story.lane(&*name, begin);
        let (of_thread, program_stops) = (watch.clone(), context.stop);
        let (lane_name, watch_until_stopped) = (name.clone(), watch_until_stopped.clone());
        let running = start(&name, move || {
            let ended = of_thread.timeline.span(&lane_name, file, || {
                watch_until_stopped(&of_thread, interval, program_stops, &mut lane)
            });
            (lane, ended)
        });
        watchers.push_back((
            watch,
            running.map_err(|error| Failure::io("a thread", error))?,
        ));
    }
    let (mut longest, mut looks, mut late) = (Duration::ZERO, Vec::new(), Vec::new());
    while let Some((watch, running)) = watchers.pop_front() {
        let touched = watch.touch(context, || running.is_finished());
        let stopping = Instant::now();
        stop(watch.file);
        let looks_at_stop = watch.looks();
        let (mut lane, ended) = running.join()?;
        let took = stopping.elapsed();
        touched.and(ended)?;
        looks.push(watch.looks());
        late.push(watch.looks() - looks_at_stop);
        lane.say(format!(
            "stopped {:.3} s after the stop; {} looks, {} of them after it",
            took.as_secs_f64(),
            looks[looks.len() - 1],
            late[late.len() - 1],
        ));
        context.story.tell(lane);
        longest = longest.max(took);
    }
    main.say("Main program done!!");
    main.flush();
    Ok(Outcome {
        what: what.to_owned(),
        time: longest,
        baseline: Some(Baseline {
            what: "the interval",
            time: interval,
            ideal: 0.0,
        }),
        details: json!({
            "looks": looks,
            "looks_after_stop": late,
            "interval": interval.as_secs_f64(),
        }),
    })
}
