//! Who can go on? Known before loom knows it, which ends its whole search at the first deadlock.
//!
//! ```text
//!   goes ── about to lock ──▶ wants ── the lock is free ──▶ goes
//!        ── about to sleep ─▶ dozes ── its lock is given back ──▶ sleeps ── notified ──▶ wants
//!        ── about to join ──▶ joins ── that thread has finished ──▶ goes
//!        ── its body is over ─▶ finished
//! ```
//!
//! Whoever does one of these as the last that could go on notices that nobody can any more. Where that
//! may be, first time passes, if a deadline is part of the program; then those that sleep are woken and
//! unwind out of their sleep, and the search goes on. Where it may not be, the verdict is given, and
//! the search ends on the spot: to unwind, as loom would, drops what the stuck threads hold, and the
//! drop of a pool waits for them.

use std::cell::{Cell, RefCell};

use loom::thread::Thread;

use super::{harness, recorder};

/// As many as loom has.
const THREADS: usize = 5;

#[derive(Clone, Default)]
enum State {
    /// Also a thread that is not started yet.
    #[default]
    Goes,
    Wants(usize),
    /// It has looked, and still holds its lock: a notification would be lost.
    Dozes(Sleep),
    Sleeps(Sleep),
    Joins(usize),
    Finished,
}

#[derive(Clone)]
struct Sleep {
    condvar: usize,
    mutex: usize,
    thread: Thread,
    /// The order in which they fell asleep.
    since: usize,
}

/// May it be that nobody can go on?
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stuck {
    Never,
    /// If all that have not finished sleep.
    Asleep,
    /// And only when time has passed.
    AsleepForLong,
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
    /// `None` if nobody watches.
    static MAY_BE: Cell<Option<Stuck>> = const { Cell::new(None) };
    static STATES: RefCell<[State; THREADS]> = const { RefCell::new([const { State::Goes }; THREADS]) };
    static STARTED: Cell<usize> = const { Cell::new(0) };
    /// Which locks are held, and by whom.
    static HELD: RefCell<Vec<(usize, usize)>> = const { RefCell::new(Vec::new()) };
    static SLEEPS: Cell<usize> = const { Cell::new(0) };
    static TIME_IS_UP: Cell<bool> = const { Cell::new(false) };
    /// Who was woken because time has passed, and does not run yet.
    static ROUSED: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
    static ARE_ABANDONED: Cell<bool> = const { Cell::new(false) };
}

/// Forgets the schedule before; nobody watches.
pub(super) fn begin() {
    MAY_BE.set(None);
    STATES.take();
    STARTED.set(0);
    HELD.take();
    SLEEPS.set(0);
    TIME_IS_UP.set(false);
    ROUSED.take();
    ARE_ABANDONED.set(false);
}

/// From now on the searches of this thread hear which of loom's threads runs, and which falls asleep.
pub(super) fn listen() {
    ARE_LISTENED_FOR.set(true);
}

pub(super) fn are_listened_for() -> bool {
    ARE_LISTENED_FOR.get()
}

/// From now on the threads are watched. Before the first of them is started.
pub(super) fn watch(may_be: Stuck) {
    MAY_BE.set(Some(may_be));
}

/// Every deadline has passed.
pub(super) fn time_is_up() -> bool {
    TIME_IS_UP.get()
}

/// The schedule ended with threads asleep.
pub(super) fn are_abandoned() -> bool {
    ARE_ABANDONED.get()
}

/// Of the running thread.
fn set(state: State) {
    if MAY_BE.get().is_some() {
        STATES.with_borrow_mut(|states| states[recorder::running()] = state);
    }
}

pub(super) fn started() {
    STARTED.set(STARTED.get() + 1);
}

/// The running thread's body is over.
pub(super) fn finished() {
    set(State::Finished);
    go_on_if_somebody_can();
}

pub(super) fn about_to_join(thread: usize) {
    set(State::Joins(thread));
    go_on_if_somebody_can();
}

pub(super) fn joined() {
    set(State::Goes);
}

pub(super) fn about_to_lock(mutex: usize) {
    set(State::Wants(mutex));
    go_on_if_somebody_can();
}

pub(super) fn locked(mutex: usize) {
    set(State::Goes);
    HELD.with_borrow_mut(|held| held.push((mutex, recorder::running())));
}

pub(super) fn unlocked(mutex: usize) {
    HELD.with_borrow_mut(|held| held.retain(|(of, _)| *of != mutex));
}

/// The running thread has looked, and is about to sleep on this condition variable.
pub(super) fn about_to_sleep(condvar: usize, mutex: usize) -> Sleeper {
    if are_abandoned() {
        return Sleeper::GivesUp;
    }
    set(State::Dozes(Sleep {
        condvar,
        mutex,
        thread: loom::thread::current(),
        since: 0,
    }));
    let sleeper = go_on_if_somebody_can();
    if sleeper != Sleeper::Sleeps {
        set(State::Goes);
    }
    sleeper
}

/// The running thread sleeps, its lock released.
pub(super) fn fell_asleep() {
    STATES.with_borrow_mut(|states| {
        let state = &mut states[recorder::running()];
        if let State::Dozes(sleep) = state {
            SLEEPS.set(SLEEPS.get() + 1);
            unlocked(sleep.mutex);
            *state = State::Sleeps(Sleep {
                since: SLEEPS.get(),
                ..sleep.clone()
            });
        }
    });
}

/// So many of those that sleep on this condition variable have been notified, the oldest first.
pub(super) fn notified(condvar: usize, most: usize) {
    STATES.with_borrow_mut(|states| {
        let mut asleep: Vec<(usize, usize)> = Vec::new();
        for (thread, state) in states.iter().enumerate() {
            match state {
                State::Sleeps(sleep) if sleep.condvar == condvar => {
                    asleep.push((sleep.since, thread));
                }
                _ => {}
            }
        }
        asleep.sort_unstable();
        for (_, thread) in asleep.into_iter().take(most) {
            if let State::Sleeps(sleep) = &states[thread] {
                states[thread] = State::Wants(sleep.mutex);
            }
        }
    });
}

/// The running thread has its lock back. Whether it was woken because time has passed: then loom
/// believes that it still sleeps, and would give it the next notification.
pub(super) fn woke_up(mutex: usize) -> bool {
    locked(mutex);
    let me = recorder::running();
    ROUSED.with_borrow_mut(|roused| {
        let place = roused.iter().position(|number| *number == me);
        place.map(|place| roused.remove(place)).is_some()
    })
}

fn go_on_if_somebody_can() -> Sleeper {
    let Some(may_be) = MAY_BE.get() else {
        return Sleeper::Sleeps;
    };
    if are_abandoned() || STATES.with_borrow(can_somebody_go_on) {
        return Sleeper::Sleeps;
    }
    if may_be == Stuck::Never || !STATES.with_borrow(sleep_all_that_are_left) {
        harness::freeze();
    }
    let time_passes = may_be == Stuck::AsleepForLong && !TIME_IS_UP.replace(true);
    if !time_passes {
        ARE_ABANDONED.set(true);
        // What they do while they unwind is no part of the schedule.
        recorder::end();
    }
    rouse();
    match time_passes {
        true => Sleeper::LooksAgain,
        false => Sleeper::GivesUp,
    }
}

/// All but the running thread.
fn rouse() {
    STATES.with_borrow_mut(|states| {
        for (number, state) in states.iter_mut().enumerate() {
            if let State::Dozes(sleep) | State::Sleeps(sleep) = state
                && number != recorder::running()
            {
                // One that dozes gives its lock back, and nobody will note it: it is roused already.
                let its_lock = (sleep.mutex, number);
                HELD.with_borrow_mut(|held| held.retain(|one| *one != its_lock));
                // No step of the model: the thread can go on, and loom need not try when.
                sleep.thread.unpark();
                *state = State::Wants(sleep.mutex);
                ROUSED.with_borrow_mut(|roused| roused.push(number));
            }
        }
    });
}

fn can_somebody_go_on(states: &[State; THREADS]) -> bool {
    let number = 1 + STARTED.get();
    let mut can_go_on = [false; THREADS];
    // A round finds who waits for somebody found before; there are not more rounds than threads.
    for _ in 0..number {
        for (thread, state) in states.iter().enumerate().take(number) {
            can_go_on[thread] |= match state {
                State::Goes => true,
                State::Wants(mutex) => HELD.with_borrow(|held| {
                    let holder = held.iter().find(|(of, _)| of == mutex);
                    // Who dozes will give it back.
                    holder.is_none_or(|(_, by)| {
                        can_go_on[*by] || matches!(states[*by], State::Dozes(_))
                    })
                }),
                State::Joins(other) => {
                    can_go_on[*other] || matches!(states[*other], State::Finished)
                }
                State::Dozes(_) | State::Sleeps(_) | State::Finished => false,
            };
        }
    }
    // All have finished: so the schedule is over.
    let is_over = |state: &State| matches!(state, State::Finished);
    can_go_on.contains(&true) || states[1..number].iter().all(is_over)
}

/// But for the main thread, which joins them.
fn sleep_all_that_are_left(states: &[State; THREADS]) -> bool {
    let sleeps =
        |state: &State| matches!(state, State::Dozes(_) | State::Sleeps(_) | State::Finished);
    states[1..=STARTED.get()].iter().all(sleeps)
}
