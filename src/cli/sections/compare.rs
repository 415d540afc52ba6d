//! §11: the same CPU-bound work sequentially, on threads, with rayon and in processes.

use std::fmt::Display;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use threadproof::compare::{Comparison, ROUNDS, Run, Way, run as run_way};
use threadproof::start;

use super::context::{Baseline, Context, LOOK, Outcome};
use crate::cli::failure::Failure;
use crate::cli::options::Only;

pub(crate) fn run(context: &Context) -> Result<Outcome, Failure> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (jobs, power) = (context.options.jobs.get(), context.options.power);
    let workers = context.workers(cores);
    let ways = ways(context.options.only);
    let begin = Instant::now();
    let main = context.main_lane(begin);
    main.say(format_args!(
        "{jobs} jobs of 10^{power} steps, {workers} workers, {cores} cores"
    ));
    main.say(match ways.len() {
        1 => format!("{ROUNDS} rounds"),
        _ => format!("{ROUNDS} rounds of every way; each begins with the next"),
    });
    main.say(row("round", ways.iter().map(Way::to_string)));
    let mut comparison = Comparison {
        jobs,
        power,
        workers,
        runs: Vec::new(),
    };
    for round in 0..ROUNDS {
        let in_turn = Way::in_round(round).into_iter();
        for way in in_turn.filter(|way| ways.contains(way)) {
            let began = context.timeline.elapsed();
            let run = run_apart(context, way, &comparison)?;
            let (ended, what) = (context.timeline.elapsed(), format!("round {}", round + 1));
            context
                .timeline
                .record(&way.to_string(), &what, began, ended);
            comparison.runs.push(run);
        }
        let times = ways.iter().filter_map(|way| comparison.times(*way).pop());
        main.say(row(round + 1, times.map(seconds)));
    }
    main.say("way           median  fastest, slowest but one  speed");
    for way in &ways {
        main.say(line(&comparison, *way));
    }
    if let Some(steps) = comparison.steps_per_second() {
        main.say(format_args!(
            "one core takes {:.2} billion steps a second",
            steps / 1e9
        ));
    }
    let verdict = comparison.verdict();
    if let Some(verdict) = &verdict {
        main.say(format_args!("{verdict}{}", reason(&comparison)));
    }
    main.say("Main program done!!");
    Ok(outcome(&comparison, &ways, verdict, cores))
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
    let mut running =
        start("compare", body).map_err(|error| Failure::io("cannot start a thread", error))?;
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

fn seconds(time: Duration) -> String {
    format!("{:.4} s", time.as_secs_f64())
}

/// A row of the table of rounds: a column for each way.
fn row(first: impl Display, cells: impl Iterator<Item = String>) -> String {
    let cells: String = cells.map(|cell| format!("{cell:>12}")).collect();
    format!("{first:>5}{cells}")
}

/// All rounds of one way.
fn line(comparison: &Comparison, way: Way) -> String {
    let Some(spread) = comparison.spread(way) else {
        return way.to_string();
    };
    let [fastest, median, slowest] = [spread.fastest, spread.median, spread.slowest].map(seconds);
    let factor = match comparison.spread(Way::Sequential) {
        Some(sequential) if way != Way::Sequential => {
            let median = spread.median.as_secs_f64().max(1e-9);
            let factor = sequential.median.as_secs_f64() / median;
            format!("{factor:.2} ×")
        }
        _ => String::new(),
    };
    let line = format!("{way:<10}  {median:>8}  {fastest:>8} to {slowest:<12}  {factor}");
    line.trim_end().to_owned()
}

/// Why nobody was faster although the medians may be far apart.
fn reason(comparison: &Comparison) -> &'static str {
    let [threads, processes] = [Way::Threads, Way::Processes].map(|way| comparison.spread(way));
    let pair = threads.zip(processes);
    match pair.is_some_and(|(threads, processes)| threads.overlaps(&processes)) {
        true => ": their rounds overlap",
        false => "",
    }
}

fn outcome(
    comparison: &Comparison,
    ways: &[Way],
    verdict: Option<String>,
    cores: usize,
) -> Outcome {
    let jobs = comparison.jobs;
    let median_of = |way| comparison.spread(way).map(|spread| spread.median);
    let at_once = comparison.workers.get().min(cores);
    let baseline = median_of(Way::Sequential).map(|time| {
        let ideal = jobs.div_ceil(at_once) as f64 / jobs as f64;
        Baseline {
            what: "sequential",
            time,
            ideal,
        }
    });
    let threads = median_of(Way::Threads);
    let first = ways.first().and_then(|way| median_of(*way));
    let what = verdict.clone().unwrap_or_else(|| {
        let ways: Vec<_> = ways.iter().map(Way::to_string).collect();
        format!("{jobs} jobs, {}", ways.join(", "))
    });
    Outcome {
        what,
        time: threads.or(first).unwrap_or_default(),
        baseline: baseline.filter(|_| threads.is_some()),
        details: details(comparison, ways, verdict),
    }
}

/// Of each way the median and the spread; and each round, its runs in the order in which they ran.
fn details(comparison: &Comparison, ways: &[Way], verdict: Option<String>) -> Value {
    let (mut medians, mut spreads) = (Map::new(), Map::new());
    for way in ways {
        if let Some(spread) = comparison.spread(*way) {
            let [fastest, slowest] = [spread.fastest, spread.slowest].map(|t| t.as_secs_f64());
            medians.insert(way.to_string(), json!(spread.median.as_secs_f64()));
            spreads.insert(way.to_string(), json!([fastest, slowest]));
        }
    }
    let in_json = |run: &Run| json!({ "way": run.way, "seconds": run.elapsed.as_secs_f64() });
    let rounds = comparison.runs.chunks(ways.len());
    let rounds = rounds.map(|runs| runs.iter().map(in_json).collect::<Value>());
    json!({
        "jobs": comparison.jobs,
        "power": comparison.power,
        "workers": comparison.workers,
        "seconds": medians,
        "spread": spreads,
        "rounds": rounds.collect::<Value>(),
        "steps_per_second": comparison.steps_per_second(),
        "verdict": verdict,
    })
}
