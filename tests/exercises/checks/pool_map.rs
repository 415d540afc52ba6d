#[path = "../solutions/pool_map.rs"]
mod solution;
#[path = "../starters/pool_map.rs"]
mod starter;

use std::num::NonZeroUsize;
use threadproof::ThreadPool;

use super::Exercise;

pub(super) const EXERCISE: Exercise = Exercise {
    name: "pool-map",
    task: "A panic costs its own job only.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "b.txt cannot be read",
};

type Measure = fn(&'static str) -> usize;
type Solve = fn(&ThreadPool, Vec<&'static str>, Measure) -> (Vec<usize>, Vec<&'static str>);

fn check(solve: Solve) {
    let measure = |name: &'static str| match name {
        "b.txt" => panic!("b.txt cannot be read"),
        _ => name.len(),
    };
    let two = NonZeroUsize::new(2).expect("not zero");
    let pool = ThreadPool::new(two).expect("threads can be started");
    let (sizes, failed) = solve(&pool, vec!["a.txt", "b.txt", "long.txt"], measure);
    assert_eq!(sizes, [5, 8], "the sizes of those that could be read");
    assert_eq!(
        failed,
        ["b.txt"],
        "the names of those that could not be read"
    );
    let next = pool.submit(|| "open").expect("the pool goes on");
    assert_eq!(next.join(), Ok("open"), "the pool is to be open afterwards");
}
