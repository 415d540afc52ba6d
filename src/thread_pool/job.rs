//! One submitted job and its handle.
//!
//! ```text
//!   queued ── claimed by a worker ──▶ running ── returns or panics ──▶ done ── join ──▶ taken
//!      └───── cancel ─────▶ cancelled
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | `run` | the job's lock twice, never while the body runs | phase | who joins |
//! | `cancel` | the job's lock | phase, only from queued | who joins |
//! | `join` | the job's lock, given up while it sleeps | phase | nobody |
//!
//! Queued to running and queued to cancelled are both decided under the one lock: of a worker that
//! claims and a caller that cancels exactly one wins.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::JobError;
use super::queue::{Cancelled, Queue, Queued, Sleepers, Tally};
use crate::lifecycle::{Panicked, discard};
use crate::sync::{Arc, Condvar, Deadline, Mutex, MutexGuard};

/// A submitted job: owned permission to wait for its output, or to cancel it.
///
/// Dropping the handle lets the job run on; its output is dropped when it ends.
///
/// # Differences from Python
/// [`concurrent.futures.Future`](https://docs.python.org/3/library/concurrent.futures.html#future-objects):
/// `result` is [`join`](Self::join) and takes the output out, so it can be asked once.
#[must_use = "a dropped handle can neither be joined nor cancelled; the job runs on"]
pub struct Job<R> {
    outcome: Arc<dyn Outcome<R>>,
}

/// What a handle may ask of its job, whatever the body's type is.
trait Outcome<R>: Send + Sync {
    fn join_until(&self, deadline: &Deadline) -> Option<Result<R, JobError>>;
    fn cancel_queued(&self) -> bool;
    fn is_finished(&self) -> bool;
}

pub(crate) struct JobCell<F, R> {
    state: Mutex<State<F, R>>,
    changed: Condvar,
    queue: Arc<Queue>,
}

struct State<F, R> {
    phase: Phase<F, R>,
    sleepers: Sleepers,
    /// Somebody sleeps until the job ends, or did.
    is_awaited: bool,
}

enum Phase<F, R> {
    Queued(F),
    Running,
    Done(Result<R, JobError>),
    Cancelled,
    Taken,
}

impl<F, R> JobCell<F, R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    pub(crate) fn new(body: F, queue: &Arc<Queue>) -> Arc<Self> {
        let state = State {
            phase: Phase::Queued(body),
            sleepers: Sleepers::default(),
            is_awaited: false,
        };
        let (state, changed, queue) = (Mutex::new(state), Condvar::new(), queue.clone());
        Arc::new(Self {
            state,
            changed,
            queue,
        })
    }

    pub(crate) fn handle(self: &Arc<Self>) -> Job<R> {
        Job {
            outcome: self.clone(),
        }
    }

    /// Ends the job: who sleeps until then can go on. It is one, since a join consumes the handle.
    fn end(&self, mut state: MutexGuard<'_, State<F, R>>) {
        state.sleepers.release(&self.queue);
        let is_awaited = state.is_awaited;
        drop(state);
        if is_awaited {
            self.changed.notify_one();
        }
    }

    /// Queued to cancelled, if it still is; the body is dropped outside the lock.
    fn cancel_if_queued(&self) -> bool {
        let mut state = self.state.lock();
        if !matches!(state.phase, Phase::Queued(_)) {
            return false;
        }
        let body = std::mem::replace(&mut state.phase, Phase::Cancelled);
        self.end(state);
        discard(body);
        true
    }
}

impl<F, R> Queued for JobCell<F, R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    fn is_batch(&self) -> bool {
        false
    }

    // ANCHOR: run
    fn run(&self, worker: &str) -> Tally {
        let mut state = self.state.lock();
        let body = match std::mem::replace(&mut state.phase, Phase::Running) {
            Phase::Queued(body) => body,
            // Its handle has cancelled it, and may have been joined since.
            cancelled => {
                state.phase = cancelled;
                return Tally {
                    cancelled: 1,
                    ..Tally::default()
                };
            }
        };
        drop(state);
        let (outcome, tally) = run_caught(worker, body);
        let mut state = self.state.lock();
        state.phase = Phase::Done(outcome);
        self.end(state);
        tally
    }
    // ANCHOR_END: run

    fn cancel(&self) -> Cancelled {
        let now = u64::from(self.cancel_if_queued());
        Cancelled {
            now,
            before: 1 - now,
        }
    }
}

impl<F, R> Outcome<R> for JobCell<F, R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    fn join_until(&self, deadline: &Deadline) -> Option<Result<R, JobError>> {
        let mut state = self.state.lock();
        if state.phase.is_open() && deadline.is_never() {
            let sleeps = state.sleepers.add_this_thread(&self.queue);
            if let Err(would_deadlock) = sleeps {
                return Some(Err(would_deadlock));
            }
        }
        while state.phase.is_open() && !deadline.has_passed() {
            state.is_awaited = true;
            state = self.changed.wait_until(state, deadline);
        }
        if state.phase.is_open() {
            return None;
        }
        match std::mem::replace(&mut state.phase, Phase::Taken) {
            Phase::Done(outcome) => Some(outcome),
            _ => Some(Err(JobError::Cancelled)),
        }
    }

    fn cancel_queued(&self) -> bool {
        self.cancel_if_queued()
    }

    fn is_finished(&self) -> bool {
        !self.state.lock().phase.is_open()
    }
}

impl<F, R> Phase<F, R> {
    fn is_open(&self) -> bool {
        matches!(self, Phase::Queued(_) | Phase::Running)
    }
}

impl<R> Job<R> {
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
    /// [`JobError::Panicked`], [`JobError::Cancelled`]; [`JobError::WouldDeadlock`] if the caller
    /// is the last worker of this pool that does not wait for a job of this pool.
    pub fn join(self) -> Result<R, JobError> {
        let outcome = self.outcome.join_until(&Deadline::never());
        outcome.expect("a deadline that never comes does not pass")
    }

    /// Waits for at most `timeout`: the outcome, or the handle back. Nothing is lost.
    ///
    /// # Errors
    /// The handle itself, if the job has not ended.
    pub fn join_timeout(self, timeout: Duration) -> Result<Result<R, JobError>, Job<R>> {
        let outcome = self.outcome.join_until(&Deadline::after(timeout));
        outcome.ok_or(self)
    }

    /// Cancels the job if no worker has claimed it: `true` means that its body never runs.
    ///
    /// Never blocks. `false`: it runs, has ended, or was cancelled before.
    pub fn cancel(&self) -> bool {
        self.outcome.cancel_queued()
    }

    /// Whether the job has returned, panicked or been cancelled. Never blocks.
    pub fn is_finished(&self) -> bool {
        self.outcome.is_finished()
    }
}

/// Runs a caller's code; a panic in it is data.
pub(super) fn run_caught<R>(
    worker: &str,
    body: impl FnOnce() -> R,
) -> (Result<R, JobError>, Tally) {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(output) => (
            Ok(output),
            Tally {
                completed: 1,
                ..Tally::default()
            },
        ),
        Err(payload) => {
            let panicked = Panicked::new(worker, payload);
            (
                Err(JobError::Panicked(panicked)),
                Tally {
                    panicked: 1,
                    ..Tally::default()
                },
            )
        }
    }
}

impl<R> fmt::Debug for Job<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("is_finished", &self.is_finished())
            .finish()
    }
}

impl<F, R> fmt::Debug for JobCell<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobCell").finish_non_exhaustive()
    }
}
