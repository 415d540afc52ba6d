//! P7, P10: a map that gives what has ended, whoever asks for it.

use std::mem::ManuallyDrop;
use std::num::NonZeroUsize;
use std::sync::Arc;

use super::harness::{Bound, Seen, holds};
use crate::{JobError, Shutdown, ThreadPool};

const ONE: NonZeroUsize = NonZeroUsize::MIN;
const TWO: NonZeroUsize = ONE.saturating_add(1);

type Outcomes = Vec<(usize, Result<u32, JobError>)>;

fn ten_times(pool: &ThreadPool, inputs: &[u32]) -> Outcomes {
    let map = pool.map_unordered(inputs.to_vec(), TWO, |input| 10 * input);
    // Where loom has found a deadlock, a drop that takes locks would end the process.
    let mut map = ManuallyDrop::new(map);
    let outcomes = map.by_ref().collect();
    drop(ManuallyDrop::into_inner(map));
    outcomes
}

/// P10: none is lost, and none comes twice.
#[test]
fn outcomes_come_as_their_jobs_end() {
    let orders = Seen::new();
    let seen = orders.clone();
    holds(Bound::Preemptions(2), move || {
        let pool = ThreadPool::new(TWO).unwrap();
        let mut outcomes = ten_times(&pool, &[1, 2]);
        drop(pool);
        seen.add(outcomes.iter().map(|(index, _)| *index).collect::<Vec<_>>());
        outcomes.sort_by_key(|(index, _)| *index);
        assert_eq!(outcomes, [(0, Ok(10)), (1, Ok(20))]);
    });
    orders.are_exactly([vec![0, 1], vec![1, 0]]);
}

/// Runs `body` as a job of a pool, and ends the pool.
fn inside<R: Send + 'static>(
    workers: NonZeroUsize,
    body: impl Fn(&ThreadPool) -> R + Send + Sync + 'static,
    times: usize,
) -> Vec<R> {
    let (pool, body) = (Arc::new(ThreadPool::new(workers).unwrap()), Arc::new(body));
    let once = |_| {
        let (own, body) = (pool.clone(), body.clone());
        pool.submit(move || body(&own)).unwrap().join().unwrap()
    };
    let outputs = (0..times).map(once).collect();
    pool.shutdown(Shutdown::Drain);
    outputs
}

/// P7: every job ahead is refused, one after the other, and none twice.
#[test]
fn outcomes_that_the_only_worker_asks_for_are_refused() {
    holds(Bound::Exhaustive, || {
        let outcomes = inside(ONE, |pool| ten_times(pool, &[1, 2]), 1);
        let refused = || Err(JobError::WouldDeadlock);
        assert_eq!(outcomes, [[(0, refused()), (1, refused())]]);
    });
}

/// P7: who has slept and was woken counts as awake again, whichever worker asks next.
#[test]
fn outcomes_that_a_worker_waits_for_come_from_the_other() {
    holds(Bound::Preemptions(2), || {
        let outcomes = inside(TWO, |pool| ten_times(pool, &[1]), 2);
        assert_eq!(outcomes, [[(0, Ok(10))], [(0, Ok(10))]]);
    });
}
