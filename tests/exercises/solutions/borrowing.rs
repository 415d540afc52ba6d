//! Two threads add up one list, and nobody copies it.

use std::thread;

use super::Number;

pub(super) fn solve(numbers: &[Number]) -> i64 {
    let (first, second) = numbers.split_at(numbers.len() / 2);
    thread::scope(|scope| {
        let first = scope.spawn(|| first.iter().map(Number::value).sum::<i64>());
        let second = scope.spawn(|| second.iter().map(Number::value).sum::<i64>());
        first.join().unwrap() + second.join().unwrap()
    })
}
