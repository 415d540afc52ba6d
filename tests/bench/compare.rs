//! Section 11: the same counting four ways, against what so many cores could do at best.

use std::num::NonZeroUsize;
use std::time::Duration;

use threadproof::WorkerProgram;
use threadproof::compare::{self, Way};

use crate::harness::Group;
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
    for (name, ours, goal) in [
        ("threads", Way::Threads, Some(1.05)),
        ("rayon", Way::Rayon, None),
        ("processes", Way::Processes, Some(1.10)),
    ] {
        let sequential = way(Way::Sequential);
        group
            .case(format!("15 × 10^{power} steps"), Duration::from_secs(10))
            .ours(name, way(ours))
            .peer(
                &format!("sequential × {rounds_of_jobs}/{JOBS}"),
                goal,
                move || sequential() * share,
            )
            .run();
    }
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
