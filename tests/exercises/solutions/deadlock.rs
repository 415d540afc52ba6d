//! Two locks, always in the same order.

use super::Account;

pub(super) fn solve(from: &Account, to: &Account, amount: i64) {
    // To oneself there is nothing to move, and one lock cannot be taken twice.
    if from.number == to.number {
        return;
    }
    // The lower number first, whatever the direction.
    let (mut source, mut target);
    if from.number < to.number {
        source = from.lock();
        target = to.lock();
    } else {
        target = to.lock();
        source = from.lock();
    }
    *source -= amount;
    *target += amount;
}
