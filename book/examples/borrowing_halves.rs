//! Two threads change one array, each its own half.

use std::thread;

fn main() {
    let mut numbers = [1, 2, 3, 4];
    let (left, right) = numbers.split_at_mut(2);
    thread::scope(|scope| {
        scope.spawn(|| left.iter_mut().for_each(|number| *number *= 10));
        scope.spawn(|| right.iter_mut().for_each(|number| *number *= 100));
    });
    println!("{numbers:?}");
}
