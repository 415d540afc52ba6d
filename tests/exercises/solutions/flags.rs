//! Stop a list of watchers; a misspelt name is reported, and the others are stopped.

use threadproof::StopFlags;

pub(super) fn solve(flags: &StopFlags<&'static str>, names: &[&'static str]) -> Vec<&'static str> {
    // Not `?`: the names after a misspelt one are to be stopped, too.
    let unknown = names.iter().filter(|name| flags.stop(*name).is_err());
    unknown.copied().collect()
}
