//! Give back what the thread has counted.

use std::thread;

/// How many words the text has, counted by a thread of its own.
pub(super) fn solve(text: String) -> usize {
    let counter = thread::spawn(move || text.split_whitespace().count());
    // Your turn: the thread has an answer.
    drop(counter);
    0
}
