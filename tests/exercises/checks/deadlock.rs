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
/// An account notes in the bank's book that it was locked.
pub(super) struct Account {
    number: usize,
    balance: Mutex<i64>,
    book: Arc<Mutex<Vec<usize>>>,
}

impl Account {
    fn lock(&self) -> MutexGuard<'_, i64> {
        let balance = self.balance.lock().expect("nobody panics");
        self.book.lock().expect("nobody panics").push(self.number);
        balance
    }
}
// ANCHOR_END: types

/// A hang is a bad witness, for it may not come. So the check looks at the cause.
fn check(transfer: fn(&Account, &Account, i64)) {
    let book = Arc::new(Mutex::new(Vec::new()));
    let account = |number| Account {
        number,
        balance: Mutex::new(100),
        book: book.clone(),
    };
    let accounts = Arc::new([account(0), account(1)]);
    let [a, b] = &*accounts;
    let order_of = |transfer: &dyn Fn()| {
        transfer();
        std::mem::take(&mut *book.lock().expect("nobody panics"))
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
