//! P1, P5: every input is handed out once, whoever asks, whoever gives back.

use std::sync::Arc;
use std::vec::IntoIter;

use super::harness::{Bound, Seen, holds};
use crate::chunk_size::ChunkSize;
use crate::chunks::{Chunk, Chunks};
use crate::lifecycle::Panicked;
use crate::outcomes::{Outcomes, in_order, run_chunk};
use crate::sync::thread;

type Inputs = Chunks<IntoIter<u32>>;

fn inputs(number: u32, workers: usize) -> Arc<Inputs> {
    let inputs: Vec<u32> = (0..number).collect();
    Arc::new(Chunks::new(inputs.into_iter(), workers))
}

/// A worker of both maps: claims until nothing is left. Each input with its index.
fn claim_all(inputs: &Inputs, wanted: usize) -> Vec<(usize, u32)> {
    let chunks = std::iter::from_fn(|| inputs.claim(wanted));
    let indexed = chunks.flat_map(|chunk| (chunk.first..).zip(chunk.inputs));
    indexed.collect()
}

/// P5
#[test]
fn each_input_is_claimed_once_with_its_index() {
    let shares = Seen::new();
    let seen = shares.clone();
    holds(Bound::Exhaustive, move || {
        let inputs = inputs(3, 2);
        let other = {
            let inputs = inputs.clone();
            thread::spawn(move || claim_all(&inputs, 1))
        };
        let mut claimed = claim_all(&inputs, 1);
        seen.add(claimed.len());
        claimed.extend(other.join().unwrap());
        claimed.sort_unstable();
        assert_eq!(claimed, [(0, 0), (1, 1), (2, 2)]);
    });
    shares.are_exactly([0, 1, 2, 3]);
}

/// P5: also when what is left, and with it the length of a chunk, changes under the claimer.
#[test]
fn chunks_neither_overlap_nor_leave_gaps() {
    holds(Bound::Exhaustive, || {
        let inputs = inputs(6, 1);
        let other = {
            let inputs = inputs.clone();
            thread::spawn(move || claim_all(&inputs, 2))
        };
        let mut claimed = claim_all(&inputs, 3);
        claimed.extend(other.join().unwrap());
        claimed.sort_unstable();
        assert!(claimed.into_iter().eq((0..6).zip(0..)));
    });
}

/// P5, P6: claimed or cancelled, never both and never neither.
#[test]
fn each_input_is_claimed_or_cancelled() {
    let counts = Seen::new();
    let seen = counts.clone();
    holds(Bound::Exhaustive, move || {
        let inputs = inputs(3, 2);
        let worker = {
            let inputs = inputs.clone();
            thread::spawn(move || claim_all(&inputs, 1))
        };
        let cancelled = inputs.cancel().into_iter().map(Chunk::discard);
        let cancelled: Vec<usize> = cancelled.flatten().collect();
        let claimed = worker.join().unwrap();
        assert!(claimed.iter().copied().eq((0..claimed.len()).zip(0..)));
        assert!((claimed.len()..3).eq(cancelled.iter().copied()));
        assert!(inputs.cancel().is_empty(), "nothing is cancelled twice");
        seen.add(cancelled.len());
    });
    counts.are_exactly([0, 1, 2, 3]);
}

/// A worker of `scoped_map`, with chunks of two: its outcomes, and how often it gave inputs back.
fn work(inputs: &Inputs) -> (Vec<Outcomes<u32, Panicked>>, usize) {
    let (mut all, mut gave_back, mut size) = (Vec::new(), 0, ChunkSize::fixed(2));
    while let Some(chunk) = inputs.claim_or_wait(size.length()) {
        let (outcomes, finished) =
            run_chunk("worker", inputs, chunk, &mut size, |input| 10 * input);
        all.push(outcomes);
        gave_back += usize::from(finished.gave_back);
    }
    (all, gave_back)
}

/// P1, P5: what a worker has claimed and not begun is done by others that have nothing to do.
#[test]
fn inputs_given_back_are_run_once_and_keep_their_places() {
    let counts = Seen::new();
    let seen = counts.clone();
    holds(Bound::Exhaustive, move || {
        // As for one worker: so the first chunk has two inputs, and none is left for the other one.
        let inputs = inputs(4, 1);
        // Neither is the model's own thread: of what that one reads, loom shows too little.
        let workers = [(); 2].map(|()| {
            let inputs = inputs.clone();
            thread::spawn(move || work(&inputs))
        });
        let [(mut all, given_back), (others, by_other)] =
            workers.map(|worker| worker.join().unwrap());
        seen.add(given_back + by_other);
        all.extend(others);
        assert_eq!(in_order(all), [Ok(0), Ok(10), Ok(20), Ok(30)]);
    });
    counts.are_exactly([0, 1]);
}

/// P10: once an input is known to have failed, what comes after it does not begin.
#[test]
fn what_lies_beyond_the_limit_is_handed_back_and_not_run() {
    let counts = Seen::new();
    let seen = counts.clone();
    holds(Bound::Preemptions(3), move || {
        let inputs = inputs(4, 1);
        let limits = {
            let inputs = inputs.clone();
            thread::spawn(move || inputs.limit(2))
        };
        // A thread of its own: of what the model's own thread reads, loom shows too little.
        let worker = thread::spawn(move || {
            let (mut ran, mut beyond, mut size) = (0, Vec::new(), ChunkSize::fixed(2));
            while let Some(chunk) = inputs.claim(size.length()) {
                let run = |input| input;
                let (outcomes, finished): (Outcomes<u32, Panicked>, _) =
                    run_chunk("worker", &inputs, chunk, &mut size, run);
                ran += outcomes.length();
                beyond.extend(finished.beyond.into_iter().flat_map(Chunk::discard));
            }
            (ran, beyond)
        });
        limits.join().unwrap();
        let (ran, mut beyond) = worker.join().unwrap();
        beyond.sort_unstable();
        assert!(ran >= 2);
        assert!(beyond.iter().copied().eq(ran..4));
        seen.add(ran);
    });
    counts.are_exactly([2, 3, 4]);
}

/// P10: what was claimed in one go with the input that fails does not begin, whoever has it.
#[test]
fn input_that_fails_ends_its_chunk() {
    holds(Bound::Preemptions(3), || {
        // As for one worker: so the first chunk has two inputs.
        let inputs = inputs(4, 1);
        let work = |inputs: &Inputs| {
            let (mut ran, mut size) = (0, ChunkSize::fixed(2));
            while let Some(chunk) = inputs.claim_or_wait(size.length()) {
                let run = |input| {
                    assert_ne!(input, 1, "it was claimed with input 0");
                    if input == 0 {
                        inputs.limit(1);
                    }
                };
                let (outcomes, _): (Outcomes<(), Panicked>, _) =
                    run_chunk("worker", inputs, chunk, &mut size, run);
                assert_eq!(outcomes.errors(), 0);
                ran += outcomes.length();
            }
            ran
        };
        let other = {
            let inputs = inputs.clone();
            thread::spawn(move || work(&inputs))
        };
        let ran = work(&inputs) + other.join().unwrap();
        assert!((1..=3).contains(&ran));
    });
}

/// P10: whichever of two inputs fails first, the earlier one sets the limit.
#[test]
fn lowest_of_two_limits_stays() {
    holds(Bound::Exhaustive, || {
        let inputs = inputs(3, 1);
        let limits = [1, 2].map(|index| {
            let inputs = inputs.clone();
            thread::spawn(move || inputs.limit(index))
        });
        for limit in limits {
            limit.join().unwrap();
        }
        assert!(inputs.may_begin(0));
        assert!(!inputs.may_begin(1), "index 1 may begin");
    });
}

/// P5, P10: a chunk whose first input might not begin any more has an empty list of outcomes; what became
/// of that input stands in the next one. Many of them, since a sort of a few is stable.
#[test]
fn chunks_of_which_nothing_began_leave_no_gap() {
    holds(Bound::Exhaustive, || {
        let began = |index| Outcomes::<usize, usize>::refused(index..index + 1, &index);
        let nothing = |index| Outcomes::<usize, usize>::refused(index..index, &0);
        let each = |index| [began(index), nothing(index)];
        let all: Vec<_> = (0..100).flat_map(each).collect();
        assert!(in_order(all).into_iter().eq((0..100).map(Err)));
    });
}

/// P5: several may wait for what the last one gives back; all of them hear that it gives nothing.
#[test]
fn all_who_wait_hear_that_nothing_is_left() {
    holds(Bound::Preemptions(2), || {
        let inputs = inputs(1, 3);
        let workers = [(); 3].map(|()| {
            let inputs = inputs.clone();
            thread::spawn(move || work(&inputs).0)
        });
        let all = workers.map(|worker| worker.join().unwrap());
        assert_eq!(in_order(all.into_iter().flatten().collect()), [Ok(0)]);
    });
}
