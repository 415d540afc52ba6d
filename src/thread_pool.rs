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
//! | how a pool is made | `builder.rs` | who has prepared itself |
//! | the queue of jobs and batches | `queue.rs` | order, closing, who sleeps, what is counted |
//! | who waits for whom | `blocked.rs` | guarded by the queue |
//! | one submitted job and its handle | `cell.rs`, `job.rs` | queued, running, done, cancelled |
//! | one eager map | `batch.rs`, `try_map.rs` | inputs, outputs, who is inside |
//! | one lazy map, in order or not | `feed.rs`, `lazy.rs`, `unordered.rs` | which jobs have ended |
//!
//! A job that panics costs only itself. A job that waits for another job of its own pool sleeps and
//! never runs a third one on its stack; if it would sleep for ever, it gets an error instead.
//!
//! Nothing of the caller's, be it an input, an output, a function or what it has captured, runs or is
//! dropped under a lock of the pool's, and a panic in its `Drop` goes no further than that value. What
//! nobody can catch is a second panic while one unwinds, such as in the `Drop` of what a panicking job
//! has on its stack.

pub(crate) mod batch;
pub(crate) mod blocked;
mod builder;
mod cell;
pub(crate) mod entry;
mod error;
mod feed;
mod job;
mod lazy;
pub(crate) mod queue;
mod report;
mod try_map;
mod unordered;

use std::fmt;
use std::io;
use std::num::NonZeroUsize;

use self::batch::{Batch, collect};
pub use self::builder::ThreadPoolBuilder;
pub(crate) use self::cell::JobCell;
pub use self::error::{JobError, PoolShutDown, Shutdown};
pub use self::job::{Canceller, Job};
pub use self::lazy::MapLazy;
use self::queue::Queue;
pub use self::report::PoolReport;
pub use self::try_map::TryMapError;
pub use self::unordered::MapUnordered;
use self::unordered::Told;
use crate::chunk_size::ChunkSize;
use crate::chunks::Chunks;
use crate::lifecycle::discard;
pub use crate::scoped::scoped_map;
use crate::sync::thread::{self, JoinHandle, ThreadId};
use crate::sync::{Arc, Mutex};
pub use crate::worker::worker_number;

/// A fixed set of named threads, `worker-1` to `worker-n`, that begin jobs in the order of submission.
///
/// Dropping the pool runs what is queued and joins the workers, like Python's `with`. Where a job drops
/// the last owner of its own pool, the workers run what is queued and end, and nobody waits for them.
///
/// # Differences from Python
/// [`ThreadPoolExecutor`](https://docs.python.org/3/library/concurrent.futures.html#threadpoolexecutor):
/// all workers start at once; a map gives one `Result` per input where Python's ends at the first
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
#[doc(alias = "ThreadPoolExecutor")]
pub struct ThreadPool {
    queue: Arc<Queue>,
    /// Held while they are joined: a second shutdown ends no sooner than the first.
    threads: Mutex<Vec<JoinHandle<()>>>,
    ids: Vec<ThreadId>,
    workers: NonZeroUsize,
}

impl ThreadPool {
    /// Starts `workers` threads.
    ///
    /// # Errors
    /// As [`ThreadPoolBuilder::build`]: the system cannot start that many, or they are more than 65,536.
    pub fn new(workers: NonZeroUsize) -> io::Result<Self> {
        Self::builder().workers(workers).build()
    }

    /// Starts `workers` threads, each of which runs `initialiser` before its first job: short for
    /// [`ThreadPoolBuilder::initialised_by`].
    ///
    /// # Blocking
    /// Until every worker has run it.
    ///
    /// # Errors
    /// As [`ThreadPoolBuilder::build`].
    pub fn initialised_by<E: fmt::Display>(
        workers: NonZeroUsize,
        initialiser: impl Fn() -> Result<(), E> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let builder = Self::builder().workers(workers);
        builder.initialised_by(initialiser).build()
    }

    /// How many workers the pool has.
    pub fn workers(&self) -> NonZeroUsize {
        self.workers
    }

    /// Runs `f` on every input; gives one outcome per input, in the inputs' order.
    ///
    /// All inputs are taken at once, on the calling thread. Workers claim single inputs, and several
    /// in one go while jobs are shorter than some 100 µs together; what a worker has not begun goes to
    /// others that have nothing to do. No inputs give no outputs. Jobs that wait for one another could
    /// have been claimed by one worker: [`submit`](Self::submit) those.
    ///
    /// # Blocking
    /// Until every input has its outcome. When it returns, every input and `f` have been dropped.
    ///
    /// # Errors
    /// Each on its own: [`JobError::Panicked`]; [`JobError::Cancelled`] after
    /// [`cancel_queued`](Self::cancel_queued) from another thread, or if the pool is shut down;
    /// [`JobError::WouldDeadlock`] for all of them if the caller is a worker of the same pool and every
    /// other one waits, too. None has begun then.
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
    /// assert!(matches!(&halves[1], Err(JobError::Panicked(p)) if p.message() == "no zero"));
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
        let (inputs, f) = collect(inputs, f);
        let jobs = inputs.len();
        if jobs == 0 {
            discard(f);
            return Vec::new();
        }
        let chunks = Arc::new(Chunks::new(inputs.into_iter(), self.workers.get()));
        Batch::new(chunks, jobs, ChunkSize::of_threads(), f, &self.queue).map()
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
        submit_to(&self.queue, job, None)
    }

    /// Cancels every job and every map's input that no worker has claimed; says how many.
    ///
    /// Jobs that run go on. Of the inputs of a map that a worker has claimed in one go, those that it
    /// has not begun are cancelled as well, a moment later, and not counted here. The pool stays open.
    ///
    /// # Blocking
    /// Never, except for what it drops: the cancelled closures and inputs, one after the other, on the calling
    /// thread. A `Drop` in there that waits for a later one of them waits for ever.
    #[doc(alias = "cancel_futures")]
    pub fn cancel_queued(&self) -> u64 {
        self.queue.cancel()
    }

    /// Waits until nothing is queued and nothing runs. The pool stays open.
    ///
    /// # Blocking
    /// Until there is such a moment, which may be over when the call returns, if others submit.
    ///
    /// # Panics
    /// In a job of this pool: it would wait for its own end. (So would the `Drop` of something that is
    /// being cancelled, which is not noticed.)
    ///
    /// # Differences from Python
    /// `ThreadPoolExecutor` has no such call; it is
    /// [`Queue.join`](https://docs.python.org/3/library/queue.html#queue.Queue.join) of a `Queue`.
    ///
    /// # Examples
    /// ```
    /// let pool = threadproof::ThreadPool::new(std::num::NonZeroUsize::MIN)?;
    /// for number in 0..3 {
    ///     drop(pool.submit(move || number).unwrap());
    /// }
    /// pool.wait_idle();
    /// assert_eq!(pool.report().completed, 3);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "join")]
    pub fn wait_idle(&self) {
        assert!(
            self.queue.this_worker().is_none(),
            "wait_idle() in a job of this pool would wait for the job's own end"
        );
        self.queue.wait_idle();
    }

    /// What has become of every job until now. Never blocks.
    ///
    /// Who was told of a job's end finds it counted. Of a map, outcomes are counted as each worker's
    /// chunk ends.
    pub fn report(&self) -> PoolReport {
        self.queue.report()
    }

    /// Ends the pool and accounts for every job. Calling it again is harmless.
    ///
    /// # Blocking
    /// Until the jobs that run (and with [`Shutdown::Drain`] those that are queued) have ended and
    /// every worker has been joined. In a job of the same pool, and in the drop of a thread-local of its
    /// workers, it does not wait: the report counts what still runs or is queued. With [`Shutdown::CancelQueued`] it drops what it cancels as
    /// [`cancel_queued`](Self::cancel_queued) does.
    ///
    /// # Examples
    /// ```
    /// use threadproof::{PoolShutDown, Shutdown, ThreadPool};
    /// let pool = ThreadPool::new(std::num::NonZeroUsize::MIN)?;
    /// pool.shutdown(Shutdown::Drain);
    /// assert_eq!(pool.submit(|| ()).unwrap_err(), PoolShutDown);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> PoolReport {
        self.queue.close();
        if how == Shutdown::CancelQueued {
            self.queue.cancel();
        }
        // A worker that joined its own pool's workers would wait for itself, or for one that waits for
        // a job that only it can run. It is no worker to the queue while its thread-locals are dropped.
        let is_worker = || self.ids.contains(&thread::current().id());
        if self.queue.this_worker().is_none() && !is_worker() {
            for thread in self.threads.lock().drain(..) {
                let ended = thread.join();
                ended.expect("a worker catches the panics of its jobs");
            }
            // For what another thread is just cancelling.
            self.queue.wait_idle();
        }
        self.queue.report()
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.shutdown(Shutdown::Drain);
    }
}

fn submit_to<R, F>(queue: &Arc<Queue>, body: F, tells: Option<Told>) -> Result<Job<R>, PoolShutDown>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let cell = JobCell::new(body, queue, tells);
    queue.push(cell.clone())?;
    Ok(cell.handle())
}
