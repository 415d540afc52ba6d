//! The handle of a submitted job: who may wait for its output, and who may cancel it.
//!
//! ```text
//!   submit ──▶ Job ──┬── join ──▶ the output, or a JobError
//!                    ├── join_timeout ──▶ the same, or the Job back
//!                    ├── drop ──▶ the job runs on, its output is lost
//!                    └── canceller ──▶ Canceller, Canceller, …    cancel ──▶ it never runs
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | each call | the job's lock, see `cell.rs` | the job's phase | who joins |

use std::fmt;
use std::time::Duration;

use super::JobError;
use super::blocked::Id;
use super::cell::{Cancel, Cell};
use crate::sync::{Arc, Deadline, Weak};

/// A submitted job: owned permission to wait for its output, or to cancel it.
///
/// Dropping the handle lets the job run on; its output is dropped when it ends, or with the handle if
/// it has ended.
///
/// # Differences from Python
/// [`concurrent.futures.Future`](https://docs.python.org/3/library/concurrent.futures.html#future-objects):
/// `result` is [`join`](Self::join) and takes the output out, so it can be asked once.
#[must_use = "a dropped handle can neither be joined nor cancelled; the job runs on"]
#[doc(alias = "Future")]
pub struct Job<R> {
    cell: Arc<dyn Cell<R>>,
}

/// Cancels one job, from any thread, while another one owns the handle.
///
/// It does not keep the job: once handle and job are gone, there is nothing to cancel.
#[derive(Clone)]
pub struct Canceller {
    cell: Weak<dyn Cancel>,
}

impl<R> Job<R> {
    pub(super) fn of(cell: Arc<dyn Cell<R>>) -> Self {
        Self { cell }
    }

    /// Waits for the job's end and takes its output.
    ///
    /// # Blocking
    /// Until the job has returned, panicked or been cancelled. From inside a worker of the same
    /// pool it never runs another job meanwhile.
    ///
    /// # Memory ordering
    /// Everything the job did happens before the return.
    ///
    /// # Errors
    /// [`JobError::Panicked`], [`JobError::Cancelled`]; at once [`JobError::WouldDeadlock`] if the
    /// caller is a worker of the same pool and the wait would never end: because it would close a
    /// cycle of jobs that wait for one another, the job itself included, or because every other worker
    /// waits. A job that had not begun is cancelled then and never runs; one that runs goes on, and its
    /// output is lost. A thread of a [`scoped_map`](crate::scoped::scoped_map) inside a job counts as
    /// that job. What goes through an event, a channel, a timeout or another pool is not seen.
    #[doc(alias = "result")]
    pub fn join(self) -> Result<R, JobError> {
        self.cell.join()
    }

    /// Waits for at most `timeout`: the outcome, or the handle back. Nothing is lost.
    ///
    /// # Blocking
    /// Until the job has ended or `timeout` went by; with a timeout of zero it looks and does not wait.
    ///
    /// # Memory ordering
    /// As [`join`](Self::join), if the outcome is given.
    ///
    /// # Errors
    /// The handle itself, if the job has not ended. At once, if `timeout` is so long that it means
    /// "for ever" and [`join`](Self::join) would give [`JobError::WouldDeadlock`].
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// let pool = threadproof::ThreadPool::new(std::num::NonZeroUsize::MIN)?;
    /// let (go, gate) = std::sync::mpsc::channel();
    /// let job = pool.submit(move || gate.recv().unwrap()).unwrap();
    /// let job = job.join_timeout(Duration::ZERO).unwrap_err();
    /// go.send(7).unwrap();
    /// assert_eq!(job.join(), Ok(7));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "result")]
    pub fn join_timeout(self, timeout: Duration) -> Result<Result<R, JobError>, Job<R>> {
        let outcome = self.cell.join_until(&Deadline::after(timeout));
        outcome.ok_or(self)
    }

    /// Cancels the job if no worker has claimed it: `true` means that its body never runs.
    ///
    /// Never blocks, except for the body, which it drops. `false`: it runs, has ended, or was cancelled before.
    pub fn cancel(&self) -> bool {
        self.cell.cancel()
    }

    /// Something that can cancel this job from another thread, also while this handle is joined.
    ///
    /// # Examples
    /// ```
    /// use threadproof::{JobError, ThreadPool};
    /// let pool = ThreadPool::new(std::num::NonZeroUsize::MIN)?;
    /// let (go, gate) = std::sync::mpsc::channel::<()>();
    /// let first = pool.submit(move || gate.recv()).unwrap();
    /// let second = pool.submit(|| "never").unwrap();
    /// let canceller = second.canceller();
    /// std::thread::scope(|scope| {
    ///     scope.spawn(move || assert!(canceller.cancel()));
    ///     assert_eq!(second.join(), Err(JobError::Cancelled));
    /// });
    /// drop(go);
    /// assert!(first.join().unwrap().is_err());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn canceller(&self) -> Canceller
    where
        R: 'static,
    {
        let cell: Arc<dyn Cancel> = self.cell.clone();
        let cell = Arc::downgrade(&cell);
        Canceller { cell }
    }

    /// Whether the job has returned, panicked or been cancelled. Never blocks.
    #[doc(alias = "done")]
    pub fn is_finished(&self) -> bool {
        self.cell.is_finished()
    }

    pub(super) fn id(&self) -> Id {
        self.cell.id()
    }

    /// As a join that would never end.
    pub(super) fn refuse(self) -> JobError {
        self.cell.refuse()
    }
}

impl Canceller {
    /// As [`Job::cancel`]: `true` means that the job's body never runs.
    pub fn cancel(&self) -> bool {
        let Some(cell) = self.cell.upgrade() else {
            return false;
        };
        cell.cancel()
    }
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceller").finish_non_exhaustive()
    }
}

impl<R> fmt::Debug for Job<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("is_finished", &self.is_finished())
            .finish()
    }
}
