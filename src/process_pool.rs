#![doc = include_str!("process_pool/README.md")]

mod builder;
mod crew;
mod eager;
mod job;
mod lazy;
mod map;
mod protocol;
mod turns;
mod workers;

use std::marker::PhantomData;
use std::thread::JoinHandle;
use std::time::Duration;

pub use self::builder::ProcessPoolBuilder;
use self::crew::{ALL, Pool};
pub use self::eager::TryProcessMapError;
pub use self::job::ProcessJob;
pub use self::lazy::{ProcessMapLazy, ProcessMapUnordered};
use self::map::{Block, Outcome};
use self::protocol::Event;
use self::turns::{Then, Turns};
use crate::process::{Inputs, ProcessError, Work, WorkerProgram, encode};
use crate::sync::{Arc, Deadline, Mutex};
use crate::thread_pool::{PoolReport, PoolShutDown, Shutdown};

/// A fixed number of worker processes that run jobs; see the module for the protocol.
///
/// Needs the feature `processes`.
///
/// Dropping the pool kills and reaps its workers; [`shutdown`](Self::shutdown) lets them end, for half a second. Beside the
/// callers' own threads it has one, however many workers there are; on Windows three more for each.
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
    turns: Arc<Turns<Pool>>,
    /// Drives while nobody waits.
    driver: Mutex<Option<JoinHandle<()>>>,
    max_frame: usize,
    /// The process whose pool it is: a child of it that was forked has a copy, and no threads and no workers.
    owner: u32,
}

/// What a worker of a pool is at, for whoever looks after the pool.
///
/// Needs the feature `processes`. See [`ProcessPool::workers`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerState {
    /// Its number in the pool, from 1 on; a worker that replaces another has the same.
    pub number: usize,
    /// Its process; `None` while there is none.
    pub pid: Option<u32>,
    /// How many jobs this process has answered.
    pub jobs: u64,
    /// For how long it has had what it has in hand; `None` if that is nothing.
    pub busy_for: Option<Duration>,
    /// How the process of this number before it ended; `None` if it is the first.
    pub before: Option<String>,
}

impl ProcessPool {
    /// Begins a pool whose workers run `program`.
    pub fn builder(program: WorkerProgram) -> ProcessPoolBuilder {
        ProcessPoolBuilder::new(program)
    }

    /// Runs one job and waits for it.
    ///
    /// On a pool where nobody else waits no thread is woken for it: the calling thread itself talks to
    /// the worker.
    ///
    /// # Blocking
    /// Until the job has ended.
    ///
    /// # Errors
    /// See [`ProcessError`]; [`ProcessError::Cancelled`] after a shutdown.
    ///
    /// # Differences from Python
    /// As [`Pool.apply`](https://docs.python.org/3/library/multiprocessing.html#multiprocessing.pool.Pool.apply).
    ///
    /// # Examples
    /// ```no_run
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Clone, Serialize, Deserialize)]
    /// # struct Square(i64);
    /// # impl threadproof::Work for Square {
    /// #     type Output = i64;
    /// #     const NAME: &'static str = "square";
    /// #     fn run(self) -> i64 { self.0 * self.0 }
    /// # }
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # threadproof::run_if_worker(&threadproof::WorkTable::new().with::<Square>());
    /// # let pool = threadproof::ProcessPool::builder(threadproof::WorkerProgram::current()?).build()?;
    /// assert_eq!(pool.run(Square(4))?, 16);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "apply")]
    pub fn run<W: Work>(&self, input: W) -> Result<W::Output, ProcessError> {
        self.map([input]).pop().expect("one outcome for each input")
    }

    /// Hands a job in, which runs whether or not anybody waits for it.
    ///
    /// # Blocking
    /// Never for the job. The input is encoded on the calling thread.
    ///
    /// # Errors
    /// The pool is shut down or killed. What is wrong with the input is the job's outcome.
    ///
    /// # Differences from Python
    /// As [`Executor.submit`](https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.Executor.submit)
    /// and `apply_async`; a running job can be ended, see [`ProcessJob::kill`].
    #[doc(alias = "apply_async")]
    pub fn submit<W: Work>(&self, input: W) -> Result<ProcessJob<W::Output>, PoolShutDown> {
        let mut block = Block::new(W::NAME, 0);
        let encoded = block.push(&input, self.max_frame);
        self.submit_block(block, encoded)
    }

    fn submit_block<O>(
        &self,
        block: Block,
        encoded: Result<(), ProcessError>,
    ) -> Result<ProcessJob<O>, PoolShutDown> {
        let map = self.turns.tell(|pool| {
            if pool.is_closed() {
                return Err(PoolShutDown);
            }
            let map = pool.open_map();
            match encoded {
                Ok(()) => pool.submit(map, block),
                Err(error) => pool.refuse(map, 0, error),
            }
            Ok(map)
        })?;
        Ok(ProcessJob {
            turns: self.turns.clone(),
            map,
            output: PhantomData,
        })
    }

    /// Waits until nothing is queued and nothing runs; the pool stays open.
    ///
    /// # Blocking
    /// Until then; jobs that others hand in meanwhile are waited for as well.
    pub fn wait_idle(&self) {
        let idle = |pool: &mut Pool| pool.is_idle().then_some(());
        self.turns.wait(ALL, &Deadline::never(), Then::Leaves, idle);
    }

    /// How the jobs have ended so far, and how many have not.
    ///
    /// Each job that was handed in is in exactly one count; one of unknown work, or that could not be encoded
    /// or decoded, has completed, in vain.
    pub fn report(&self) -> PoolReport {
        self.turns.tell(|pool| pool.report())
    }

    /// What each worker is at, by number.
    pub fn workers(&self) -> Vec<WorkerState> {
        self.look();
        self.turns.peek(|pool| pool.workers())
    }

    /// The process numbers of the workers that live now, in ascending order.
    pub fn pids(&self) -> Vec<u32> {
        self.look();
        self.turns.peek(|pool| pool.pids())
    }

    /// An idle pool is not watched: whoever asks looks.
    fn look(&self) {
        self.turns.tell(|_| ());
    }

    /// Kills every worker, from any thread; what has not ended becomes [`ProcessError::Cancelled`].
    ///
    /// The pool stays without workers. Never blocks for longer than the kills take.
    #[doc(alias = "terminate")]
    pub fn kill(&self) {
        self.turns.tell(|pool| pool.say(Event::Kill));
    }

    /// Ends the pool, accounts for every job, and reaps every worker. A second call waits for the same
    /// end. A map that comes later is counted as cancelled.
    ///
    /// # Blocking
    /// Until the jobs that workers have (and with [`Shutdown::Drain`] those that are queued) have ended: tiny
    /// ones travel in chunks, so with [`Shutdown::CancelQueued`] some that have not begun may still run. A
    /// [`kill`](Self::kill) meanwhile shortens that. A worker that takes longer than half a second to end, once
    /// it has nothing to do, is killed.
    #[doc(alias = "close")]
    pub fn shutdown(&self, how: Shutdown) -> PoolReport {
        self.turns.tell(|pool| {
            pool.say(Event::Close);
            if how == Shutdown::CancelQueued {
                pool.say(Event::CancelAll);
            }
        });
        self.wait_for_the_end();
        self.turns.peek(|pool| pool.report())
    }

    /// Takes no more jobs, and ends by itself.
    pub(crate) fn close(&self) {
        self.turns.tell(|pool| pool.say(Event::Close));
    }

    /// Asks every worker to end, by SIGTERM.
    pub(crate) fn terminate(&self) {
        self.turns.tell(Pool::terminate);
    }

    fn wait_for_the_end(&self) {
        let ended = |pool: &mut Pool| turns::Crew::has_ended(pool).then_some(());
        self.turns
            .wait(ALL, &Deadline::never(), Then::Leaves, ended);
        let driver = self.driver.lock().take();
        // It runs no caller's code, so it has not panicked.
        driver.map(JoinHandle::join);
    }
}

impl Drop for ProcessPool {
    fn drop(&mut self) {
        if std::process::id() == self.owner {
            self.kill();
            self.wait_for_the_end();
        }
    }
}

/// One input, as it is sent.
fn encoded<W: Work>(input: &W, max_frame: usize) -> Result<Inputs, ProcessError> {
    let mut bytes = Vec::new();
    encode(input, max_frame, &mut bytes)?;
    Ok(Inputs {
        range: 0..bytes.len(),
        bytes: Arc::new(bytes),
    })
}
