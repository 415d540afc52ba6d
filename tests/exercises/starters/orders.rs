//! An order of steps that loses one update of four.

/// Two threads, A and B, each count up twice: they read a count and then write
/// it, one higher, and do so once more. A letter for each of the eight steps.
pub(super) fn solve() -> &'static str {
    // Your turn: in this order all four updates are there.
    "AAAABBBB"
}
