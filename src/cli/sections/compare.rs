//! §11: the same CPU-bound work sequentially, on threads, with rayon and in processes.

use std::time::Instant;

use serde_json::json;
use threadproof::compare::{Comparison, Run, Way, run as run_way};
use threadproof::start;

use super::context::{Baseline, Context, LOOK, Outcome};
use crate::cli::failure::Failure;
use crate::cli::options::Only;

pub(crate) fn run(context: &Context) -> Result<Outcome, Failure> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (jobs, power) = (context.options.jobs.get(), context.options.power);
    let workers = context.workers(cores);
    let begin = Instant::now();
    let mut main = context.main_lane(begin);
    main.say(format!(
        "{jobs} jobs of 10^{power} steps, {workers} workers, {cores} cores"
    ));
    main.flush();
    let mut comparison = Comparison {
        jobs,
        power,
        workers,
        runs: Vec::new(),
    };
    for way in ways(context.options.only) {
        let began = context.timeline.elapsed();
        let run = run_apart(context, way, &comparison)?;
        context
            .timeline
            .record(&way.to_string(), "", began, context.timeline.elapsed());
        let factor = speed_up(comparison.of(Way::Sequential), &run);
        main.say(format!(
            "{way:<10} {:>8.3} s{factor}",
            run.elapsed.as_secs_f64()
        ));
        main.flush();
        comparison.runs.push(run);
    }
    if let Some(steps) = comparison.steps_per_second() {
        main.say(format!(
            "one core takes {:.2} billion steps a second",
            steps / 1e9
        ));
    }
    let verdict = comparison.verdict();
    if let Some(verdict) = &verdict {
        main.say(verdict);
    }
    main.say("Main program done!!");
    main.flush();
    Ok(outcome(&comparison, verdict, cores))
}

fn ways(only: Option<Only>) -> Vec<Way> {
    match only {
        None => Way::ALL.to_vec(),
        Some(Only::Sequential) => vec![Way::Sequential],
        Some(Only::Threads) => vec![Way::Threads],
        Some(Only::Rayon) => vec![Way::Rayon],
        Some(Only::Processes) => vec![Way::Processes],
    }
}

/// Runs one way on a thread of its own: counting does not look up, so an interrupt leaves it behind.
fn run_apart(context: &Context, way: Way, of: &Comparison) -> Result<Run, Failure> {
    let (jobs, power, workers) = (of.jobs, of.power, of.workers);
    let program = context.program.clone();
    let body = move || run_way(way, jobs, power, workers, &program);
    let mut running = start("compare", body).map_err(|error| Failure::io("a thread", error))?;
    loop {
        running = match running.join_timeout(LOOK) {
            Ok(run) => return Ok(run??),
            Err(running) => running,
        };
        if context.stop.is_set() {
            running.detach();
            return Err(Failure::Interrupted);
        }
    }
}

fn speed_up(sequential: Option<&Run>, run: &Run) -> String {
    sequential.map_or(String::new(), |sequential| {
        let factor = sequential.elapsed.as_secs_f64() / run.elapsed.as_secs_f64().max(1e-9);
        format!("  {factor:>5.2} × as fast as sequential")
    })
}

fn outcome(comparison: &Comparison, verdict: Option<String>, cores: usize) -> Outcome {
    let jobs = comparison.jobs;
    let time_of = |way| comparison.of(way).map(|run| run.elapsed);
    let at_once = comparison.workers.get().min(cores);
    let baseline = time_of(Way::Sequential).map(|time| {
        let ideal = jobs.div_ceil(at_once) as f64 / jobs as f64;
        Baseline {
            what: "sequential",
            time,
            ideal,
        }
    });
    let threads = time_of(Way::Threads);
    let first = comparison
        .runs
        .first()
        .map(|run| run.elapsed)
        .unwrap_or_default();
    let what = verdict.clone().unwrap_or_else(|| {
        let ways: Vec<_> = comparison
            .runs
            .iter()
            .map(|run| run.way.to_string())
            .collect();
        format!("{jobs} jobs, {}", ways.join(", "))
    });
    let ways: serde_json::Map<_, _> = comparison
        .runs
        .iter()
        .map(|run| (run.way.to_string(), json!(run.elapsed.as_secs_f64())))
        .collect();
    Outcome {
        what,
        time: threads.unwrap_or(first),
        baseline: baseline.filter(|_| threads.is_some()),
        details: json!({
            "jobs": jobs,
            "power": comparison.power,
            "workers": comparison.workers,
            "seconds": ways,
            "steps_per_second": comparison.steps_per_second(),
            "verdict": verdict,
        }),
    }
}
