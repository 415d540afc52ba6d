//! No panic under a lock.

use std::sync::Mutex;

/// Moves an amount from the first account to the second. Who looks at both
/// never finds money missing. What the amount is, somebody else says; if
/// that panics, so does this, and nothing has moved.
pub(super) fn solve(accounts: &Mutex<[i64; 2]>, amount: &dyn Fn() -> i64) {
    let mut accounts = accounts.lock().unwrap();
    accounts[0] -= amount();
    // Your turn: `amount` is not your code, and it may panic.
    accounts[1] += amount();
}
