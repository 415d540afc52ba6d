#[path = "../solutions/borrowing.rs"]
mod solution;
#[path = "../starters/borrowing.rs"]
mod starter;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use super::Exercise;

pub(super) const EXERCISE: Exercise = Exercise {
    name: "borrowing",
    task: "Two threads add up one list, and nobody copies it.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "was copied",
};

/// Who has looked at the numbers, and how often one was copied.
#[derive(Default)]
struct Notes {
    copies: usize,
    readers: HashSet<ThreadId>,
}

// ANCHOR: types
pub(super) struct Number(i64, Arc<Mutex<Notes>>);

impl Number {
    fn value(&self) -> i64 {
        let reader = thread::current().id();
        self.1.lock().expect("nobody panics").readers.insert(reader);
        self.0
    }
}
// ANCHOR_END: types

impl Clone for Number {
    fn clone(&self) -> Self {
        self.1.lock().expect("nobody panics").copies += 1;
        Self(self.0, self.1.clone())
    }
}

fn check(sum: fn(&[Number]) -> i64) {
    let notes = Arc::new(Mutex::new(Notes::default()));
    let numbers: Vec<Number> = (1..=100).map(|n| Number(n, notes.clone())).collect();
    assert_eq!(sum(&numbers), 5050, "the sum of 1 to 100");
    let notes = notes.lock().expect("nobody panics");
    assert_eq!(
        notes.copies, 0,
        "a number was copied, {} times in all",
        notes.copies
    );
    let main = thread::current().id();
    assert_eq!(notes.readers.len(), 2, "two threads are to read");
    assert!(
        !notes.readers.contains(&main),
        "each half is to have a thread of its own"
    );
}
