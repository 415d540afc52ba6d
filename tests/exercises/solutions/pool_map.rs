//! A panic costs its own job only.

use threadproof::ThreadPool;

pub(super) fn solve(
    pool: &ThreadPool,
    names: Vec<&'static str>,
    measure: fn(&'static str) -> usize,
) -> (Vec<usize>, Vec<&'static str>) {
    let outputs = pool.map(names.clone(), measure);
    let (mut sizes, mut failed) = (Vec::new(), Vec::new());
    // `outputs[i]` belongs to `names[i]`.
    for (name, output) in names.into_iter().zip(outputs) {
        match output {
            Ok(size) => sizes.push(size),
            Err(_) => failed.push(name),
        }
    }
    (sizes, failed)
}
