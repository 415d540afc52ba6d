#[path = "../solutions/deadlock.rs"]
mod solution;
#[path = "../starters/deadlock.rs"]
mod starter;

use super::within_patience;
use std::sync::{Arc, Mutex, MutexGuard};

use super::Exercise;

pub(super) const EXERCISE: Exercise = Exercise {
    name: "deadlock",
    task: "Two locks, always in the same order.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "two threads may wait for each other",
};

// ANCHOR: types
/// One of two accounts. The bank notes in its book who was locked.
pub(super) struct Account {
    number: usize,
    bank: Arc<Bank>,
}

impl Account {
    fn lock(&self) -> MutexGuard<'_, i64> {
        let balance = self.bank.balances[self.number].lock().unwrap();
        self.bank.note(self.number);
        balance
    }
}
// ANCHOR_END: types

struct Bank {
    balances: [Mutex<i64>; 2],
    book: Mutex<Vec<Entry>>,
}

/// An account was locked.
struct Entry {
    number: usize,
    /// The lock of the other one was held then.
    is_second: bool,
}

impl Bank {
    fn note(&self, number: usize) {
        let is_second = self.balances[1 - number].try_lock().is_err();
        let entry = Entry { number, is_second };
        self.book.lock().expect("nobody panics").push(entry);
    }
}

/// A hang is a bad witness, for it may not come. So the check looks at the cause.
fn check(transfer: fn(&Account, &Account, i64)) {
    let bank = Arc::new(Bank {
        balances: [100, 100].map(Mutex::new),
        book: Mutex::default(),
    });
    let accounts = Arc::new([0, 1].map(|number| {
        let bank = bank.clone();
        Account { number, bank }
    }));
    let [a, b] = &*accounts;
    let order_of = |transfer: &dyn Fn()| {
        transfer();
        let book = std::mem::take(&mut *bank.book.lock().expect("nobody panics"));
        assert!(
            book.iter().any(|entry| entry.is_second),
            "between the two steps the amount is in neither account, or in both: both locks must be held together"
        );
        book.iter().map(|entry| entry.number).collect::<Vec<_>>()
    };
    let there = order_of(&|| transfer(a, b, 30));
    let back = order_of(&|| transfer(b, a, 10));
    assert!(
        there == back,
        "two threads may wait for each other: the locks were taken in the order {there:?} from 0 to 1, \
         and in the order {back:?} from 1 to 0"
    );
    let inside = accounts.clone();
    within_patience("it waits for ever", move || {
        let [a, b] = &*inside;
        std::thread::scope(|scope| {
            scope.spawn(|| (0..1000).for_each(|_| transfer(a, b, 1)));
            scope.spawn(|| (0..1000).for_each(|_| transfer(b, a, 1)));
        });
    });
    let one_account = "from and to are one account, and its lock is taken twice";
    let totals = within_patience(one_account, move || {
        let [a, b] = &*accounts;
        transfer(a, a, 5);
        (*a.lock(), *b.lock())
    });
    assert_eq!(totals, (80, 120), "the balances of the two accounts");
}

#[cfg(test)]
mod tests {
    use super::super::what_is_wrong;
    use super::{Account, check};

    #[test]
    fn who_holds_one_lock_at_a_time_is_told_so() {
        fn one_at_a_time(from: &Account, to: &Account, amount: i64) {
            *from.lock() -= amount;
            *to.lock() += amount;
        }
        let told = what_is_wrong(|| check(one_at_a_time)).expect("it is wrong");
        assert!(told.contains("in neither account"), "{told}");
    }
}
