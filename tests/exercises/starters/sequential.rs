//! One failure must not hide the other outcomes.

/// Tries every file, in the order given, and gives an outcome for each.
pub(super) fn solve(
    names: &[&str],
    fetch: &dyn Fn(&str) -> Result<usize, String>,
) -> Vec<Result<usize, String>> {
    let mut outcomes = Vec::new();
    for name in names {
        let outcome = fetch(name);
        // Your turn: the others have done nothing wrong.
        let is_over = outcome.is_err();
        outcomes.push(outcome);
        if is_over {
            break;
        }
    }
    outcomes
}
