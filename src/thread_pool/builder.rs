//! How a pool is made: how many workers, what they are called, what each does before its first job.
//!
//! ```text
//!   builder ── build ──▶ worker-1 … worker-n started ── each runs the initialiser ──▶ pool
//!                                                        one fails ──▶ all end ──▶ error
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | a worker has prepared itself | the lock of `Prepared` | how many are left, the first error | who builds |
//! | `build` | the same lock, given up while it sleeps | – | nobody |

use std::fmt;
use std::io;
use std::num::NonZeroUsize;

use super::ThreadPool;
use super::queue::Queue;
use crate::lifecycle::{Theirs, builder, caught, discard};
use crate::sync::{Arc, Condvar, Mutex};

/// What a pool is to be; [`build`](Self::build) starts it.
#[must_use = "nothing is started until `build`"]
pub struct ThreadPoolBuilder {
    workers: Option<NonZeroUsize>,
    name: String,
    stack_size: Option<usize>,
    initialiser: Option<Box<Initialiser>>,
}

/// No system starts more threads for one program; and each takes memory before it is started.
const MOST_WORKERS: usize = 1 << 16;

type Initialiser = dyn Fn() -> Result<(), String> + Send + Sync;

impl ThreadPool {
    /// A pool of one worker for each core that the program may use, unless the builder is told otherwise.
    ///
    /// # Examples
    /// ```
    /// use threadproof::ThreadPool;
    /// let pool = ThreadPool::builder().name("fetch").build()?;
    /// let job = pool.submit(|| std::thread::current().name().map(str::to_owned)).unwrap();
    /// assert!(job.join().unwrap().unwrap().starts_with("fetch-"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn builder() -> ThreadPoolBuilder {
        ThreadPoolBuilder {
            workers: None,
            name: "worker".to_owned(),
            stack_size: None,
            initialiser: None,
        }
    }
}

impl ThreadPoolBuilder {
    /// How many workers; else one for each core that the program may use.
    #[doc(alias = "max_workers")]
    pub fn workers(self, workers: NonZeroUsize) -> Self {
        let workers = Some(workers);
        Self { workers, ..self }
    }

    /// What the workers are called: `name-1` to `name-n`; else `worker-1` and so on.
    #[doc(alias = "thread_name_prefix")]
    pub fn name(self, name: impl Into<String>) -> Self {
        let name = name.into();
        Self { name, ..self }
    }

    /// How many bytes of stack each worker has; else what threads have that `std` starts.
    pub fn stack_size(self, bytes: usize) -> Self {
        let stack_size = Some(bytes);
        Self { stack_size, ..self }
    }

    /// What each worker runs before its first job, such as to open a connection that it keeps.
    ///
    /// It is dropped once every worker has run it. [`worker_number`](crate::worker::worker_number) tells it
    /// which worker it is in.
    ///
    /// # Differences from Python
    /// [`ThreadPoolExecutor(initializer=…)`](https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.ThreadPoolExecutor):
    /// an initializer that raises is found by the jobs, which from then on raise `BrokenThreadPool`;
    /// here there is no pool.
    ///
    /// # Examples
    /// ```
    /// use std::cell::Cell;
    /// use std::convert::Infallible;
    /// use threadproof::ThreadPool;
    ///
    /// thread_local!(static BASE: Cell<u64> = const { Cell::new(0) });
    /// let prepare = || -> Result<(), Infallible> { Ok(BASE.set(40)) };
    /// let pool = ThreadPool::builder().initialised_by(prepare).build()?;
    /// assert_eq!(pool.map([1, 2], |n| BASE.get() + n), [Ok(41), Ok(42)]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "initializer")]
    pub fn initialised_by<E: fmt::Display>(
        self,
        initialiser: impl Fn() -> Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        let initialiser = Theirs::new(initialiser);
        let text_of = |error: E| {
            let text = error.to_string();
            discard(error);
            text
        };
        let say = move || initialiser().map_err(text_of);
        let initialiser: Option<Box<Initialiser>> = Some(Box::new(say));
        Self {
            initialiser,
            ..self
        }
    }

    /// Starts the workers.
    ///
    /// # Blocking
    /// Until every worker has run the initialiser, if there is one.
    ///
    /// # Errors
    /// The system cannot start that many threads; there are more than 65,536, or the name contains a zero
    /// byte (`InvalidInput`); or the initialiser fails or panics in a worker: the error names the worker and says why. Those that
    /// were started have ended again.
    pub fn build(self) -> io::Result<ThreadPool> {
        let workers = match self.workers {
            Some(workers) => workers,
            // What is not known is one core.
            None => std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
        };
        if workers.get() > MOST_WORKERS {
            let why = format!("{workers} workers; a pool has {MOST_WORKERS} at most");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let prepared = Arc::new(Prepared::new(workers.get()));
        let initialiser = self.initialiser.map(Arc::new);
        let mut pool = ThreadPool {
            queue: Queue::new(workers.get()),
            threads: Mutex::default(),
            ids: Vec::new(),
            workers,
        };
        for place in 0..workers.get() {
            let name = format!("{}-{}", self.name, place + 1);
            let mut builder = builder(&name)?;
            if let Some(bytes) = self.stack_size {
                builder = builder.stack_size(bytes);
            }
            let (queue, prepared) = (pool.queue.clone(), prepared.clone());
            let initialiser = initialiser.clone();
            let thread = builder.spawn(move || {
                queue.begin(place);
                if prepared.run(&name, initialiser) {
                    queue.work(place, &name);
                }
            })?;
            pool.ids.push(thread.thread().id());
            pool.threads.lock().push(thread);
        }
        if initialiser.is_some() {
            drop(initialiser);
            prepared.wait()?;
        }
        Ok(pool)
    }
}

/// Whether every worker has prepared itself.
struct Prepared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    left: usize,
    error: Option<io::Error>,
}

impl Prepared {
    fn new(left: usize) -> Self {
        let state = State { left, error: None };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    /// Prepares the calling worker; says whether it may work.
    fn run(&self, worker: &str, initialiser: Option<Arc<Box<Initialiser>>>) -> bool {
        let Some(initialiser) = initialiser else {
            return true;
        };
        let outcome = caught(worker, || initialiser())
            .unwrap_or_else(|panicked| Err(panicked.message().to_owned()));
        drop(initialiser);
        let is_ready = outcome.is_ok();
        let mut state = self.state.lock();
        state.left -= 1;
        if let Err(why) = outcome {
            let text = format!("{worker} could not prepare itself: {why}");
            state.error.get_or_insert(io::Error::other(text));
        }
        drop(state);
        self.changed.notify_one();
        is_ready
    }

    fn wait(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        while state.left > 0 && state.error.is_none() {
            state = self.changed.wait(state);
        }
        match state.error.take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for ThreadPoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPoolBuilder")
            .field("workers", &self.workers)
            .field("name", &self.name)
            .field("stack_size", &self.stack_size)
            .finish_non_exhaustive()
    }
}
