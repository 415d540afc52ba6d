//! <https://docs.python.org/3/library/threading.html#lock-objects>: K1, K4, K5, K6.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use proptest::collection::vec;
use proptest::prelude::*;
use threadproof::{Event, KeyTaken, LockedFlags, StopFlags, UnknownKey};

/// Calls that all three versions of the notebook's flags have.
#[derive(Clone, Copy, Debug)]
enum Common {
    Stop(usize),
    IsStopped(usize),
    StopAll,
}

proptest! {
    /// K6: atomic flags, locked flags and events give the same answers to the same calls.
    #[test]
    fn the_three_versions_cannot_be_told_apart(
        workers in 0..5usize,
        calls in vec(
            prop_oneof![
                6 => (0..6usize).prop_map(Common::Stop),
                6 => (0..6usize).prop_map(Common::IsStopped),
                1 => Just(Common::StopAll),
            ],
            0..50,
        ),
    ) {
        let atomic = StopFlags::new(0..workers);
        let locked = LockedFlags::new();
        let registered: Vec<_> = (0..workers).map(|key| locked.register(key).unwrap()).collect();
        let events: Vec<Event> = (0..workers).map(|_| Event::new()).collect();
        let event = |key: usize| {
            events.get(key).ok_or(UnknownKey { key: key.to_string() })
        };
        for call in calls {
            match call {
                Common::Stop(key) => {
                    let answer = event(key).map(Event::set);
                    prop_assert_eq!(&atomic.stop(&key), &answer);
                    prop_assert_eq!(&locked.stop(&key), &answer);
                }
                Common::IsStopped(key) => {
                    let answer = event(key).map(Event::is_set);
                    prop_assert_eq!(&atomic.is_stopped(&key), &answer);
                    prop_assert_eq!(&locked.is_stopped(&key), &answer);
                }
                Common::StopAll => {
                    atomic.stop_all();
                    locked.stop_all();
                    events.iter().for_each(|event| _ = event.set());
                }
            }
        }
        for worker in &registered {
            let goes_on = !atomic.is_stopped(worker.key()).unwrap();
            prop_assert_eq!(worker.step(|| ()).is_some(), goes_on);
            prop_assert_eq!(events[*worker.key()].is_set(), !goes_on);
        }
    }
}

/// Calls of flags whose workers come, step, die and go.
#[derive(Clone, Copy, Debug)]
enum Call {
    Register(u8),
    Leave(u8),
    DieOutsideAStep(u8),
    Step(u8),
    PanicInStep(u8),
    Stop(u8),
    StopAll,
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let kinds: [fn(u8) -> Call; 6] = [
        Call::Register,
        Call::Leave,
        Call::DieOutsideAStep,
        Call::Step,
        Call::PanicInStep,
        Call::Stop,
    ];
    let call = (prop::sample::select(kinds.to_vec()), 0..5u8).prop_map(|(kind, key)| kind(key));
    vec(prop_oneof![30 => call, 1 => Just(Call::StopAll)], 0..60)
}

/// A panic that prints nothing.
fn panics(body: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(body)).is_err()
}

proptest! {
    /// K1, K4, K5: the oracle is a map; a panic changes nothing but the one who dies of it.
    #[test]
    fn flags_are_a_map_of_those_who_are_registered(calls in calls()) {
        let flags = LockedFlags::new();
        let mut workers = HashMap::new();
        let (mut model, mut all_stopped) = (HashMap::<u8, bool>::new(), false);
        for call in calls {
            match call {
                Call::Register(key) => match flags.register(key) {
                    Ok(worker) => {
                        prop_assert_eq!(model.insert(key, all_stopped), None);
                        workers.insert(key, worker);
                    }
                    Err(taken) => {
                        prop_assert_eq!(taken, KeyTaken { key: key.to_string() });
                        prop_assert!(model.contains_key(&key));
                    }
                },
                Call::Leave(key) => {
                    prop_assert_eq!(workers.remove(&key).is_some(), model.remove(&key).is_some());
                }
                Call::DieOutsideAStep(key) => {
                    if let Some(worker) = workers.remove(&key) {
                        let die = || {
                            let _own = worker;
                            resume_unwind(Box::new("unlucky"));
                        };
                        prop_assert!(panics(die));
                        model.remove(&key);
                    }
                }
                Call::Step(key) => {
                    let stepped = workers.get(&key).and_then(|worker| worker.step(|| ()));
                    prop_assert_eq!(stepped.is_some(), model.get(&key) == Some(&false));
                }
                Call::PanicInStep(key) => {
                    if let Some(worker) = workers.get(&key) {
                        let step = || resume_unwind(Box::new("unlucky"));
                        prop_assert_eq!(panics(|| worker.step(step).unwrap_or(())), !model[&key]);
                    }
                }
                Call::Stop(key) => {
                    let stopped = model.get_mut(&key).map(|flag| !std::mem::replace(flag, true));
                    let expected = stopped.ok_or(UnknownKey { key: key.to_string() });
                    prop_assert_eq!(flags.stop(&key), expected);
                }
                Call::StopAll => {
                    flags.stop_all();
                    all_stopped = true;
                    model.values_mut().for_each(|flag| *flag = true);
                }
            }
            prop_assert_eq!(flags.len(), model.len());
            for (key, stopped) in &model {
                prop_assert_eq!(flags.is_stopped(key), Ok(*stopped));
            }
        }
    }
}
