#![doc = include_str!("process_pool/README.md")]

mod builder;
mod map;
mod queue;
mod supervisor;

use std::collections::BTreeMap;
use std::thread::JoinHandle;

pub use self::builder::ProcessPoolBuilder;
use self::map::{Block, Map, Outcome};
use self::queue::Shared;
use crate::process::{ProcessError, Work, WorkerProgram};
use crate::sync::Arc;
use crate::thread_pool::{PoolReport, Shutdown};

/// A fixed number of worker processes that run jobs; see the module for the protocol.
///
/// Needs the feature `processes`.
///
/// Dropping the pool kills and reaps its workers; [`shutdown`](Self::shutdown) lets them end.
///
/// # Differences from Python
/// [`multiprocessing.Pool`](https://docs.python.org/3/library/multiprocessing.html#multiprocessing.pool.Pool)
/// hangs for ever when a worker is killed and
/// [`ProcessPoolExecutor`](https://docs.python.org/3/library/concurrent.futures.html#processpoolexecutor)
/// fails every job; here a death costs the one job that ran. A started job is never run again.
///
/// # Examples
/// ```no_run
/// # use serde::{Deserialize, Serialize};
/// use threadproof::{ProcessPool, Work, WorkTable, WorkerProgram, run_if_worker};
/// # #[derive(Serialize, Deserialize)]
/// # struct Square(i64);
/// # impl Work for Square {
/// #     type Output = i64;
/// #     const NAME: &'static str = "square";
/// #     fn run(self) -> i64 { self.0 * self.0 }
/// # }
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     run_if_worker(&WorkTable::new().with::<Square>());
///     let pool = ProcessPool::builder(WorkerProgram::current()?).workers(3).build()?;
///     let squares: Result<Vec<i64>, _> = pool.map((1..=5).map(Square)).into_iter().collect();
///     assert_eq!(squares?, [1, 4, 9, 16, 25]);
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct ProcessPool {
    shared: Arc<Shared>,
    supervisors: Vec<JoinHandle<PoolReport>>,
}

impl ProcessPool {
    /// Begins a pool whose workers run `program`.
    pub fn builder(program: WorkerProgram) -> ProcessPoolBuilder {
        ProcessPoolBuilder::new(program)
    }

    /// Runs every input in some worker; gives one outcome an input, in the inputs' order.
    ///
    /// Inputs are encoded and outputs decoded on the calling thread, so neither need be `Send`.
    /// Jobs travel in chunks while they are tiny; each job's outcome is its own all the same.
    ///
    /// # Blocking
    /// Until every input has its outcome.
    ///
    /// # Errors
    /// Each on its own: see [`ProcessError`]. After [`kill`](Self::kill) the rest are
    /// [`ProcessError::Cancelled`].
    // ANCHOR: map
    pub fn map<W: Work>(
        &self,
        inputs: impl IntoIterator<Item = W>,
    ) -> Vec<Result<W::Output, ProcessError>> {
        let inputs = inputs.into_iter();
        let expected = inputs.size_hint().0;
        let map = Arc::new(Map::new(W::NAME));
        let mut block = Block::new(&map, 0);
        for input in inputs {
            if let Err(error) = block.push(&input) {
                map.deliver(block.end(), Outcome::Failed(error));
                let next = Block::new(&map, block.end() + 1);
                self.shared.push(std::mem::replace(&mut block, next));
            } else if block.is_full() {
                let next = Block::new(&map, block.end());
                self.shared.push(std::mem::replace(&mut block, next));
            }
        }
        let jobs = block.end();
        self.shared.push(block);
        let mut early = BTreeMap::new();
        let mut outputs = Vec::with_capacity(expected);
        while outputs.len() < jobs {
            for (first, outcome) in map.take_outcomes() {
                let before = early.insert(first, outcome);
                debug_assert!(before.is_none(), "job {first} ended twice");
            }
            while let Some(outcome) = early.remove(&outputs.len()) {
                outcome.decode_onto(&mut outputs);
            }
        }
        outputs
    }
    // ANCHOR_END: map

    /// The process numbers of the workers that live now, in ascending order.
    pub fn pids(&self) -> Vec<u32> {
        self.shared.state.lock().live.keys().copied().collect()
    }

    /// Kills every worker, from any thread; what has not ended becomes [`ProcessError::Cancelled`].
    ///
    /// The pool stays without workers. Never blocks for longer than the kills take.
    pub fn kill(&self) {
        self.shared.kill();
    }

    /// Ends the pool, accounts for every job, and reaps every worker.
    ///
    /// # Blocking
    /// Until the jobs that run (and with [`Shutdown::Drain`] those that are queued) have ended.
    pub fn shutdown(mut self, how: Shutdown) -> PoolReport {
        let cancelled = self.shared.close(how);
        let mut report = self.join_supervisors();
        report.cancelled += cancelled;
        report
    }

    fn join_supervisors(&mut self) -> PoolReport {
        let mut report = PoolReport::default();
        for supervisor in self.supervisors.drain(..) {
            let one = supervisor
                .join()
                .expect("a supervisor runs no caller's code");
            report.completed += one.completed;
            report.cancelled += one.cancelled;
            report.panicked += one.panicked;
            report.crashed += one.crashed;
            report.timed_out += one.timed_out;
        }
        report
    }
}

impl Drop for ProcessPool {
    fn drop(&mut self) {
        if !self.supervisors.is_empty() {
            self.shared.kill();
            self.join_supervisors();
        }
    }
}
