//! Two locks, always in the same order.

use std::sync::{Arc, Mutex, MutexGuard};

use crate::support::ends;

// ANCHOR: starter
/// An account notes in the bank's book that it was locked.
struct Account {
    number: usize,
    balance: Mutex<i64>,
    book: Arc<Mutex<Vec<usize>>>,
}

/// Moves an amount from one account to another.
/// Nobody sees the amount in both, or in neither.
fn starter(from: &Account, to: &Account, amount: i64) {
    // Your turn: another thread moves an amount from `to` to `from`.
    let mut source = from.lock();
    let mut target = to.lock();
    *source -= amount;
    *target += amount;
}
// ANCHOR_END: starter

// ANCHOR: solution
fn solution(from: &Account, to: &Account, amount: i64) {
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
// ANCHOR_END: solution

impl Account {
    fn lock(&self) -> MutexGuard<'_, i64> {
        let balance = self.balance.lock().expect("nobody panics");
        self.book.lock().expect("nobody panics").push(self.number);
        balance
    }
}

// ANCHOR: test
fn test(transfer: fn(&Account, &Account, i64)) {
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
    assert_eq!(there, back, "two threads may wait for each other");
    let total = ends(move || {
        let [a, b] = &*accounts;
        std::thread::scope(|scope| {
            scope.spawn(|| (0..1000).for_each(|_| transfer(a, b, 1)));
            scope.spawn(|| (0..1000).for_each(|_| transfer(b, a, 1)));
        });
        transfer(a, a, 5);
        (*a.lock(), *b.lock())
    });
    assert_eq!(total, (80, 120));
}
// ANCHOR_END: test

#[test]
fn the_starter_fails_and_the_solution_passes() {
    let because = "two threads may wait for each other";
    super::exercise("lock_order", || test(starter), because, || test(solution));
}
