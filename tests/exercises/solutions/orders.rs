//! An order of steps that loses an update.

pub(super) fn solve() -> &'static str {
    // B reads before A has written.
    "ABAB"
}
