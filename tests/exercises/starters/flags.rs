//! Stop a list of watchers; a misspelt name is reported, and the others are stopped.

use threadproof::StopFlags;

/// Stops each of the names, of which one may stand there twice. Gives those
/// that no watcher has.
pub(super) fn solve(flags: &StopFlags<&'static str>, names: &[&'static str]) -> Vec<&'static str> {
    for name in names {
        // Your turn: who hears of a name that is not there?
        let _ = flags.stop(name);
    }
    Vec::new()
}
