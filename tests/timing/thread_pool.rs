//! Jobs that sleep really sleep at the same time.

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use threadproof::ThreadPool;

use crate::support::{count, ends};

const NAP: Duration = Duration::from_millis(150);

fn three_naps(workers: usize) -> Duration {
    let pool = ThreadPool::new(count(workers)).unwrap();
    let start = Instant::now();
    let naps = pool.map([NAP; 3], thread::sleep);
    assert_eq!(naps, [Ok(()), Ok(()), Ok(())]);
    start.elapsed()
}

#[test]
fn three_sleeping_jobs_on_three_workers_take_less_than_on_one() {
    let _alone = crate::alone();
    let meeting = Arc::new(Barrier::new(3));
    let met = ends(move || {
        let pool = ThreadPool::new(count(3)).unwrap();
        pool.map([(); 3], move |()| meeting.wait().is_leader())
    });
    assert_eq!(met.len(), 3, "three jobs met, so they ran at once");

    // The best of five: a busy machine makes one round late, but never early.
    let at_once = (0..5).map(|_| three_naps(3)).min().unwrap();
    let one_by_one = three_naps(1);
    assert!(one_by_one >= 3 * NAP, "{one_by_one:?}");
    assert!(at_once >= NAP, "{at_once:?}");
    assert!(
        at_once < one_by_one.mul_f64(0.6),
        "{at_once:?} of {one_by_one:?}"
    );
}
