//! What loom leaves out: timed waits that time out, and spurious wake-ups.
//!
//! A thread of its own wakes every waiter and moves a counter that nothing synchronises; loom tries
//! every moment for it. A timed wait that sees the counter moved has timed out. One gap remains: a
//! toss between a waiter's last look and its sleep is missed, so a model with a timed wait must
//! end the wait by other means, too.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use loom::sync::atomic::{AtomicUsize, Ordering};

use super::progress;
use super::recorder::{Condvar, thread};

// Std's thread-locals on purpose: loom runs all threads of a model on one real thread.
std::thread_local! {
    static TOSSES: RefCell<Option<Arc<AtomicUsize>>> = const { RefCell::new(None) };
    static TOSSED: Cell<usize> = const { Cell::new(0) };
    static SEEN: Cell<usize> = const { Cell::new(0) };
    static WAKES: RefCell<Vec<Condvar>> = const { RefCell::new(Vec::new()) };
}

/// Forgets the coin of the schedule before; each schedule begins with this.
pub(super) fn put_away() {
    TOSSES.set(None);
    TOSSED.set(0);
    SEEN.set(0);
    WAKES.take();
}

/// Starts the thread that tosses. It wakes those who wait for what was made before each toss.
pub(super) fn toss(times: usize) -> thread::JoinHandle<()> {
    let tosses = Arc::new(AtomicUsize::new(0));
    TOSSES.set(Some(tosses.clone()));
    thread::spawn(move || {
        for toss in 1..=times {
            tosses.store(toss, Ordering::Relaxed);
            let wakes = WAKES.with_borrow(Clone::clone);
            for condvar in &wakes {
                condvar.notify_all();
            }
        }
    })
}

/// Makes a coin that nobody tosses but by [`toss_here`]. Before the threads that look at it.
pub(super) fn lay_out() {
    TOSSES.set(Some(Arc::new(AtomicUsize::new(0))));
}

/// Tosses the coin once on the running thread.
pub(super) fn toss_here() {
    let tosses = TOSSES.with_borrow(Clone::clone).expect("it was laid out");
    let toss = TOSSED.get() + 1;
    TOSSED.set(toss);
    tosses.store(toss, Ordering::Relaxed);
    WAKES
        .with_borrow(Clone::clone)
        .iter()
        .for_each(Condvar::notify_all);
}

/// How often the coin was tossed by [`toss_here`].
pub(super) fn tossed() -> usize {
    TOSSED.get()
}

/// Whether the coin was tossed since the last time somebody saw it.
pub(crate) fn fell() -> bool {
    if progress::time_is_up() {
        return true;
    }
    let Some(tosses) = TOSSES.with_borrow(Clone::clone) else {
        return false;
    };
    let now = tosses.load(Ordering::Relaxed);
    now > SEEN.replace(now.max(SEEN.get()))
}

/// From now on the coin wakes who waits here.
pub(super) fn will_wake(condvar: &Condvar) {
    // A look at the coin: so loom tries both, that it is tossed before and after.
    if let Some(tosses) = TOSSES.with_borrow(Clone::clone) {
        tosses.load(Ordering::Relaxed);
    }
    WAKES.with_borrow_mut(|wakes| wakes.push(condvar.clone()));
}
