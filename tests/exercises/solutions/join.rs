//! Start all, then join all.

use threadproof::{JoinError, Running, start};

type Part = Box<dyn FnOnce() -> u32 + Send>;

pub(super) fn solve(parts: Vec<Part>) -> Result<Vec<u32>, JoinError> {
    let start = |part| start("part", part).expect("a thread can be started");
    // `collect` is what starts them: an iterator does nothing until it is asked.
    let running: Vec<Running<u32>> = parts.into_iter().map(start).collect();
    running.into_iter().map(Running::join).collect()
}
