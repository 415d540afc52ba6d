//! Who can go on? A thread that sleeps on a condition variable cannot, until it is notified.
//!
//! loom ends its whole search at the first deadlock. A program that may end with threads asleep needs
//! the schedules after it, too. So whoever is the last that could go on notices it here, just before
//! it falls asleep itself or comes to its end: first time passes, if a deadline is part of the program;
//! then all that sleep are woken and unwind out of their sleep. loom sees no deadlock.
//!
//! Only sleep is known here. Who waits for a lock or for a thread's end for ever is loom's deadlock.

use std::cell::{Cell, RefCell};

use loom::thread::Thread;

use super::recorder;

/// A thread between its last look and its waking up.
struct Sleep {
    number: usize,
    condvar: usize,
    /// Only then a notification reaches it.
    is_asleep: bool,
    thread: Thread,
}

/// What a thread that is about to sleep shall do.
#[derive(PartialEq, Eq)]
pub(super) enum Sleeper {
    Sleeps,
    /// Time has passed: it looks at its deadline.
    LooksAgain,
    /// Nobody can go on any more.
    GivesUp,
}

/// What unwinds out of a sleep that nothing can end.
pub(super) struct Abandoned;

// Std's thread-locals on purpose: loom runs all threads of a model on one real thread.
std::thread_local! {
    static ARE_LISTENED_FOR: Cell<bool> = const { Cell::new(false) };
    /// How many threads there are; `None` if nobody watches.
    static THREADS: Cell<Option<usize>> = const { Cell::new(None) };
    static FINISHED: Cell<usize> = const { Cell::new(0) };
    /// In the order in which they fell asleep.
    static SLEEPS: RefCell<Vec<Sleep>> = const { RefCell::new(Vec::new()) };
    static CAN_TIME_PASS: Cell<bool> = const { Cell::new(false) };
    static TIME_IS_UP: Cell<bool> = const { Cell::new(false) };
    /// Who was woken because time has passed, and does not run yet.
    static ROUSED: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
    static ARE_ABANDONED: Cell<bool> = const { Cell::new(false) };
}

/// Forgets the schedule before; nobody watches.
pub(super) fn begin() {
    THREADS.set(None);
    FINISHED.set(0);
    SLEEPS.take();
    CAN_TIME_PASS.set(false);
    TIME_IS_UP.set(false);
    ROUSED.take();
    ARE_ABANDONED.set(false);
}

/// From now on the searches of this thread hear who falls asleep.
pub(super) fn listen() {
    ARE_LISTENED_FOR.set(true);
}

pub(super) fn are_listened_for() -> bool {
    ARE_LISTENED_FOR.get()
}

/// From now on so many threads are watched, each of which says when it has [`finished`].
pub(super) fn watch(threads: usize, can_time_pass: bool) {
    THREADS.set(Some(threads));
    CAN_TIME_PASS.set(can_time_pass);
}

pub(super) fn are_watched() -> bool {
    THREADS.get().is_some()
}

/// Every deadline has passed.
pub(super) fn time_is_up() -> bool {
    TIME_IS_UP.get()
}

/// The schedule ended with threads asleep.
pub(super) fn are_abandoned() -> bool {
    ARE_ABANDONED.get()
}

/// The running thread has looked, and is about to sleep on this condition variable.
pub(super) fn about_to_sleep(condvar: usize) -> Sleeper {
    if !are_watched() {
        return Sleeper::Sleeps;
    }
    if are_abandoned() {
        return Sleeper::GivesUp;
    }
    let sleep = Sleep {
        number: recorder::running(),
        condvar,
        is_asleep: false,
        thread: loom::thread::current(),
    };
    SLEEPS.with_borrow_mut(|sleeps| sleeps.push(sleep));
    rouse_if_nobody_can_go_on(Some(recorder::running()))
}

/// The running thread sleeps, its lock released.
pub(super) fn fell_asleep() {
    SLEEPS.with_borrow_mut(|sleeps| {
        let me = recorder::running();
        if let Some(place) = sleeps.iter().position(|sleep| sleep.number == me) {
            let mine = sleeps.remove(place);
            sleeps.push(Sleep {
                is_asleep: true,
                ..mine
            });
        }
    });
}

/// So many of those that sleep on this condition variable have been notified, the oldest first.
pub(super) fn notified(condvar: usize, most: usize) {
    SLEEPS.with_borrow_mut(|sleeps| {
        let mut left = most;
        sleeps.retain(|sleep| {
            let is_notified = left > 0 && sleep.is_asleep && sleep.condvar == condvar;
            left -= usize::from(is_notified);
            !is_notified
        });
    });
}

/// The running thread has its lock back. Whether it was woken because time has passed: then loom
/// believes that it still sleeps, and would give it the next notification.
pub(super) fn woke_up() -> bool {
    let me = recorder::running();
    SLEEPS.with_borrow_mut(|sleeps| sleeps.retain(|sleep| sleep.number != me));
    ROUSED.with_borrow_mut(|roused| {
        let place = roused.iter().position(|number| *number == me);
        place.map(|place| roused.remove(place)).is_some()
    })
}

/// The running thread has made all its calls, or was abandoned in one.
pub(super) fn finished() {
    if are_watched() {
        FINISHED.set(FINISHED.get() + 1);
        rouse_if_nobody_can_go_on(None);
    }
}

fn rouse_if_nobody_can_go_on(me: Option<usize>) -> Sleeper {
    let asleep = SLEEPS.with_borrow(Vec::len);
    if asleep == 0 || THREADS.get() != Some(asleep + FINISHED.get()) || are_abandoned() {
        return Sleeper::Sleeps;
    }
    let time_passes = CAN_TIME_PASS.get() && !TIME_IS_UP.replace(true);
    if !time_passes {
        ARE_ABANDONED.set(true);
        // What they do while they unwind is no part of the schedule.
        recorder::end();
    }
    for sleep in SLEEPS.take() {
        if Some(sleep.number) != me {
            // No step of the model: the thread can go on, and loom need not try when.
            sleep.thread.unpark();
            ROUSED.with_borrow_mut(|roused| roused.push(sleep.number));
        }
    }
    match time_passes {
        true => Sleeper::LooksAgain,
        false => Sleeper::GivesUp,
    }
}
