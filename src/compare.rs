//! The same CPU-bound work four ways: one after the other, on threads, with rayon, in processes.
//!
//! ```text
//!   sequential  ████████████████                 1 ×
//!   threads     ████████                         up to the number of cores
//!   rayon       ████████
//!   processes   █████████                        the same, and what starting them costs
//! ```
//!
//! In Python with its interpreter lock, which lets one thread run at a time, the threads would be as slow
//! as the loop. Here they run in parallel, so the notebook's lesson turns round.
//!
//! One run of each may tell more of the machine's other work than of the ways. So there are several
//! rounds. Each runs every way once, and begins with the next way:
//!
//! ```text
//!   1st round   sequential  threads     rayon       processes
//!   2nd round   threads     rayon       processes   sequential
//!   3rd round   rayon       processes   sequential  threads
//! ```
//!
//! Needs the feature `program`.

mod spread;

use std::fmt;
use std::hint::black_box;
use std::io;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

pub use self::spread::{Spread, verdict};
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
    /// All of them, in the order in which the first round runs them.
    pub const ALL: [Self; 4] = [
        Self::Sequential,
        Self::Threads,
        Self::Rayon,
        Self::Processes,
    ];

    /// The order in which a round runs them; the first round is number 0.
    ///
    /// Each round begins with the next way. So what else the machine does, be it at intervals or all
    /// the time from some moment on, does not always meet the same way.
    ///
    /// # Examples
    /// ```
    /// use threadproof::compare::Way;
    /// assert_eq!(Way::in_round(0), Way::ALL);
    /// assert_eq!(Way::in_round(3)[..2], [Way::Processes, Way::Sequential]);
    /// ```
    // ANCHOR: in_round
    pub fn in_round(round: usize) -> [Self; 4] {
        let mut ways = Self::ALL;
        ways.rotate_left(round % Self::ALL.len());
        ways
    }
    // ANCHOR_END: in_round
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

/// How long one way took, what starts its workers included, and what it gave. Our pools are joined;
/// rayon's threads end a little later, uncounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Which way.
    pub way: Way,
    /// From before the first worker was started until the pool was dropped.
    pub elapsed: Duration,
    /// One count per job, in order.
    pub counts: Vec<u64>,
}

/// How many rounds a comparison has.
pub const ROUNDS: usize = 9;

/// The same jobs, run in several ways one after the other, in several rounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// How many jobs each run has.
    pub jobs: usize,
    /// Each job takes 10 to this power steps.
    pub power: u32,
    /// How many workers the parallel ways had.
    pub workers: NonZeroUsize,
    /// The runs of all rounds, in the order in which they ran.
    pub runs: Vec<Run>,
}

/// Runs `jobs` counts of 10^`power` steps in all four ways, in [`ROUNDS`] rounds of which each
/// [begins with the next way](Way::in_round): 36 runs.
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
    let runs = (0..ROUNDS)
        .flat_map(Way::in_round)
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
        Way::Threads => {
            on_threads(inputs, workers).map_err(|error| ProcessError::Start(error.into()))?
        }
        Way::Rayon => {
            with_rayon(inputs, workers).map_err(|error| ProcessError::Start(error.into()))?
        }
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
    /// This way's run of median time, if it ran; of an even number the faster of the two in the
    /// middle.
    pub fn of(&self, way: Way) -> Option<&Run> {
        let mut runs: Vec<&Run> = self.runs.iter().filter(|run| run.way == way).collect();
        runs.sort_by_key(|run| run.elapsed);
        runs.get(runs.len().checked_sub(1)? / 2).copied()
    }

    /// How long this way took in each round, in the order of the rounds.
    pub fn times(&self, way: Way) -> Vec<Duration> {
        let runs = self.runs.iter().filter(|run| run.way == way);
        runs.map(|run| run.elapsed).collect()
    }

    /// This way's median, and from where to where its rounds reach; `None` if it did not run.
    pub fn spread(&self, way: Way) -> Option<Spread> {
        Spread::of(&self.times(way))
    }

    /// Steps a second on one core, from the median of the sequential runs.
    pub fn steps_per_second(&self) -> Option<f64> {
        let steps = self.jobs as f64 * 10f64.powi(self.power as i32);
        Some(steps / self.of(Way::Sequential)?.elapsed.as_secs_f64())
    }

    /// Threads against processes in one sentence, see [`verdict`]; `None` unless both ran.
    pub fn verdict(&self) -> Option<String> {
        let [threads, processes] = [Way::Threads, Way::Processes].map(|way| self.spread(way));
        Some(verdict(("threads", threads?), ("processes", processes?)))
    }
}
