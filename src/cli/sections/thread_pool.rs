//! §8: four watchers on three workers; the fourth waits until one of the first has ended.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use threadproof::{Event, ThreadPool, Wait};

use super::context::{Baseline, Context, LOOK, Outcome};
use super::watchers::Watch;
use crate::cli::failure::Failure;
use crate::cli::print::{Lane, Mode, Story};

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

/// What the job gives: the output that the notebook throws away, and when it ran.
#[derive(Debug)]
struct Hello {
    lane: Lane,
    began: Duration,
    ended: Duration,
    worker: String,
}

pub(crate) fn run(context: &Context) -> Result<Outcome, Failure> {
    let workers = context.workers(3);
    // ANCHOR: run
    let pool = ThreadPool::new(workers).map_err(|error| Failure::io("a thread", error))?;
    let begin = Instant::now();
    let mut main = context.main_lane(begin);
    let jobs = jobs(context, begin)?;
    let touching = touch_each(context, &jobs)?;
    let hellos = context.interruptible(
        || {
            pool.cancel_queued();
        },
        || pool.map(jobs, hello),
    );
    let time = begin.elapsed();
    // ANCHOR_END: run
    touching.join()??;
    let mut spans = Vec::new();
    for hello in hellos? {
        let hello = hello??;
        context.story.tell(hello.lane);
        spans.push((hello.began, hello.ended, hello.worker));
    }
    if let Some(wait) = fourth_waited(&spans, workers) {
        main.say(wait);
    }
    main.say("Main program done!!");
    main.flush();
    let one_by_one = sequential(context)?;
    let rounds = FILES.len().div_ceil(workers.get()) as f64;
    let ideal = rounds / FILES.len() as f64;
    let spans: Vec<_> = spans
        .iter()
        .map(|(began, ended, worker)| {
            json!({ "worker": worker, "began": began.as_secs_f64(), "ended": ended.as_secs_f64() })
        })
        .collect();
    Ok(Outcome {
        what: format!("{} watchers on {workers} workers", FILES.len()),
        time,
        baseline: Some(Baseline {
            what: "one after the other",
            time: one_by_one,
            ideal,
        }),
        details: json!({ "workers": workers, "jobs": spans }),
    })
}

/// The job: looks at its file a few times.
fn hello(job: Job) -> Result<Hello, Failure> {
    let worker = std::thread::current().name().unwrap_or("main").to_owned();
    let began = job.begin.elapsed();
    let mut lane = job.story.lane(&*worker, job.begin);
    lane.say(format!("Hello {}", job.number));
    let watched = job.watch.timeline.span(&worker, job.watch.file, || {
        let mut watcher = job.watch.begin(&mut lane)?;
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
            job.watch.look(&mut watcher, &mut lane)?;
        }
        Ok(())
    });
    watched?;
    let ended = job.begin.elapsed();
    Ok(Hello {
        lane,
        began,
        ended,
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

/// Touches each file as soon as its watcher has looked, so that there is something to report.
fn touch_each(
    context: &Context,
    jobs: &[Job],
) -> Result<threadproof::Running<Result<(), Failure>>, Failure> {
    let watches: Vec<Watch> = jobs.iter().map(|job| job.watch.clone()).collect();
    let program_stops = context.stop;
    let touching = threadproof::start("toucher", move || {
        for watch in watches {
            while watch.begun.wait_timeout(LOOK) == Wait::TimedOut {
                if program_stops.is_set() {
                    return Ok(());
                }
            }
            watch.change()?;
        }
        Ok(())
    });
    touching.map_err(|error| Failure::io("a thread", error))
}

/// Whether the first job beyond the number of workers began after the end of an earlier one.
fn fourth_waited(spans: &[(Duration, Duration, String)], workers: NonZeroUsize) -> Option<String> {
    let (began, _, worker) = spans.get(workers.get())?;
    let mut earlier = (1..).zip(&spans[..workers.get()]);
    let (number, (_, ended, _)) = earlier.find(|(_, (_, _, of))| of == worker)?;
    let gap = began.checked_sub(*ended)?.as_secs_f64();
    let next = workers.get() + 1;
    Some(format!(
        "Hello {next} began {gap:.3} s after Hello {number} had ended, on its {worker}"
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
