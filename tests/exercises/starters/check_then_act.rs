//! Check and act are one step.

use threadproof::{LockedFlags, Registration};

type Flags = LockedFlags<&'static str>;
type Worker<'a> = Registration<'a, &'static str>;

/// Acts, unless the worker was stopped; says whether it did. No `stop` may
/// come in between.
pub(super) fn solve(flags: &Flags, worker: &Worker<'_>, act: &dyn Fn()) -> bool {
    let is_stopped = flags.is_stopped(worker.key()).expect("it is registered");
    // Your turn: what may another thread do here?
    if !is_stopped {
        act();
    }
    !is_stopped
}
