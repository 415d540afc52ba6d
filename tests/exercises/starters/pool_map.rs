//! A panic costs its own job only.

use threadproof::ThreadPool;

/// Measures every file on the pool. Gives the sizes, and the names of those
/// that could not be measured.
pub(super) fn solve(
    pool: &ThreadPool,
    names: Vec<&'static str>,
    measure: fn(&'static str) -> usize,
) -> (Vec<usize>, Vec<&'static str>) {
    let outputs = pool.map(names, measure);
    // Your turn: one job panicked, and the outputs of the others are here.
    let sizes = outputs.into_iter().map(|output| output.unwrap()).collect();
    (sizes, Vec::new())
}
