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
    assert!(
        pool.report().submitted() >= 3,
        "each file is to be measured by a job of the pool"
    );
    let next = pool.submit(|| "open").expect("the pool goes on");
    assert_eq!(next.join(), Ok("open"), "the pool is to be open afterwards");
}

#[cfg(test)]
mod tests {
    use super::super::what_is_wrong;
    use super::{Measure, ThreadPool, check};

    #[test]
    fn who_leaves_the_pool_alone_is_told_so() {
        fn by_itself(
            _: &ThreadPool,
            names: Vec<&'static str>,
            measure: Measure,
        ) -> (Vec<usize>, Vec<&'static str>) {
            let size = |name: &&'static str| std::panic::catch_unwind(|| measure(name)).ok();
            let failed = names.iter().copied().filter(|name| size(name).is_none());
            (names.iter().filter_map(size).collect(), failed.collect())
        }
        let told = what_is_wrong(|| check(by_itself)).expect("it is wrong");
        assert!(told.contains("job of the pool"), "{told}");
    }
}
