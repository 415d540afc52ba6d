//! All orders of two threads.

/// Every order in which two threads can take `a` and `b` steps, as words of
/// A and B.
pub(super) fn solve(a: usize, b: usize) -> Vec<String> {
    // Your turn: these are the two in which nobody is interrupted.
    vec![
        "A".repeat(a) + &"B".repeat(b),
        "B".repeat(b) + &"A".repeat(a),
    ]
}
