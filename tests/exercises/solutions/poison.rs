//! No panic under a lock.

use std::sync::Mutex;

pub(super) fn solve(accounts: &Mutex<[i64; 2]>, amount: &dyn Fn() -> i64) {
    // Asked once, and before the lock is taken.
    let amount = amount();
    let mut accounts = accounts.lock().unwrap();
    accounts[0] -= amount;
    accounts[1] += amount;
}
