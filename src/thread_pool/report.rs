//! How the jobs of a pool ended.

use std::ops::AddAssign;

/// How the jobs of a pool ended, and how many have not; the sum is the number of jobs submitted.
///
/// The inputs of a map are jobs, too; those of a thread pool's map that comes after its shutdown are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolReport {
    /// Jobs whose body returned; of processes also those of unknown work, or that could not be sent or read.
    pub completed: u64,
    /// Jobs that were cancelled before they began, and those that were refused because to wait for
    /// them would have lasted for ever.
    pub cancelled: u64,
    /// Jobs whose body panicked.
    pub panicked: u64,
    /// Jobs whose worker process died; always 0 for threads.
    pub crashed: u64,
    /// Jobs that ran out of time; always 0 for threads.
    pub timed_out: u64,
    /// Jobs that have not begun; 0 once the pool has ended.
    pub queued: u64,
    /// Jobs that run at this moment; 0 once the pool has ended.
    pub running: u64,
}

impl PoolReport {
    /// How many jobs were submitted, whatever has become of them.
    pub fn submitted(&self) -> u64 {
        self.ended() + self.queued + self.running
    }

    /// How many jobs have ended, in one way or another.
    pub fn ended(&self) -> u64 {
        self.completed + self.cancelled + self.panicked + self.crashed + self.timed_out
    }
}

impl AddAssign for PoolReport {
    fn add_assign(&mut self, other: Self) {
        self.completed += other.completed;
        self.cancelled += other.cancelled;
        self.panicked += other.panicked;
        self.crashed += other.crashed;
        self.timed_out += other.timed_out;
        self.queued += other.queued;
        self.running += other.running;
    }
}
