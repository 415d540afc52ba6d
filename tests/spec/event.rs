//! <https://docs.python.org/3/library/threading.html#event-objects>: E1, E2, E3, E5.
//!
//! By meaning from CPython's `EventTests`, without its sleeps.

use std::thread;
use std::time::{Duration, Instant};

use rstest::rstest;
use threadproof::{Event, Wait};

use crate::support::until;

/// As many as CPython's tests use.
const WAITERS: usize = 5;

#[derive(Clone, Copy, Debug)]
enum Call {
    Set,
    Clear,
}
use Call::{Clear, Set};

/// E1, <https://docs.python.org/3/library/threading.html#threading.Event.is_set>
#[rstest]
#[case::new(&[], false)]
#[case::set(&[(Set, true)], true)]
#[case::set_twice(&[(Set, true), (Set, false)], true)]
#[case::clear_what_is_clear(&[(Clear, false)], false)]
#[case::set_and_clear(&[(Set, true), (Clear, true)], false)]
#[case::clear_twice(&[(Set, true), (Clear, true), (Clear, false)], false)]
#[case::set_again(&[(Set, true), (Clear, true), (Set, true)], true)]
fn set_and_clear_say_whether_they_changed_anything(
    #[case] calls: &[(Call, bool)],
    #[case] set_at_the_end: bool,
) {
    let event = Event::new();
    for (call, changed) in calls {
        let told = match call {
            Set => event.set(),
            Clear => event.clear(),
        };
        assert_eq!(told, *changed, "{call:?} of {calls:?}");
    }
    assert_eq!(event.is_set(), set_at_the_end);
}

#[test]
fn set_releases_every_waiter_and_lets_later_waits_through() {
    let event = Event::new();
    // A second time, to see that the first left nothing behind.
    for _ in 0..2 {
        thread::scope(|scope| {
            let waiters: Vec<_> = (0..WAITERS)
                .map(|_| {
                    scope.spawn(|| {
                        event.wait();
                        event.wait();
                    })
                })
                .collect();
            let _released_at_last = event.set_on_drop();
            until(|| event.n_waiting() == WAITERS);
            assert!(waiters.iter().all(|waiter| !waiter.is_finished()));
            event.set();
        });
        assert_eq!(event.n_waiting(), 0);
        event.clear();
    }
}

/// E3; in CPython's suite since gh-57711.
#[rstest]
fn pulse_releases_every_thread_that_already_waits(
    #[values(Duration::from_secs(3600), Duration::MAX)] timeout: Duration,
) {
    let event = Event::new();
    thread::scope(|scope| {
        let waiters = [(); WAITERS].map(|()| scope.spawn(|| event.wait_timeout(timeout)));
        until(|| event.n_waiting() == WAITERS);
        event.set();
        event.clear();
        for waiter in waiters {
            assert_eq!(waiter.join().unwrap(), Wait::Set);
        }
    });
    assert!(!event.is_set());
}

#[test]
fn pulse_does_not_release_who_comes_later() {
    let event = Event::new();
    event.set();
    event.clear();
    assert_eq!(event.wait_timeout(Duration::ZERO), Wait::TimedOut);
}

/// E3: a loop that works between its waits, and a pulse at a moment at which it does not wait.
#[rstest]
fn pulse_ends_a_wait_since_that_begins_later(
    #[values(Duration::ZERO, Duration::from_secs(3600), Duration::MAX)] timeout: Duration,
) {
    let event = Event::new();
    let seen = event.generation();
    assert_eq!(event.wait_since(seen, Duration::ZERO), Wait::TimedOut);
    event.set();
    event.clear();
    assert_eq!(event.wait_since(seen, timeout), Wait::Set);
    let now = event.generation();
    let short = Duration::from_millis(5);
    let start = Instant::now();
    assert_eq!(event.wait_since(now, short), Wait::TimedOut);
    assert!(start.elapsed() >= short);
    assert_eq!(event.n_waiting(), 0);
}

/// No `Arc`, no `LazyLock`: all threads know it by its name.
#[test]
fn event_can_be_a_static() {
    static STOP: Event = Event::new();
    let waiter = thread::spawn(|| STOP.wait());
    assert!(STOP.set());
    waiter.join().unwrap();
}

/// `try: … finally: event.set()`
#[rstest]
#[case::returns(|| ())]
#[case::panics(|| panic!("unlucky"))]
fn guard_sets_the_event_however_its_scope_ends(#[case] end: fn()) {
    let (event, may_end) = (Event::new(), Event::new());
    thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let _set = event.set_on_drop();
            may_end.wait();
            end();
        });
        assert!(!event.is_set());
        may_end.set();
        event.wait();
        drop(worker.join());
    });
    assert!(event.is_set());
}

/// E5, <https://docs.python.org/3/library/threading.html#threading.Event.wait>
#[rstest]
#[case::poll(Duration::ZERO)]
#[case::one_nanosecond(Duration::from_nanos(1))]
#[case::longer_than_a_tick(Duration::from_millis(20))]
fn unset_event_times_out_after_at_least_the_timeout(#[case] timeout: Duration) {
    let event = Event::new();
    thread::scope(|scope| {
        let timed = || {
            let start = Instant::now();
            (event.wait_timeout(timeout), start.elapsed())
        };
        for waiter in [(); WAITERS].map(|()| scope.spawn(timed)) {
            let (wait, took) = waiter.join().unwrap();
            assert_eq!(wait, Wait::TimedOut);
            assert!(took >= timeout, "timed out after {took:?} of {timeout:?}");
        }
    });
}

/// E5: a clock that cannot reach the deadline means "for ever", and not a panic.
#[rstest]
#[case::poll(Duration::ZERO)]
#[case::a_while(Duration::from_secs(3600))]
#[case::too_long_for_the_clock(Duration::from_secs(u64::MAX))]
#[case::for_ever(Duration::MAX)]
fn set_event_lets_every_timed_wait_through(#[case] timeout: Duration) {
    let event = Event::new();
    event.set();
    assert_eq!(event.wait_timeout(timeout), Wait::Set);
}

/// E5: the wake-up is the event's, also of a wait that has no reachable deadline.
#[rstest]
#[case::a_while(Duration::from_secs(3600))]
#[case::too_long_for_the_clock(Duration::from_secs(u64::MAX))]
#[case::for_ever(Duration::MAX)]
fn timed_wait_ends_with_set_when_another_thread_sets(#[case] timeout: Duration) {
    let event = Event::new();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| event.wait_timeout(timeout));
        until(|| event.n_waiting() == 1);
        event.set();
        assert_eq!(waiter.join().unwrap(), Wait::Set);
    });
}

/// E5: `Set` only if set.
#[test]
fn a_wait_that_times_out_is_counted_no_more() {
    let event = Event::new();
    assert_eq!(event.wait_timeout(Duration::from_millis(1)), Wait::TimedOut);
    assert_eq!(event.n_waiting(), 0);
    event.set();
    event.clear();
    assert_eq!(event.wait_timeout(Duration::from_millis(1)), Wait::TimedOut);
}
