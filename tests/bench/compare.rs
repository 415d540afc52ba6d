//! Section 11: the same counting four ways, against what so many cores could do at best.

use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use threadproof::compare::{self, Count, Way};
use threadproof::{Work, WorkerProgram};

use crate::harness::{Group, timed};
use crate::machine::{cores, locked};
use crate::python::Python;

const JOBS: usize = 15;

pub(crate) fn run(group: &mut Group) {
    group.version("rayon", locked("rayon").unwrap_or_default());
    let python = Python::start(group, "bench_compare.py");
    let power = if group.is_quick { 7 } else { 8 };
    let workers = NonZeroUsize::new(cores()).unwrap_or(NonZeroUsize::MIN);
    let program = WorkerProgram::current().expect("the bench's own program");
    let way = |way| {
        let program = &program;
        move || {
            let run = compare::run(way, JOBS, power, workers, program);
            run.expect("counting does not fail").elapsed.as_secs_f64()
        }
    };
    // The last jobs leave a core without work unless they can be shared out evenly.
    let rounds_of_jobs = JOBS.div_ceil(workers.get());
    let share = rounds_of_jobs as f64 / JOBS as f64;
    let sequential = way(Way::Sequential);
    group
        .case(format!("15 × 10^{power} steps"), Duration::from_secs(24))
        .ours("threads", way(Way::Threads))
        .ours("rayon", way(Way::Rayon))
        .ours("processes", way(Way::Processes))
        .peer(
            &format!("sequential × {rounds_of_jobs}/{JOBS}"),
            None,
            move || sequential() * share,
        )
        .peer("std threads, a fixed share each", None, || {
            timed(|| shared_out(workers.get(), power))
        })
        .run();
    let mut ratios = |name: &str, call: &str| {
        let case = group.case("Python: 15 × 10^5 steps", Duration::from_secs(5));
        let python = &python;
        if python.is_there() {
            case.ours(name, move || {
                python.seconds(&format!("{call} {JOBS} 100000 {workers}"))
            })
            .peer("Python, sequential", None, move || {
                python.seconds(&format!("sequential {JOBS} 100000 {workers}"))
            })
            .run();
        }
    };
    ratios("Python, threads", "threads");
    ratios("Python, processes", "processes");
}

/// What the machine gives to as many threads at once: each takes every so many-th job, and no more.
fn shared_out(workers: usize, power: u32) -> u64 {
    let share = |first| {
        move || {
            (first..JOBS)
                .step_by(workers)
                .map(|_| Count { power }.run())
                .sum::<u64>()
        }
    };
    let threads: Vec<_> = (0..workers)
        .map(|first| thread::spawn(share(first)))
        .collect();
    let counts = threads.into_iter().map(|thread| thread.join());
    counts
        .map(|count| count.expect("counting does not panic"))
        .sum()
}
