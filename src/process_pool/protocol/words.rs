//! What the driver and the protocol say to each other.
//!
//! ```text
//!   driver ── Event ──▶ protocol ── Action, Action, … ──▶ driver
//! ```

use std::ops::Range;

/// A job: its map and its place in it. What is submitted alone is a map of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Job {
    pub(crate) map: u64,
    pub(crate) index: u64,
}

/// Jobs of one map that stand one after the other. However many: one entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Jobs {
    pub(crate) map: u64,
    pub(crate) range: Range<u64>,
}

/// One process. Its successor has the same number and the next life, so that late news of a dead worker are
/// not taken for news of the living one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct WorkerId {
    pub(crate) number: usize,
    pub(crate) life: u32,
}

/// What the driver has seen.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// New jobs. A chunk is never of two submissions, and, where they are tiny, no shorter than `least`
    /// for no other reason than that few are left.
    Submitted {
        jobs: Jobs,
        least: u64,
    },
    /// Those of these jobs that are queued shall never run.
    Cancel(Jobs),
    CancelAll,
    /// The job shall not go on; if it runs, its worker is killed.
    KillJob(Job),
    /// No more jobs; the pool ends when those that it has have ended.
    Close,
    /// Nothing goes on, and nothing is started.
    Kill,
    Of(WorkerId, News),
}

/// What the driver has to say of a worker, in the order in which the worker did it; a death comes last.
#[derive(Clone, Debug)]
pub(crate) enum News {
    Hello,
    /// So many jobs would now fill a chunk. 1 until it is said; stays 1 where a death loses answers.
    Paced(u64),
    /// The next `jobs` of the chunk have ended, with an output or (`panicked` of them) with a panic.
    Answered {
        chunk: u64,
        jobs: u64,
        panicked: u64,
    },
    /// It stands still, and all that it had said before was heard.
    Frozen,
    /// It took too long to start, or to end after its channel was closed.
    TimedOut,
    /// The job, as far as is known the one that runs, took too long.
    JobTimedOut(Job),
    /// It has ended and is reaped, or it could not be started. `in_doubt`: how many jobs it had begun and not
    /// answered; `None` if that cannot be known.
    Died {
        in_doubt: Option<u64>,
    },
}

/// What the driver is to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// Start it; after a pause if this is not the first attempt. `Died` if it cannot be started.
    Start {
        worker: WorkerId,
        attempt: u32,
    },
    Send {
        worker: WorkerId,
        chunk: u64,
        jobs: Jobs,
    },
    /// Make it stand still (SIGSTOP), hear what it has said, then say `Frozen`.
    Freeze(WorkerId),
    Thaw(WorkerId),
    /// Close its channel, so that it ends by itself.
    CloseWorker(WorkerId),
    KillWorker(WorkerId),
    Deliver {
        jobs: Jobs,
        outcome: Outcome,
    },
    /// No worker is left, and no job.
    Ended(Report),
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Outcome {
    /// The answers just heard are the outcomes.
    Answered,
    Crashed {
        has_begun: bool,
    },
    TimedOut,
    Cancelled,
    /// Workers die or fail to start again and again, and none is left.
    Broken,
}

/// How the jobs ended; the sum is the number of jobs submitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Report {
    pub(crate) completed: u64,
    pub(crate) panicked: u64,
    pub(crate) crashed: u64,
    pub(crate) timed_out: u64,
    pub(crate) cancelled: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Settings {
    pub(crate) workers: usize,
    /// After so many jobs a worker is replaced.
    pub(crate) jobs_per_worker: u64,
    /// So many crashes and failed starts in a row, without an answer in between, do not break the pool.
    pub(crate) crashes: u32,
    /// A job is given up after so many workers died with it in hand, each before it began.
    pub(crate) strikes: u32,
}

impl From<Job> for Jobs {
    fn from(Job { map, index }: Job) -> Self {
        Self {
            map,
            range: index..index + 1,
        }
    }
}

impl Report {
    pub(super) fn count(&mut self, outcome: Outcome) -> &mut u64 {
        match outcome {
            Outcome::Answered => &mut self.completed,
            Outcome::Crashed { .. } => &mut self.crashed,
            Outcome::TimedOut => &mut self.timed_out,
            Outcome::Cancelled | Outcome::Broken => &mut self.cancelled,
        }
    }
}
