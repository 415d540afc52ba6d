//! Two locks, always in the same order.

use super::Account;

/// Moves an amount from one account to another. Nobody sees the amount in
/// both, or in neither.
pub(super) fn solve(from: &Account, to: &Account, amount: i64) {
    // Your turn: another thread moves an amount from `to` to `from`.
    let mut source = from.lock();
    let mut target = to.lock();
    *source -= amount;
    *target += amount;
}
