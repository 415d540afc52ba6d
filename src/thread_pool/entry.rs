//! What the queue holds, and what a worker is to it.
//!
//! ```text
//!   queue ── claim ──▶ worker ── run ──▶ job, batch ── count ──▶ the worker's own report
//!         └─ cancel ─────────────────▶ job, batch
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | `run`, `cancel` | nothing, then the entry's own locks | what the entry says | who waits for it |
//! | `count` | the lock of the worker's report, which only `report` takes, too | the report | nobody |

use std::cell::Cell;
use std::fmt::Debug;

use super::blocked::Id;
use super::report::PoolReport;
use crate::sync::Mutex;

/// Something that waits in the queue.
pub(crate) trait Queued: Send + Sync + Debug {
    /// By which those who wait for it name it.
    fn id(&self) -> Id;
    /// How many jobs it is made of.
    fn jobs(&self) -> usize;
    /// Whether several workers may work on it at once; it leaves the queue when one finds it empty.
    fn is_batch(&self) -> bool;
    /// Whether a batch has inputs that nobody has claimed.
    fn has_more(&self) -> bool;
    /// Runs the job, or the batch's inputs until none is left, and counts them. No panic comes out.
    fn run(&self, worker: &Worker<'_>);
    /// Takes back what has not begun; says how much.
    fn cancel(&self) -> u64;
}

/// A worker as its jobs see it.
#[derive(Debug)]
pub(crate) struct Worker<'a> {
    pub(crate) name: &'a str,
    ended: &'a Mutex<PoolReport>,
    since_last_claim: Cell<u64>,
}

impl<'a> Worker<'a> {
    pub(crate) fn new(name: &'a str, ended: &'a Mutex<PoolReport>) -> Self {
        let since_last_claim = Cell::new(0);
        Self {
            name,
            ended,
            since_last_claim,
        }
    }

    /// Counts jobs that it ran, some of which panicked; before anybody can hear of their end.
    pub(crate) fn count(&self, jobs: usize, panicked: usize) {
        self.since_last_claim.update(|before| before + jobs as u64);
        let mut ended = self.ended.lock();
        ended.completed += (jobs - panicked) as u64;
        ended.panicked += panicked as u64;
    }

    /// How many jobs it has counted since this was asked before.
    pub(super) fn since_last_claim(&self) -> u64 {
        self.since_last_claim.take()
    }
}
