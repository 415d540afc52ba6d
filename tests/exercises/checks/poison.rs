#[path = "../solutions/poison.rs"]
mod solution;
#[path = "../starters/poison.rs"]
mod starter;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, TryLockError};

use super::Exercise;

pub(super) const EXERCISE: Exercise = Exercise {
    name: "poison",
    task: "No panic under a lock.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "the lock is poisoned",
};

fn check(transfer: fn(&Mutex<[i64; 2]>, &dyn Fn() -> i64)) {
    let accounts = Mutex::new([100, 0]);
    let (calls, is_held) = (Cell::new(0), Cell::new(false));
    let amount = || {
        calls.set(calls.get() + 1);
        if let Err(TryLockError::WouldBlock) = accounts.try_lock() {
            is_held.set(true);
        }
        assert!(calls.get() != 2, "the amount cannot be read");
        20 + 10 * calls.get()
    };
    let mut panics = 0;
    for _ in 0..3 {
        let ended = catch_unwind(AssertUnwindSafe(|| transfer(&accounts, &amount)));
        panics += usize::from(ended.is_err());
    }
    let found = accounts.lock();
    let found =
        *found.unwrap_or_else(|_| panic!("the lock is poisoned: somebody panicked half way"));
    assert!(
        !is_held.get(),
        "the lock is held while `amount` is asked: whoever wants it waits for somebody else's code"
    );
    assert!(
        calls.get() <= 3,
        "what left the one account did not come to the other: `amount` was asked twice"
    );
    assert_eq!(
        panics, 1,
        "`amount` panicked once, and the panic did not come out: whoever asked for that transfer takes it for made"
    );
    assert_eq!(found[0] + found[1], 100, "money has vanished: {found:?}");
    assert_eq!(found, [20, 80], "two of three transfers could be made");
}

#[cfg(test)]
mod tests {
    use super::super::what_is_wrong;
    use super::{AssertUnwindSafe, Mutex, catch_unwind, check};

    #[test]
    fn who_catches_the_panic_under_the_lock_is_told_so() {
        fn catches(accounts: &Mutex<[i64; 2]>, amount: &dyn Fn() -> i64) {
            let mut accounts = accounts.lock().unwrap();
            if let Ok(amount) = catch_unwind(AssertUnwindSafe(amount)) {
                accounts[0] -= amount;
                accounts[1] += amount;
            }
        }
        let told = what_is_wrong(|| check(catches)).expect("it is wrong");
        assert!(told.contains("is held while"), "{told}");
    }

    #[test]
    fn who_swallows_the_panic_is_told_so() {
        fn swallows(accounts: &Mutex<[i64; 2]>, amount: &dyn Fn() -> i64) {
            let amount = catch_unwind(AssertUnwindSafe(amount)).unwrap_or(0);
            let mut accounts = accounts.lock().unwrap();
            accounts[0] -= amount;
            accounts[1] += amount;
        }
        let told = what_is_wrong(|| check(swallows)).expect("it is wrong");
        assert!(told.contains("did not come out"), "{told}");
    }

    #[test]
    fn who_asks_twice_is_told_so() {
        fn asks_twice(accounts: &Mutex<[i64; 2]>, amount: &dyn Fn() -> i64) {
            let (from, to) = (amount(), amount());
            let mut accounts = accounts.lock().unwrap();
            accounts[0] -= from;
            accounts[1] += to;
        }
        let told = what_is_wrong(|| check(asks_twice)).expect("it is wrong");
        assert!(told.contains("was asked twice"), "{told}");
    }
}
