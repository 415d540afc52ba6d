//! P1, P5: every index and every input is handed out once, whoever asks.

use std::sync::Arc;

use super::harness::{Bound, Seen, holds};
use crate::claims::{Counter, Inputs};
use crate::sync::thread;

/// A worker of both maps: claims until nothing is left.
fn claim_all(counter: &Counter, wanted: usize) -> Vec<usize> {
    let runs = std::iter::from_fn(|| counter.claim(wanted));
    runs.flatten().collect()
}

/// P5
#[test]
fn each_index_is_claimed_once() {
    let shares = Seen::new();
    let seen = shares.clone();
    holds(Bound::Exhaustive, move || {
        let counter = Arc::new(Counter::new(3, 2));
        let other = {
            let counter = counter.clone();
            thread::spawn(move || claim_all(&counter, 1))
        };
        let mut claimed = claim_all(&counter, 1);
        seen.add(claimed.len());
        claimed.extend(other.join().unwrap());
        claimed.sort_unstable();
        assert_eq!(claimed, [0, 1, 2]);
    });
    shares.are_exactly([0, 1, 2, 3]);
}

/// P5: also when what is left, and with it the length of a run, changes under the claimer.
#[test]
fn runs_of_indices_neither_overlap_nor_leave_gaps() {
    holds(Bound::Exhaustive, || {
        let counter = Arc::new(Counter::new(6, 1));
        let other = {
            let counter = counter.clone();
            thread::spawn(move || claim_all(&counter, 2))
        };
        let mut claimed = claim_all(&counter, 3);
        claimed.extend(other.join().unwrap());
        claimed.sort_unstable();
        assert_eq!(claimed, [0, 1, 2, 3, 4, 5]);
    });
}

/// P5: inputs come with their own indices.
#[test]
fn each_input_is_claimed_once_with_its_index() {
    holds(Bound::Exhaustive, || {
        let inputs = Arc::new(Inputs::new(vec![0, 1, 2], 2));
        let other = {
            let inputs = inputs.clone();
            thread::spawn(move || std::iter::from_fn(|| inputs.claim(1)).collect::<Vec<_>>())
        };
        let mut claimed: Vec<_> = std::iter::from_fn(|| inputs.claim(1)).collect();
        claimed.extend(other.join().unwrap());
        claimed.sort_unstable();
        assert_eq!(claimed, [(0, vec![0]), (1, vec![1]), (2, vec![2])]);
    });
}

/// P5, P6: claimed or cancelled, never both and never neither.
#[test]
fn each_input_is_claimed_or_cancelled() {
    let counts = Seen::new();
    let seen = counts.clone();
    holds(Bound::Exhaustive, move || {
        let inputs = Arc::new(Inputs::new(vec![0, 1, 2], 2));
        let worker = {
            let inputs = inputs.clone();
            thread::spawn(move || std::iter::from_fn(|| inputs.claim(1)).collect::<Vec<_>>())
        };
        let cancelled = inputs.cancel();
        let claimed = worker.join().unwrap();
        assert_eq!(claimed.len(), cancelled.start);
        assert!(
            claimed
                .into_iter()
                .map(|(first, _)| first)
                .eq(0..cancelled.start)
        );
        assert_eq!(cancelled.end, 3);
        assert_eq!(inputs.cancel(), 3..3, "nothing is cancelled twice");
        seen.add(cancelled.len());
    });
    counts.are_exactly([0, 1, 2, 3]);
}
