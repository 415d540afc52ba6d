//! Start all, then join all.

use threadproof::{JoinError, start};

type Part = Box<dyn FnOnce() -> u32 + Send>;

/// Runs every part on a thread of its own, all at once. Gives their outputs
/// in the order of the parts.
pub(super) fn solve(parts: Vec<Part>) -> Result<Vec<u32>, JoinError> {
    let mut outputs = Vec::new();
    for part in parts {
        let running = start("part", part).expect("a thread can be started");
        // Your turn: who is running while this waits?
        outputs.push(running.join()?);
    }
    Ok(outputs)
}
