//! <https://docs.python.org/3/library/threading.html#event-objects>: E1, E3, E5.

use std::thread;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use threadproof::{Event, Wait};

use crate::support::until;

#[derive(Clone, Copy, Debug)]
enum Call {
    Set,
    Clear,
    IsSet,
    Poll,
}

fn calls(most: usize) -> impl Strategy<Value = Vec<Call>> {
    let call = prop::sample::select(&[Call::Set, Call::Clear, Call::IsSet, Call::Poll]);
    vec(call, 0..=most)
}

fn answer_of(event: &Event, call: Call) -> bool {
    match call {
        Call::Set => event.set(),
        Call::Clear => event.clear(),
        Call::IsSet => event.is_set(),
        Call::Poll => event.wait_timeout(Duration::ZERO) == Wait::Set,
    }
}

proptest! {
    /// E1: the oracle is a `bool`.
    #[test]
    fn event_without_waiters_is_a_bool(calls in calls(50)) {
        let (event, mut model) = (Event::new(), false);
        for call in calls {
            let expected = match call {
                Call::Set => !std::mem::replace(&mut model, true),
                Call::Clear => std::mem::replace(&mut model, false),
                Call::IsSet | Call::Poll => model,
            };
            prop_assert_eq!(answer_of(&event, call), expected, "{:?}", call);
        }
        prop_assert_eq!(event.n_waiting(), 0);
    }
}

proptest! {
    /// E3: news is a set that changed the event since then, or one before whose effect lasts.
    #[test]
    fn who_has_noted_the_generation_misses_no_set(before in calls(10), after in calls(10)) {
        let event = Event::new();
        for call in before {
            answer_of(&event, call);
        }
        let seen = event.generation();
        let mut was_set = false;
        for call in after {
            was_set |= answer_of(&event, call) && matches!(call, Call::Set);
            let is_news = was_set || event.is_set();
            prop_assert_eq!(event.is_set_since(seen), is_news);
            let wait = event.wait_since(seen, Duration::ZERO);
            prop_assert_eq!(wait == Wait::Set, is_news);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// E3: whatever follows a `set`, whoever waited before it is released; without one, nobody is.
    #[test]
    fn waiters_are_released_by_any_calls_that_contain_a_set(
        calls in calls(8),
        waiters in 1..4usize,
    ) {
        let event = Event::new();
        thread::scope(|scope| {
            let waiters: Vec<_> = (0..waiters).map(|_| scope.spawn(|| event.wait())).collect();
            until(|| event.n_waiting() == waiters.len());
            for call in &calls {
                answer_of(&event, *call);
            }
            if !calls.iter().any(|call| matches!(call, Call::Set)) {
                assert_eq!(event.n_waiting(), waiters.len());
                event.set();
            }
        });
        prop_assert_eq!(event.n_waiting(), 0);
    }
}
