//! The same CPU-bound work four ways: one after the other, on threads, with rayon, in processes.
//!
//! ```text
//!   sequential  ████████████████                 1 ×
//!   threads     ████████                         up to the number of cores
//!   rayon       ████████
//!   processes   █████████                        the same, and what starting them costs
//! ```
//!
//! In Python the threads would be as slow as the loop: one interpreter lock lets one thread run at a
//! time. Here they run in parallel, so the notebook's lesson turns round.
//!
//! Needs the feature `program`, and Unix.

use std::fmt;
use std::hint::black_box;
use std::io;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::process::WorkerProgram;
use crate::process::{ProcessError, Work};
use crate::process_pool::ProcessPool;
use crate::thread_pool::ThreadPool;

/// Counts to 10 to the power of `power`, one step at a time; gives the count.
///
/// # Examples
/// ```
/// use threadproof::Work;
/// use threadproof::compare::Count;
/// assert_eq!(Count { power: 3 }.run(), 1000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// How many zeros the number of steps has; 19 at most.
    pub power: u32,
}

impl Work for Count {
    type Output = u64;
    const NAME: &'static str = "threadproof::count";

    // ANCHOR: count
    fn run(self) -> u64 {
        let (steps, mut count) = (10u64.pow(self.power), 0);
        // `for` over a range takes ten nanoseconds a step where nothing is optimised, this loop two;
        // with `--release` both take a quarter of one.
        while count < steps {
            // Without this the compiler sees through the loop and there is nothing to measure.
            black_box(count);
            count += 1;
        }
        count
    }
    // ANCHOR_END: count
}

/// One of the ways to run the same jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// A loop.
    Sequential,
    /// A [`ThreadPool`].
    Threads,
    /// rayon's parallel iterator.
    Rayon,
    /// A [`ProcessPool`].
    Processes,
}

impl Way {
    /// All of them, in the order in which they run.
    pub const ALL: [Self; 4] = [
        Self::Sequential,
        Self::Threads,
        Self::Rayon,
        Self::Processes,
    ];
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Sequential => "sequential",
            Self::Threads => "threads",
            Self::Rayon => "rayon",
            Self::Processes => "processes",
        })
    }
}

/// How long one way took, pools started and ended included, and what it gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Which way.
    pub way: Way,
    /// From before the first worker was started to after the last had ended.
    pub elapsed: Duration,
    /// One count a job, in order.
    pub counts: Vec<u64>,
}

/// The same jobs, run in several ways one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// How many jobs.
    pub jobs: usize,
    /// Each job takes 10 to this power steps.
    pub power: u32,
    /// How many workers the parallel ways had.
    pub workers: NonZeroUsize,
    /// The runs, in the order in which they ran.
    pub runs: Vec<Run>,
}

/// Runs `jobs` counts of 10^`power` steps in all four ways.
///
/// Needs the feature `program`.
///
/// # Errors
/// Those of the process pool, and [`ProcessError::Start`] if threads cannot be started.
///
/// # Panics
/// If `power` is more than 19: the number of steps would not fit.
pub fn compare(
    jobs: usize,
    power: u32,
    workers: NonZeroUsize,
    program: &WorkerProgram,
) -> Result<Comparison, ProcessError> {
    let runs = Way::ALL
        .into_iter()
        .map(|way| run(way, jobs, power, workers, program));
    let runs = runs.collect::<Result<_, _>>()?;
    Ok(Comparison {
        jobs,
        power,
        workers,
        runs,
    })
}

/// Runs the jobs in one way.
///
/// # Errors
/// As [`compare`].
///
/// # Panics
/// As [`compare`].
pub fn run(
    way: Way,
    jobs: usize,
    power: u32,
    workers: NonZeroUsize,
    program: &WorkerProgram,
) -> Result<Run, ProcessError> {
    assert!(power <= 19, "10^{power} steps do not fit into 64 bits");
    let inputs = vec![Count { power }; jobs];
    let start = Instant::now();
    let counts = match way {
        Way::Sequential => inputs.into_iter().map(Work::run).collect(),
        Way::Threads => on_threads(inputs, workers).map_err(ProcessError::Start)?,
        Way::Rayon => with_rayon(inputs, workers).map_err(ProcessError::Start)?,
        Way::Processes => in_processes(inputs, workers, program)?,
    };
    let elapsed = start.elapsed();
    Ok(Run {
        way,
        elapsed,
        counts,
    })
}

// ANCHOR: ways
fn on_threads(inputs: Vec<Count>, workers: NonZeroUsize) -> io::Result<Vec<u64>> {
    let counts = ThreadPool::new(workers)?.map(inputs, Work::run);
    Ok(counts
        .into_iter()
        .map(|count| count.expect("counting does not panic"))
        .collect())
}

fn with_rayon(inputs: Vec<Count>, workers: NonZeroUsize) -> io::Result<Vec<u64>> {
    use rayon::prelude::*;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(workers.get())
        .build();
    let pool = pool.map_err(io::Error::other)?;
    Ok(pool.install(|| inputs.into_par_iter().map(Work::run).collect()))
}

fn in_processes(
    inputs: Vec<Count>,
    workers: NonZeroUsize,
    program: &WorkerProgram,
) -> Result<Vec<u64>, ProcessError> {
    let pool = ProcessPool::builder(program.clone())
        .workers(workers.get())
        .build()?;
    pool.map(inputs).into_iter().collect()
}
// ANCHOR_END: ways

impl Comparison {
    /// The run of this way, if it ran.
    pub fn of(&self, way: Way) -> Option<&Run> {
        self.runs.iter().find(|run| run.way == way)
    }

    /// Steps a second on one core, from the sequential run.
    pub fn steps_per_second(&self) -> Option<f64> {
        let steps = self.jobs as f64 * 10f64.powi(self.power as i32);
        Some(steps / self.of(Way::Sequential)?.elapsed.as_secs_f64())
    }

    /// Threads against processes in one sentence, from this one run.
    pub fn verdict(&self) -> Option<String> {
        let threads = self.of(Way::Threads)?.elapsed;
        let processes = self.of(Way::Processes)?.elapsed;
        Some(verdict(("threads", threads), ("processes", processes)))
    }
}

/// Who was faster and by what factor; "about the same" when they are within 5 %.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use threadproof::compare::verdict;
///
/// let (one, two) = (Duration::from_secs(1), Duration::from_secs(2));
/// let words = verdict(("threads", one), ("processes", two));
/// assert_eq!(words, "threads were 2.00 × as fast as processes");
/// ```
// ANCHOR: verdict
pub fn verdict(a: (&str, Duration), b: (&str, Duration)) -> String {
    let (fast, slow) = if a.1 <= b.1 { (a, b) } else { (b, a) };
    // A clock too coarse to see the fast one gives the largest factor and no division by zero.
    let factor = slow.1.as_secs_f64() / fast.1.as_secs_f64().max(1e-9);
    if fast.1 == slow.1 || factor <= 1.05 {
        return format!("{} and {} took about the same time", a.0, b.0);
    }
    format!("{} were {factor:.2} × as fast as {}", fast.0, slow.0)
}
// ANCHOR_END: verdict
