//! A panic costs its own job only.

use threadproof::ThreadPool;

use crate::support::{count, ends};

// ANCHOR: starter
/// Measures every file on the pool.
/// Gives the sizes, and the names of those that could not be measured.
fn starter(
    pool: &ThreadPool,
    names: Vec<&'static str>,
    measure: fn(&'static str) -> usize,
) -> (Vec<usize>, Vec<&'static str>) {
    let outputs = pool.map(names, measure);
    // Your turn: one job panicked, and the outputs of the others are here.
    let sizes = outputs.into_iter().map(|output| output.unwrap()).collect();
    (sizes, Vec::new())
}
// ANCHOR_END: starter

// ANCHOR: solution
fn solution(
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
// ANCHOR_END: solution

type Solve = fn(
    &ThreadPool,
    Vec<&'static str>,
    fn(&'static str) -> usize,
) -> (Vec<usize>, Vec<&'static str>);

// ANCHOR: test
fn test(solve: Solve) {
    let measure = |name: &'static str| match name {
        "b.txt" => panic!("b.txt cannot be read"),
        _ => name.len(),
    };
    let pool = ThreadPool::new(count(2)).expect("threads can be started");
    let (sizes, failed) = solve(&pool, vec!["a.txt", "b.txt", "long.txt"], measure);
    assert_eq!((sizes, failed), (vec![5, 8], vec!["b.txt"]));
    let next = pool.submit(|| "open").expect("the pool goes on");
    assert_eq!(ends(move || next.join()), Ok("open"));
}
// ANCHOR_END: test

#[test]
fn the_starter_fails_and_the_solution_passes() {
    let because = "b.txt cannot be read";
    super::exercise("pool_map", || test(starter), because, || test(solution));
}
