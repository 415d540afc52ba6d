//! An order of steps that loses an update.

/// Two threads, A and B, each read a count and then write it, one higher. A
/// letter for each step.
pub(super) fn solve() -> &'static str {
    // Your turn: in this order both updates are there.
    "AABB"
}
