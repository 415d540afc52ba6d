//! Four threads count into one map, and no count is lost.

use std::collections::HashMap;
use std::sync::Mutex;

pub(super) type Counts = Mutex<HashMap<&'static str, u32>>;

/// Counts each word once, as one of several threads that share the counts.
pub(super) fn solve(counts: &Counts, words: &[&'static str]) {
    for word in words {
        let count = counts.lock().unwrap().get(word).copied().unwrap_or(0);
        // Your turn: who is here meanwhile?
        std::thread::yield_now();
        counts.lock().unwrap().insert(word, count + 1);
    }
}
