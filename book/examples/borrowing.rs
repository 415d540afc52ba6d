//! Two threads look at one array of main's.

use std::thread;

fn main() {
    let words = ["to", "be", "or", "not", "to", "be"];
    let (first, second) = words.split_at(3);
    let letters = thread::scope(|scope| {
        let one = scope.spawn(|| first.concat().len());
        let two = scope.spawn(|| second.concat().len());
        one.join().unwrap() + two.join().unwrap()
    });
    println!("{words:?} have {letters} letters");
}
