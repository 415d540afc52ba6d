//! Whoever waits, drives: who may look after the workers, and how that is handed on.
//!
//! The *wheel* is what only one thread at a time may have: the processes, and what to poll. It lies
//! there, or is in somebody's hands. Who waits for outcomes takes it, and is the *leader*; who finds it
//! taken is a *follower*, and sleeps until its outcomes are there or it is handed the wheel. One
//! background thread drives while nobody waits and something is to be done.
//!
//! ```text
//!   wait ── my outcomes are there ──▶ pass on, return
//!    ▲ ├── the wheel lies there ──▶ take it; unlock; look; lock; crew, feed; wake; put it back ──┐
//!    │ └── it is taken ──▶ stand in the list, sleep                                              │
//!    └───────────────────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | `tell`, the wheel lies there | the lock | crew, wheel | followers whose outcomes came; then passes on |
//! | `tell`, the wheel is taken | the lock | the crew's inbox | the leader, by a nudge |
//! | `wait`, outcomes are there | the lock | crew | passes on |
//! | `wait`, the wheel lies there | the lock, none while it looks | wheel, crew | followers whose outcomes came |
//! | `wait`, the wheel is taken | the lock, given up while it sleeps | the list | nobody |
//! | pass on | the lock | – | the first follower; if there is none and something is to be done, the background |
//!
//! **No wake-up is lost.** The wheel is taken, put back and missed under one lock. Whenever that is
//! free, one of these holds: somebody has the wheel; or it lies there, and a follower or the
//! background has been woken and will come for it, or finds its outcomes and passes on; or nothing is
//! to be done. What is said while the leader looks is in the inbox before the nudge, and the leader
//! feeds the inbox after its look.

use std::fmt;

use crate::sync::{Arc, Condvar, Deadline, Mutex, MutexGuard};

/// What the wheel's holder looks after.
pub(crate) trait Crew {
    type Wheel: Wheel;
    /// Does what has been said, and what the wheel has seen.
    fn feed(&mut self, wheel: &mut Self::Wheel);
    /// Whose outcomes have come since the last time it was asked.
    fn take_woken(&mut self) -> Vec<u64>;
    /// Whether somebody must drive though nobody waits.
    fn is_busy(&self) -> bool;
    fn has_ended(&self) -> bool;
    /// Whether somebody must drive for more than what these wait for.
    fn is_busy_beyond(&self, keys: &[u64]) -> bool;
}

pub(crate) trait Wheel {
    type Nudge: Nudge;
    /// Waits until there is something to see, somebody nudges, or the deadline has come.
    fn look(&mut self, until: &Deadline);
    /// The same without waiting.
    fn glance(&mut self);
    /// As [`glance`](Self::glance), unless somebody has just looked.
    fn glance_if_stale(&mut self) {
        self.glance();
    }
}

pub(crate) trait Nudge {
    /// Ends a look, the next one if there is none now. Never blocks.
    fn nudge(&self);
}

pub(crate) struct Turns<C: Crew> {
    held: Mutex<Held<C>>,
    /// Somebody should drive, and nobody who waits can.
    background: Condvar,
    nudge: <C::Wheel as Wheel>::Nudge,
}

/// What somebody does who has waited.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Then {
    Leaves,
    /// It has more to wait for, and comes back in a moment, or [leaves](Turns::leave): for that alone the
    /// background is not woken, which would only be in its way. A follower is; it may have outcomes to take.
    ComesBack,
}

/// Whoever waits is woken when outcomes of one of these come.
type Keys = Vec<u64>;

struct Held<C: Crew> {
    crew: C,
    /// `None` while somebody drives.
    wheel: Option<C::Wheel>,
    /// Who sleeps, and for what.
    followers: Vec<(Keys, Arc<Condvar>)>,
}

impl<C: Crew> Held<C> {
    fn feed(&mut self, wheel: &mut C::Wheel) {
        self.crew.feed(wheel);
        let woken = self.crew.take_woken();
        let has_ended = self.crew.has_ended();
        for (keys, follower) in &self.followers {
            if has_ended || keys.iter().any(|key| woken.contains(key)) {
                follower.notify_one();
            }
        }
    }
}

impl<C: Crew> Turns<C> {
    pub(crate) fn new(crew: C, wheel: C::Wheel, nudge: <C::Wheel as Wheel>::Nudge) -> Self {
        let held = Held {
            crew,
            wheel: Some(wheel),
            followers: Vec::new(),
        };
        Self {
            held: Mutex::new(held),
            background: Condvar::new(),
            nudge,
        }
    }

    /// Says something to the crew, which does it now, or when the leader has looked. What the workers
    /// have said before comes first.
    pub(crate) fn tell<R>(&self, say: impl FnOnce(&mut C) -> R) -> R {
        let mut held = self.held.lock();
        let Some(mut wheel) = held.wheel.take() else {
            let said = say(&mut held.crew);
            drop(held);
            self.nudge.nudge();
            return said;
        };
        wheel.glance();
        held.crew.feed(&mut wheel);
        let said = say(&mut held.crew);
        held.feed(&mut wheel);
        held.wheel = Some(wheel);
        self.pass_on(&held);
        said
    }

    /// Tells, and waits at once: on a pool where nobody else waits, nobody is woken for it. The caller
    /// [comes back](Then::ComesBack), to wait or to [leave](Self::leave).
    pub(crate) fn ask<R>(
        &self,
        say: impl FnOnce(&mut C),
        key: u64,
        done: impl FnMut(&mut C) -> Option<R>,
    ) -> Option<R> {
        let mut held = self.held.lock();
        match held.wheel.take() {
            Some(mut wheel) => {
                wheel.glance_if_stale();
                held.crew.feed(&mut wheel);
                say(&mut held.crew);
                held.feed(&mut wheel);
                held.wheel = Some(wheel);
            }
            None => {
                say(&mut held.crew);
                self.nudge.nudge();
            }
        }
        self.wait_in(held, vec![key], &Deadline::never(), Then::ComesBack, done)
    }

    /// Says something of which no worker need hear, and lets others drive.
    pub(crate) fn leave(&self, say: impl FnOnce(&mut C)) {
        let mut held = self.held.lock();
        say(&mut held.crew);
        self.pass_on(&held);
    }

    /// Looks at the crew; nobody is woken.
    pub(crate) fn peek<R>(&self, look: impl FnOnce(&mut C) -> R) -> R {
        look(&mut self.held.lock().crew)
    }

    /// Waits until `done` gives something, or for the deadline. `key` is woken when its outcomes come.
    pub(crate) fn wait<R>(
        &self,
        key: u64,
        deadline: &Deadline,
        then: Then,
        done: impl FnMut(&mut C) -> Option<R>,
    ) -> Option<R> {
        self.wait_in(self.held.lock(), vec![key], deadline, then, done)
    }

    /// The same for whoever waits for the first of several.
    pub(crate) fn wait_for_any<R>(
        &self,
        keys: Vec<u64>,
        done: impl FnMut(&mut C) -> Option<R>,
    ) -> Option<R> {
        self.wait_in(
            self.held.lock(),
            keys,
            &Deadline::never(),
            Then::Leaves,
            done,
        )
    }

    // ANCHOR: wait
    fn wait_in<'a, R>(
        &'a self,
        mut held: MutexGuard<'a, Held<C>>,
        keys: Keys,
        deadline: &Deadline,
        then: Then,
        mut done: impl FnMut(&mut C) -> Option<R>,
    ) -> Option<R> {
        let mut mine = None;
        loop {
            let outcome = done(&mut held.crew);
            if outcome.is_some() || deadline.has_passed() {
                match then {
                    Then::Leaves => self.pass_on(&held),
                    Then::ComesBack if held.crew.is_busy_beyond(&keys) => self.pass_on(&held),
                    Then::ComesBack => self.pass_on_to_a_follower(&held),
                }
                return outcome;
            }
            if let Some(wheel) = held.wheel.take() {
                held = self.drive(held, wheel, deadline);
                continue;
            }
            let mine = mine.get_or_insert_with(|| Arc::new(Condvar::new()));
            held.followers.push((keys.clone(), mine.clone()));
            held = mine.wait_until(held, deadline);
            held.followers
                .retain(|(_, other)| !Arc::ptr_eq(other, mine));
        }
    }

    // ANCHOR_END: wait

    /// One look by the leader. The lock is free meanwhile.
    fn drive<'a>(
        &'a self,
        held: MutexGuard<'a, Held<C>>,
        mut wheel: C::Wheel,
        until: &Deadline,
    ) -> MutexGuard<'a, Held<C>> {
        drop(held);
        wheel.look(until);
        let mut held = self.held.lock();
        held.feed(&mut wheel);
        held.wheel = Some(wheel);
        held
    }

    /// The wheel may lie there, and the caller does not want it: somebody else must come, if there is
    /// anything to do.
    fn pass_on(&self, held: &Held<C>) {
        if held.wheel.is_none() {
            return;
        }
        match held.followers.first() {
            Some((_, follower)) => follower.notify_one(),
            None if held.crew.is_busy() || held.crew.has_ended() => self.background.notify_one(),
            None => {}
        }
    }

    fn pass_on_to_a_follower(&self, held: &Held<C>) {
        if let (Some(_), Some((_, follower))) = (&held.wheel, held.followers.first()) {
            follower.notify_one();
        }
    }

    /// The background thread's whole life: drives for jobs that nobody waits for.
    pub(crate) fn drive_in_the_background(&self) {
        let mut held = self.held.lock();
        while !held.crew.has_ended() {
            let is_needed = held.followers.is_empty() && held.crew.is_busy();
            match held.wheel.take() {
                Some(wheel) if is_needed => held = self.drive(held, wheel, &Deadline::never()),
                wheel => {
                    held.wheel = wheel;
                    // One that has come while this thread drove shall have the wheel.
                    self.pass_on_to_a_follower(&held);
                    held = self.background.wait(held);
                }
            }
        }
        self.pass_on(&held);
    }
}

impl<C: Crew> fmt::Debug for Turns<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turns").finish_non_exhaustive()
    }
}
