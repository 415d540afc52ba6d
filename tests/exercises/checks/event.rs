#[path = "../solutions/event.rs"]
mod solution;
#[path = "../starters/event.rs"]
mod starter;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LockResult, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use super::{Exercise, PATIENCE, within_patience};

pub(super) const EXERCISE: Exercise = Exercise {
    name: "event",
    task: "A latch that lets everybody through who waits.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "latch",
};

// ANCHOR: types
/// Closed at first. Once it was opened, it stays so.
#[derive(Default)]
pub(super) struct Latch {
    is_open: Mutex<bool>,
    /// That of std, but it counts who sleeps, and wakes some for no reason.
    changed: Condvar,
}
// ANCHOR_END: types

const WAITERS: usize = 3;
/// A latch that only some orders of the threads betray has several chances to be caught.
const ROUNDS: usize = 10;

/// A condition variable by which a check need not hope: it knows that all sleep, and it can wake one
/// for no reason.
#[derive(Default)]
struct Condvar {
    real: std::sync::Condvar,
    n_asleep: AtomicUsize,
    n_calls: AtomicUsize,
}

impl Condvar {
    /// The first calls return at once, as each call of std's may.
    fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        // ORDERING: Relaxed. Only the number counts.
        if self.n_calls.fetch_add(1, Ordering::Relaxed) < WAITERS {
            return Ok(guard);
        }
        // ORDERING: Relaxed. Only the number counts. Whoever reads it and then has the lock finds this
        // thread asleep, for it gives the lock up only to sleep.
        self.n_asleep.fetch_add(1, Ordering::Relaxed);
        let guard = self.real.wait(guard);
        // ORDERING: Relaxed. Only the number counts.
        self.n_asleep.fetch_sub(1, Ordering::Relaxed);
        guard
    }

    #[allow(dead_code, reason = "a solution may call it")]
    fn wait_while<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut is_to_wait: impl FnMut(&mut T) -> bool,
    ) -> LockResult<MutexGuard<'a, T>> {
        while is_to_wait(&mut guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    #[allow(dead_code, reason = "the starter calls it, and no solution")]
    fn notify_one(&self) {
        self.real.notify_one();
        Self::let_others_look();
    }

    fn notify_all(&self) {
        self.real.notify_all();
        Self::let_others_look();
    }

    /// Who is woken before the latch is open finds it closed.
    fn let_others_look() {
        thread::sleep(Duration::from_millis(1));
    }
}

type Act = fn(&Latch);

fn check(latch: fn() -> [Act; 2]) {
    for _ in 0..ROUNDS {
        check_once(latch());
    }
}

fn check_once([open, wait]: [Act; 2]) {
    let latch = Arc::new(Latch::default());
    let start_waiter = || {
        let latch = latch.clone();
        thread::spawn(move || wait(&latch))
    };
    let waiters: Vec<_> = (0..WAITERS).map(|_| start_waiter()).collect();
    let start = Instant::now();
    // ORDERING: Relaxed. Only the number counts.
    while latch.changed.n_asleep.load(Ordering::Relaxed) < WAITERS {
        let somebody_ended = waiters.iter().any(|waiter| waiter.is_finished());
        assert!(
            !somebody_ended,
            "a closed latch lets through who is woken for no reason"
        );
        let is_late = start.elapsed() > PATIENCE;
        assert!(
            !is_late,
            "somebody who waits for a closed latch does not sleep on its condition variable"
        );
        thread::yield_now();
    }
    // All are asleep: to be woken is their only way out.
    let inside = latch.clone();
    within_patience("nobody can open the latch", move || open(&inside));
    let late = start_waiter();
    let all = move || waiters.into_iter().all(|waiter| waiter.join().is_ok());
    let all = within_patience("the latch is open, and somebody waits for ever", all);
    assert!(all, "who waits for the latch panics");
    let late = within_patience(
        "the latch was opened, and who comes later waits for ever",
        move || late.join().is_ok(),
    );
    assert!(late, "who waits for the open latch panics");
}

#[cfg(test)]
mod tests {
    use super::super::what_is_wrong;
    use super::{Latch, check, solution};

    /// With the solution's `wait`, and again with its `open`: the half that is wrong is found each time.
    #[test]
    fn a_latch_of_which_one_half_is_right_is_refused() {
        fn wakes_one(latch: &Latch) {
            *latch.is_open.lock().unwrap() = true;
            latch.changed.notify_one();
        }
        fn wakes_too_early(latch: &Latch) {
            latch.changed.notify_all();
            *latch.is_open.lock().unwrap() = true;
        }
        fn believes_each_wake_up(latch: &Latch) {
            let is_open = latch.is_open.lock().unwrap();
            if !*is_open {
                drop(latch.changed.wait(is_open).unwrap());
            }
        }
        fn sleeps_first(latch: &Latch) {
            let mut is_open = latch.is_open.lock().unwrap();
            loop {
                is_open = latch.changed.wait(is_open).unwrap();
                if *is_open {
                    return;
                }
            }
        }
        let told = [
            (
                what_is_wrong(|| check(|| [wakes_one, solution::solve()[1]])),
                "somebody waits for ever",
            ),
            (
                what_is_wrong(|| check(|| [wakes_too_early, solution::solve()[1]])),
                "somebody waits for ever",
            ),
            (
                what_is_wrong(|| check(|| [solution::solve()[0], believes_each_wake_up])),
                "woken for no reason",
            ),
            (
                what_is_wrong(|| check(|| [solution::solve()[0], sleeps_first])),
                "who comes later waits for ever",
            ),
        ];
        for (told, why) in told {
            let told = told.expect("it is wrong");
            assert!(told.contains(why), "{told}");
        }
    }
}
