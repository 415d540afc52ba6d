//! Two threads add up one list, and nobody copies it.

use std::thread;

// A number that notes who reads it, and when it is copied.
use super::Number;

/// The sum of the numbers, the first half and the second one each on a
/// thread of its own. (That both work at once, no check here can see.)
pub(super) fn solve(numbers: &[Number]) -> i64 {
    let (first, second) = numbers.split_at(numbers.len() / 2);
    // Your turn: which kind of thread may borrow?
    let (first, second) = (first.to_vec(), second.to_vec());
    let first = thread::spawn(move || first.iter().map(Number::value).sum::<i64>());
    let second = thread::spawn(move || second.iter().map(Number::value).sum::<i64>());
    first.join().unwrap() + second.join().unwrap()
}
