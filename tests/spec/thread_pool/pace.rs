//! How many inputs a worker of a `map` claims in one go, seen from outside.
//!
//! Outcomes are counted as each chunk ends. So in a pool of one worker the number of those that have
//! ended, asked inside a job, is the index at which the worker's chunk begins.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use threadproof::start;

use super::{gate_and_clone, pool};
use crate::support::{ends, until};

/// So long that a chunk of one such job is more than long enough.
const SLOW: Duration = Duration::from_millis(1);

/// The chunks of one map, in order; those inputs are slow of which `is_slow` says so.
fn chunks(
    inputs: usize,
    is_slow: impl Fn(usize) -> bool + Send + Sync + 'static,
) -> Vec<Range<usize>> {
    let pool = Arc::new(pool(1));
    let inside = pool.clone();
    let begin_of_chunk = move |number| {
        if is_slow(number) {
            thread::sleep(SLOW);
        }
        inside.report().completed as usize
    };
    let begins = pool.map(0..inputs, begin_of_chunk).into_iter();
    let mut begins: Vec<_> = begins.map(Result::unwrap).collect();
    begins.dedup();
    let ends = begins.iter().skip(1).chain([&inputs]);
    begins.iter().zip(ends).map(|(b, e)| *b..*e).collect()
}

/// A busy machine may hold up a chunk, but not every time.
#[test]
fn a_worker_claims_more_and_more_tiny_jobs_in_one_go() {
    let longest = (0..20).map(|_| {
        let chunks = chunks(4000, |_| false);
        assert_eq!(chunks[0].len(), 1, "nobody knows yet how long they take");
        let doubles = |two: &[Range<usize>]| two[1].len() <= 2 * two[0].len();
        assert!(chunks.windows(2).all(doubles), "at most: {chunks:?}");
        // The last ones are short, so that workers end together.
        assert_eq!(chunks.last().unwrap().len(), 1);
        chunks.iter().map(Range::len).max().unwrap()
    });
    let longest = longest.max().unwrap();
    assert!(longest >= 32, "at most {longest} in one go");
}

#[test]
fn slow_jobs_are_claimed_one_by_one() {
    let chunks = chunks(30, |_| true);
    assert_eq!(chunks, Vec::from_iter((0..30).map(|n| n..n + 1)));
}

/// The chunk in which they begin was claimed for tiny jobs, and the next one may be judged by what was
/// tiny in it; after that they are claimed one by one.
#[test]
fn once_jobs_are_slow_they_are_claimed_one_by_one() {
    const SLOW_ONES: Range<usize> = 100..300;
    for _ in 0..3 {
        let mut chunks = chunks(600, |number| SLOW_ONES.contains(&number));
        chunks.retain(|chunk| SLOW_ONES.start <= chunk.start && chunk.end <= SLOW_ONES.end);
        assert!(
            chunks[1..].iter().all(|chunk| chunk.len() == 1),
            "{chunks:?}"
        );
    }
}

/// What a worker has claimed in one go and not begun goes to one that has nothing to do: here two of
/// those inputs must be under way at once.
#[test]
fn what_a_slow_worker_has_claimed_goes_to_one_that_has_nothing_to_do() {
    const INPUTS: usize = 2000;
    // How many inputs are claimed in one go is a matter of time: now and then it is too few.
    let was_seen = (0..100).any(|_| {
        let pool = Arc::new(pool(2));
        let (gate, theirs) = gate_and_clone();
        let (ran, meets) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (inside, count, is_to_meet) = (pool.clone(), ran.clone(), meets.clone());
        let meeting = Barrier::new(2);
        let function = move |number| {
            if number == INPUTS / 3 {
                theirs.wait();
            } else {
                let one_less = |left: usize| left.checked_sub(1);
                let left = is_to_meet.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
                if left.is_ok() {
                    meeting.wait();
                }
            }
            count.fetch_add(1, Ordering::Relaxed);
        };
        let map = start("map", move || inside.map(0..INPUTS, function)).unwrap();
        until(|| gate.n_waiting() == 1);
        // It stands behind the map, and runs once the other worker has found no more inputs.
        assert_eq!(pool.submit(|| ()).unwrap().join(), Ok(()));
        let claimed = INPUTS - 1 - ran.load(Ordering::Relaxed);
        if claimed >= 2 {
            meets.store(2, Ordering::Relaxed);
        }
        // Now the chunk takes long.
        thread::sleep(SLOW);
        gate.set();
        let outcomes = ends(move || map.join()).unwrap();
        assert!(outcomes.iter().all(Result::is_ok));
        claimed >= 2
    });
    assert!(was_seen);
}
