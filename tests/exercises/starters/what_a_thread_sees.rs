//! For each access the weakest ordering that is enough.

use std::sync::atomic::Ordering;

/// The four accesses of a writer and a reader, in this order:
/// 1. the writer stores a price,
/// 2. then it raises a flag;
/// 3. the reader looks until the flag is raised,
/// 4. then it loads the price.
pub(super) fn solve() -> [Ordering; 4] {
    // Your turn: which of them carry the edge?
    [Ordering::Relaxed; 4]
}
