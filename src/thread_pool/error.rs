//! Why there is no output, and how a pool ends.

use crate::lifecycle::Panicked;

/// Why a job has no output.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// The job's body panicked; every other job is unaffected.
    #[error(transparent)]
    Panicked(#[from] Panicked),
    /// The job was cancelled before a worker began it; its body never ran.
    #[error("the job was cancelled before it began")]
    Cancelled,
    /// The wait for the job would never end, since workers of its pool would wait for one another. It
    /// was refused, and what had not begun never runs.
    #[error("workers of this pool would wait for one another for ever")]
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

/// Why an entry was not queued.
#[derive(Debug)]
pub(super) enum Refused {
    ShutDown,
    WouldNotEnd,
}
