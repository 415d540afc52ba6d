//! §8: four watchers on three workers; the fourth waits until one of the first has ended.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use threadproof::{Event, ThreadPool, Wait};

use super::context::{Baseline, Context, LOOK, OnDrop, Outcome};
use super::watchers::Watch;
use crate::cli::failure::Failure;
use crate::cli::print::{Mode, Story};

const FILES: [&str; 4] = ["a.txt", "b.txt", "c.txt", "d.txt"];

/// One watcher as a job, from its begin to its end.
#[derive(Debug)]
struct Job {
    number: usize,
    watch: Watch,
    polls: u32,
    interval: Duration,
    begin: Instant,
    story: Arc<Story>,
    program_stops: &'static Event,
}

/// What the job gives: the greeting that the notebook throws away, and when it ran.
#[derive(Debug)]
struct Hello {
    greeting: String,
    began: Duration,
    ended: Duration,
    worker: String,
}

pub(crate) fn run(context: &Context) -> Result<Outcome, Failure> {
    let workers = context.workers(3);
    // ANCHOR: run
    let pool =
        ThreadPool::new(workers).map_err(|error| Failure::io("cannot start a thread", error))?;
    let begin = Instant::now();
    let main = context.main_lane(begin);
    let jobs = jobs(context, begin)?;
    let over = Arc::new(Event::new());
    let touching = touch_each(context, &jobs, over.clone())?;
    let hellos = context.interruptible(
        || {
            pool.cancel_queued();
        },
        || pool.map(jobs, hello),
    );
    let time = begin.elapsed();
    // A job that has not begun, or could not, does so no more.
    over.set();
    touching.join()??;
    let mut outputs = Vec::new();
    for hello in hellos? {
        outputs.push(hello??);
    }
    for hello in &outputs {
        main.say(&hello.greeting);
    }
    // ANCHOR_END: run
    if let Some(wait) = fourth_waited(&outputs, workers) {
        main.say(wait);
    }
    main.say("Main program done!!");
    let one_by_one = sequential(context)?;
    let rounds = FILES.len().div_ceil(workers.get()) as f64;
    let ideal = rounds / FILES.len() as f64;
    let in_json = |hello: &Hello| {
        let [began, ended] = [hello.began, hello.ended].map(|time| time.as_secs_f64());
        let (worker, output) = (&hello.worker, &hello.greeting);
        json!({ "worker": worker, "began": began, "ended": ended, "output": output })
    };
    let jobs: Vec<_> = outputs.iter().map(in_json).collect();
    Ok(Outcome {
        what: format!("{} watchers on {workers} workers", FILES.len()),
        time,
        baseline: Some(Baseline {
            what: "one after the other",
            time: one_by_one,
            ideal,
        }),
        details: json!({ "workers": workers, "jobs": jobs }),
    })
}

/// The job: looks at its file a few times, and gives a greeting.
fn hello(job: Job) -> Result<Hello, Failure> {
    let worker = std::thread::current().name().unwrap_or("main").to_owned();
    let began = job.begin.elapsed();
    let lane = job.story.lane(&*worker, job.begin);
    let watched = job.watch.timeline.span(&worker, job.watch.file, || {
        let mut watcher = None;
        job.watch.look(&mut watcher, &lane)?;
        for look in 1..job.polls {
            if job.program_stops.wait_timeout(job.interval) == Wait::Set {
                return Err(Failure::Interrupted);
            }
            // On a busy machine the toucher may be late: the last look comes after it.
            while look + 1 == job.polls && job.watch.changed.wait_timeout(LOOK) == Wait::TimedOut {
                if job.program_stops.is_set() {
                    return Err(Failure::Interrupted);
                }
            }
            job.watch.look(&mut watcher, &lane)?;
        }
        job.watch.end(&lane);
        Ok(())
    });
    watched?;
    Ok(Hello {
        greeting: format!("Hello {}", job.number),
        began,
        ended: job.begin.elapsed(),
        worker,
    })
}

fn jobs(context: &Context, begin: Instant) -> Result<Vec<Job>, Failure> {
    let job = |(number, file)| {
        Ok(Job {
            number,
            watch: Watch::new(context, file)?,
            polls: context.options.polls,
            interval: context.options.interval,
            begin,
            story: context.story.clone(),
            program_stops: context.stop,
        })
    };
    (1..).zip(FILES).map(job).collect()
}

/// Touches each file as soon as its watcher has looked, so that there is something to report; until
/// the jobs are `over`. If that fails, no job waits for it.
fn touch_each(
    context: &Context,
    jobs: &[Job],
    over: Arc<Event>,
) -> Result<threadproof::Running<Result<(), Failure>>, Failure> {
    let watches: Vec<Watch> = jobs.iter().map(|job| job.watch.clone()).collect();
    let program_stops = context.stop;
    let touching = threadproof::start("toucher", move || {
        let _release = OnDrop(|| {
            for watch in &watches {
                watch.changed.set();
            }
        });
        for watch in &watches {
            while watch.begun.wait_timeout(LOOK) == Wait::TimedOut {
                if program_stops.is_set() || over.is_set() {
                    return Ok(());
                }
            }
            watch.change()?;
        }
        Ok(())
    });
    touching.map_err(|error| Failure::io("cannot start a thread", error))
}

/// Whether the first job beyond the number of workers began after the end of an earlier one.
fn fourth_waited(outputs: &[Hello], workers: NonZeroUsize) -> Option<String> {
    let late = outputs.get(workers.get())?;
    let mut earlier = outputs[..workers.get()].iter();
    let before = earlier.find(|before| before.worker == late.worker)?;
    let gap = late.began.checked_sub(before.ended)?.as_secs_f64();
    let (late, before, worker) = (&late.greeting, &before.greeting, &late.worker);
    Some(format!(
        "{late} began {gap:.3} s after {before} ended, on {worker}"
    ))
}

/// How long the same jobs take in a loop, which tells nothing and draws nothing.
fn sequential(context: &Context) -> Result<Duration, Failure> {
    let begin = Instant::now();
    let silent = Story::new(Mode::Silent, None);
    for mut job in jobs(context, begin)? {
        job.story = silent.clone();
        job.watch.timeline = Arc::default();
        job.watch.change()?;
        hello(job)?;
        context.check()?;
    }
    Ok(begin.elapsed())
}
