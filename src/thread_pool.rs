//! A fixed set of threads that run jobs: Python's `ThreadPoolExecutor`.
//!
//! ```text
//!   submit ──▶ ┌───────┐ ──▶ worker-1 ──┐
//!   map    ──▶ │ queue │ ──▶ worker-2 ──┼──▶ outputs, in the inputs' order
//!   map_lazy ▶ └───────┘ ──▶ worker-3 ──┘
//!      drop, shutdown: close the queue, run or cancel what is in it, join the workers
//! ```
//!
//! | part | file | what it guards |
//! |---|---|---|
//! | the queue of jobs and batches | `queue.rs` | order, closing, who sleeps |
//! | one submitted job and its handle | `job.rs` | queued, running, done, cancelled |
//! | one eager map | `batch.rs` | inputs, outputs, who is inside |
//! | one lazy map | `lazy.rs` | nothing: its jobs are submitted one by one |
//!
//! A job that panics costs only itself. A job that waits for another job of its own pool sleeps and
//! never runs a third one on its stack; if no worker would be left awake, it gets an error instead.

pub(crate) mod batch;
mod job;
mod lazy;
pub(crate) mod queue;

use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};

use self::batch::Batch;
pub use self::job::Job;
pub(crate) use self::job::JobCell;
pub use self::lazy::MapLazy;
use self::queue::{Queue, Tally};
use crate::lifecycle::{Panicked, builder};
pub use crate::scoped::scoped_map;
use crate::sync::thread::{self, JoinHandle};
use crate::sync::{Arc, mpsc};

/// A fixed set of named threads, `worker-1` to `worker-n`, that run jobs in the order of submission.
///
/// Dropping the pool runs what is queued and joins the workers, like Python's `with`.
///
/// # Differences from Python
/// [`ThreadPoolExecutor`](https://docs.python.org/3/library/concurrent.futures.html#threadpoolexecutor):
/// all workers start at once; a map gives one `Result` an input where Python's ends at the first
/// exception; waiting for the own pool from inside a job is an error where Python hangs; CPU-bound
/// jobs run in parallel. A cycle of waits through several pools is not found.
///
/// # Examples
/// ```
/// use std::num::NonZeroUsize;
/// use threadproof::{Shutdown, ThreadPool};
///
/// let pool = ThreadPool::new(NonZeroUsize::new(3).unwrap())?;
/// let squares = pool.map([1, 2, 3, 4, 5], |n: i32| n * n);
/// let squares: Vec<i32> = squares.into_iter().map(Result::unwrap).collect();
/// assert_eq!(squares, [1, 4, 9, 16, 25]);
/// assert_eq!(pool.shutdown(Shutdown::Drain).completed, 5);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct ThreadPool {
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<Tally>>,
    workers: NonZeroUsize,
}

/// Why a job has no output.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// The job's body panicked; every other job is unaffected.
    #[error(transparent)]
    Panicked(#[from] Panicked),
    /// The job was cancelled before a worker claimed it; its body never ran.
    #[error("the job was cancelled before it began")]
    Cancelled,
    /// Every worker of the pool would wait for jobs of the same pool, so that none could run.
    #[error("every worker of this pool would wait for a job of this pool")]
    WouldDeadlock,
}

/// The pool takes no more jobs; the job was dropped and never ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pool is shut down and takes no more jobs")]
pub struct PoolShutDown;

/// What happens at the end to jobs that no worker has claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// They run.
    Drain,
    /// They are cancelled; jobs that run are waited for.
    CancelQueued,
}

/// How the jobs of a pool ended; the sum is the number of jobs submitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolReport {
    /// Jobs whose body returned.
    pub completed: u64,
    /// Jobs that were cancelled before they began, and a map's inputs that it gave up because it
    /// would have waited for ever.
    pub cancelled: u64,
    /// Jobs whose body panicked.
    pub panicked: u64,
    /// Jobs whose worker process died; always 0 for threads.
    pub crashed: u64,
    /// Jobs that ran out of time; always 0 for threads.
    pub timed_out: u64,
}

impl ThreadPool {
    /// Starts `workers` threads.
    ///
    /// # Errors
    /// The system cannot start that many; those that were started have ended again.
    pub fn new(workers: NonZeroUsize) -> io::Result<Self> {
        Self::start(workers, |_| true)
    }

    /// Starts `workers` threads, each of which runs `initialiser` before its first job, such as to
    /// open a connection that the thread keeps.
    ///
    /// # Blocking
    /// Until every worker has run it.
    ///
    /// # Errors
    /// As [`new`](Self::new); and if it fails or panics in one of them: the error names the worker
    /// and says why. No thread is left then.
    ///
    /// # Differences from Python
    /// [`ThreadPoolExecutor(initializer=…)`](https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.ThreadPoolExecutor):
    /// an initializer that raises is found by the jobs, all of which then raise `BrokenThreadPool`.
    ///
    /// # Examples
    /// ```
    /// use std::cell::Cell;
    /// use std::convert::Infallible;
    /// use threadproof::ThreadPool;
    ///
    /// thread_local!(static BASE: Cell<u64> = const { Cell::new(0) });
    /// let workers = std::num::NonZeroUsize::new(3).unwrap();
    /// let prepare = || -> Result<(), Infallible> { Ok(BASE.set(40)) };
    /// let pool = ThreadPool::initialised_by(workers, prepare)?;
    /// assert_eq!(pool.map([1, 2], |n| BASE.get() + n), [Ok(41), Ok(42)]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn initialised_by<E: fmt::Display>(
        workers: NonZeroUsize,
        initialiser: impl Fn() -> Result<(), E> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let (prepared, outcomes) = mpsc::channel();
        let pool = Self::start(workers, move |name| {
            let run = || initialiser().map_err(|error| error.to_string());
            let outcome = catch_unwind(AssertUnwindSafe(run))
                .unwrap_or_else(|payload| Err(Panicked::new(name, payload).message));
            let is_ready = outcome.is_ok();
            let why = |why| io::Error::other(format!("{name} could not prepare itself: {why}"));
            // Nobody listens any more if another worker has failed.
            let _ = prepared.send(outcome.map_err(why));
            is_ready
        })?;
        for _ in 0..workers.get() {
            outcomes.recv().expect("each worker says it once")?;
        }
        Ok(pool)
    }

    /// A worker that `prepare`, which gets its name, does not allow to work ends at once.
    fn start(
        workers: NonZeroUsize,
        prepare: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let (queue, prepare) = (Queue::new(workers.get()), Arc::new(prepare));
        let mut pool = Self {
            queue,
            threads: Vec::new(),
            workers,
        };
        for number in 1..=workers.get() {
            let name = format!("worker-{number}");
            let builder = builder(&name);
            let (queue, prepare) = (pool.queue.clone(), prepare.clone());
            let work = move || match prepare(&name) {
                true => queue.work(&name),
                false => Tally::default(),
            };
            let thread = builder?.spawn(work)?;
            pool.threads.push(thread);
        }
        Ok(pool)
    }

    /// How many workers the pool has.
    pub fn workers(&self) -> NonZeroUsize {
        self.workers
    }

    /// Runs `f` on every input; gives one outcome an input, in the inputs' order.
    ///
    /// All inputs are taken at once, on the calling thread. Workers claim single inputs, and runs
    /// of them while jobs are shorter than some 100 µs together. No inputs give no outputs. Jobs
    /// that wait for one another could stand in one run: [`submit`](Self::submit) those.
    ///
    /// # Blocking
    /// Until every input has its outcome. When it returns, every input and `f` have been dropped.
    ///
    /// # Errors
    /// Each on its own: [`JobError::Panicked`]; [`JobError::Cancelled`] after
    /// [`cancel_queued`](Self::cancel_queued) from another thread; [`JobError::WouldDeadlock`] from
    /// inside the last free worker of the same pool.
    ///
    /// # Differences from Python
    /// [`Executor.map`](https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.Executor.map)
    /// raises the first exception when the iteration comes to it; what follows is not seen.
    ///
    /// # Examples
    /// ```
    /// use threadproof::{JobError, ThreadPool};
    /// let pool = ThreadPool::new(std::num::NonZeroUsize::new(2).unwrap())?;
    /// let halves = pool.map([4, 0, 2], |n: u32| 8u32.checked_div(n).expect("no zero"));
    /// assert_eq!(halves[0], Ok(2));
    /// assert!(matches!(&halves[1], Err(JobError::Panicked(p)) if p.message == "no zero"));
    /// assert_eq!(halves[2], Ok(4));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    // ANCHOR: map
    pub fn map<I, R, F>(&self, inputs: I, f: F) -> Vec<Result<R, JobError>>
    where
        I: IntoIterator,
        I::Item: Send + 'static,
        R: Send + 'static,
        F: Fn(I::Item) -> R + Send + Sync + 'static,
    {
        let inputs: Vec<I::Item> = inputs.into_iter().collect();
        if inputs.is_empty() {
            return Vec::new();
        }
        let batch = Batch::new(inputs, self.workers.get(), f, &self.queue);
        let pushed = self.queue.push(batch.clone());
        pushed.expect("only shutdown and drop close the queue, and they end the borrow of self");
        batch.join()
    }
    // ANCHOR_END: map

    /// Hands in one job. Never blocks.
    ///
    /// # Errors
    /// [`PoolShutDown`] if the pool takes no more jobs; `job` was dropped and never ran.
    ///
    /// # Examples
    /// ```
    /// let pool = threadproof::ThreadPool::new(std::num::NonZeroUsize::MIN)?;
    /// let job = pool.submit(|| "done").unwrap();
    /// assert_eq!(job.join(), Ok("done"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn submit<R, F>(&self, job: F) -> Result<Job<R>, PoolShutDown>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        submit_to(&self.queue, job)
    }

    /// Cancels every job and every map's input that no worker has claimed; says how many.
    ///
    /// Jobs that run go on. The pool stays open. Never blocks.
    pub fn cancel_queued(&self) -> u64 {
        self.queue.cancel()
    }

    /// Ends the pool and accounts for every job.
    ///
    /// # Blocking
    /// Until the jobs that run (and with [`Shutdown::Drain`] those that are queued) have ended and
    /// every worker has been joined. A worker that shuts down its own pool is not waited for.
    pub fn shutdown(mut self, how: Shutdown) -> PoolReport {
        self.end(how)
    }

    fn end(&mut self, how: Shutdown) -> PoolReport {
        self.queue.close();
        if how == Shutdown::CancelQueued {
            self.queue.cancel();
        }
        let mut tally = Tally::default();
        for thread in self.threads.drain(..) {
            if thread.thread().id() != thread::current().id() {
                tally += thread
                    .join()
                    .expect("a worker catches the panics of its jobs");
            }
        }
        PoolReport {
            completed: tally.completed,
            cancelled: tally.cancelled + self.queue.cancelled(),
            panicked: tally.panicked,
            ..PoolReport::default()
        }
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.end(Shutdown::Drain);
    }
}

fn submit_to<R, F>(queue: &Arc<Queue>, body: F) -> Result<Job<R>, PoolShutDown>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let cell = JobCell::new(body, queue);
    queue.push(cell.clone())?;
    Ok(cell.handle())
}
