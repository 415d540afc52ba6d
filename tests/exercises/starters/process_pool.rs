//! After a crash, run again what may be run again.

use super::{End, Job};

/// The numbers of the jobs that are to be run again.
pub(super) fn solve(jobs: &[Job]) -> Vec<usize> {
    // Your turn: how far had a job come whose worker was killed?
    let lost = |job: &Job| job.end != End::Done;
    (0..jobs.len()).filter(|&n| lost(&jobs[n])).collect()
}
