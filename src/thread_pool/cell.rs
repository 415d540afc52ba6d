//! One submitted job: its body, then its outcome.
//!
//! ```text
//!   queued ── claimed by a worker ──▶ running ── returns or panics ──▶ done ── join ──▶ taken
//!      └───── cancel, or a join that is refused ─────▶ cancelled
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

use super::JobError;
use super::blocked::{Id, Wait};
use super::entry::{Queued, Worker};
use super::job::Job;
use super::queue::Queue;
use super::unordered::Told;
use crate::lifecycle::{caught, discard};
use crate::sync::{Arc, Condvar, Deadline, Mutex, MutexGuard};

/// What a canceller may ask of its job, whatever its output is.
pub(super) trait Cancel: Send + Sync {
    /// Queued to cancelled, if it still is.
    fn cancel(&self) -> bool;
    fn is_finished(&self) -> bool;
}

/// What a handle may ask of its job, whatever its body is.
pub(super) trait Cell<R>: Cancel {
    fn join(&self) -> Result<R, JobError>;
    /// `None` if it has not ended by then, or if the wait would never end.
    fn join_until(&self, deadline: &Deadline) -> Option<Result<R, JobError>>;
    fn refuse(&self) -> JobError;
    fn id(&self) -> Id;
}

pub(crate) struct JobCell<F, R> {
    state: Mutex<State<F, R>>,
    changed: Condvar,
    queue: Arc<Queue>,
    /// Who hears of the job's end besides who joins it.
    tells: Option<Told>,
}

struct State<F, R> {
    phase: Phase<F, R>,
    awaited: Awaited,
}

enum Phase<F, R> {
    Queued(F),
    Running,
    Done(Result<R, JobError>),
    Cancelled,
    Taken,
}

/// Who sleeps until the job ends, or did.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Awaited {
    Nobody,
    Thread,
    /// Of the same pool, which counts it as asleep.
    Worker,
}

impl<F, R> JobCell<F, R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    pub(crate) fn new(body: F, queue: &Arc<Queue>, tells: Option<Told>) -> Arc<Self> {
        let state = State {
            phase: Phase::Queued(body),
            awaited: Awaited::Nobody,
        };
        Arc::new(Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            queue: queue.clone(),
            tells,
        })
    }

    pub(crate) fn handle(self: &Arc<Self>) -> Job<R> {
        Job::of(self.clone())
    }
}

impl<F, R> JobCell<F, R> {
    fn id(&self) -> Id {
        std::ptr::from_ref(self).addr()
    }

    /// Ends the job: who sleeps until then can go on. It is one, since a join consumes the handle.
    fn end(&self, state: MutexGuard<'_, State<F, R>>) {
        let awaited = state.awaited;
        if awaited == Awaited::Worker {
            self.queue.release(self.id());
        }
        drop(state);
        if awaited != Awaited::Nobody {
            self.changed.notify_one();
        }
        if let Some(told) = &self.tells {
            told.hears();
        }
    }

    /// Queued to cancelled; the body is dropped outside the lock.
    fn cancel_locked(&self, mut state: MutexGuard<'_, State<F, R>>) -> bool {
        if !matches!(state.phase, Phase::Queued(_)) {
            return false;
        }
        let body = std::mem::replace(&mut state.phase, Phase::Cancelled);
        self.queue.count_cancelled(1);
        self.end(state);
        discard(body);
        true
    }

    /// The wait for it would never end, so the job ends here if it has not begun.
    fn refuse_locked(&self, state: MutexGuard<'_, State<F, R>>) -> JobError {
        if self.cancel_locked(state) {
            self.queue.forget(self.id());
        }
        JobError::WouldDeadlock
    }

    fn sleep<'a>(
        &'a self,
        mut state: MutexGuard<'a, State<F, R>>,
        awaited: Awaited,
        deadline: &Deadline,
    ) -> MutexGuard<'a, State<F, R>> {
        state.awaited = awaited;
        // A loop: a wake-up may be spurious.
        while state.phase.is_open() && !deadline.has_passed() {
            state = self.changed.wait_until(state, deadline);
        }
        state
    }
}

impl<F, R> Queued for JobCell<F, R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    fn id(&self) -> Id {
        self.id()
    }

    fn jobs(&self) -> usize {
        1
    }

    fn is_batch(&self) -> bool {
        false
    }

    fn has_more(&self) -> bool {
        false
    }

    // ANCHOR: run
    fn run(&self, worker: &Worker<'_>) {
        let mut state = self.state.lock();
        let body = match std::mem::replace(&mut state.phase, Phase::Running) {
            Phase::Queued(body) => body,
            // It was cancelled, and may have been joined since.
            cancelled => {
                state.phase = cancelled;
                return;
            }
        };
        drop(state);
        let outcome = caught(worker.name, body).map_err(JobError::Panicked);
        worker.count(1, usize::from(outcome.is_err()));
        let mut state = self.state.lock();
        state.phase = Phase::Done(outcome);
        self.end(state);
    }
    // ANCHOR_END: run

    fn cancel(&self) -> u64 {
        u64::from(self.cancel_locked(self.state.lock()))
    }
}

impl<F: Send, R: Send> Cancel for JobCell<F, R> {
    fn cancel(&self) -> bool {
        self.cancel_locked(self.state.lock())
    }

    fn is_finished(&self) -> bool {
        !self.state.lock().phase.is_open()
    }
}

impl<F: Send, R: Send> Cell<R> for JobCell<F, R> {
    fn join(&self) -> Result<R, JobError> {
        let mut state = self.state.lock();
        if state.phase.is_open() {
            let awaited = match self.queue.wait_for(Wait::on(self.id())) {
                Ok(is_worker) => Awaited::by(is_worker),
                Err(_) => return Err(self.refuse_locked(state)),
            };
            state = self.sleep(state, awaited, &Deadline::never());
        }
        state.take()
    }

    fn join_until(&self, deadline: &Deadline) -> Option<Result<R, JobError>> {
        let mut state = self.state.lock();
        if state.phase.is_open() {
            let awaited = match deadline.is_never() {
                true => Awaited::by(self.queue.wait_for(Wait::on(self.id())).ok()?),
                // It goes on by itself, so the pool need not count it.
                false => Awaited::Thread,
            };
            state = self.sleep(state, awaited, deadline);
        }
        let has_ended = !state.phase.is_open();
        has_ended.then(|| state.take())
    }

    fn refuse(&self) -> JobError {
        self.refuse_locked(self.state.lock())
    }

    fn id(&self) -> Id {
        self.id()
    }
}

impl Awaited {
    fn by(is_worker: bool) -> Self {
        match is_worker {
            true => Self::Worker,
            false => Self::Thread,
        }
    }
}

impl<F, R> State<F, R> {
    fn take(&mut self) -> Result<R, JobError> {
        match std::mem::replace(&mut self.phase, Phase::Taken) {
            Phase::Done(outcome) => outcome,
            _ => Err(JobError::Cancelled),
        }
    }
}

/// Whoever is the job's last owner: a body that never ran and an output that nobody took are the
/// caller's, and a panic in their `Drop` is nobody's.
impl<F, R> Drop for State<F, R> {
    fn drop(&mut self) {
        discard(std::mem::replace(&mut self.phase, Phase::Taken));
    }
}

impl<F, R> Phase<F, R> {
    fn is_open(&self) -> bool {
        matches!(self, Phase::Queued(_) | Phase::Running)
    }
}

impl<F, R> fmt::Debug for JobCell<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobCell").finish_non_exhaustive()
    }
}
