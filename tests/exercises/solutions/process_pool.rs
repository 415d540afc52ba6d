//! After a crash, run again what may be run again.

use super::{End, Job};

pub(super) fn solve(jobs: &[Job]) -> Vec<usize> {
    let is_safe = |job: &Job| match job.end {
        End::Done => false,
        // It never began.
        End::Cancelled => true,
        // It may have done its work, all but the answer.
        End::Crashed => job.may_be_repeated,
    };
    (0..jobs.len()).filter(|&n| is_safe(&jobs[n])).collect()
}
