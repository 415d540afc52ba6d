//! <https://docs.python.org/3/library/stdtypes.html#dict>: K1. The notebook's dict of `bool`s.

use std::thread;

use rstest::rstest;
use threadproof::{StopFlags, UnknownKey};

const KEYS: [&str; 3] = ["a.txt", "b.txt", "c.txt"];

/// K1
#[rstest]
fn stopping_one_key_stops_only_it(#[values(0, 1, 2)] stopped: usize) {
    let flags = StopFlags::new(KEYS);
    assert_eq!(flags.stop(KEYS[stopped]), Ok(true));
    assert_eq!(flags.stop(KEYS[stopped]), Ok(false), "it was stopped");
    for (index, key) in KEYS.into_iter().enumerate() {
        assert_eq!(flags.is_stopped(key), Ok(index == stopped), "{key}");
    }
}

/// K1: <https://docs.python.org/3/library/exceptions.html#KeyError>, but on the caller's side.
#[rstest]
#[case::misspelt("A.txt")]
#[case::empty("")]
#[case::with_quotes("a\"b")]
fn unknown_key_is_an_error_that_names_it_and_changes_nothing(#[case] key: &str) {
    let flags = StopFlags::new(KEYS);
    let unknown = UnknownKey {
        key: format!("{key:?}"),
    };
    assert_eq!(flags.stop(key), Err(unknown.clone()));
    assert_eq!(flags.is_stopped(key), Err(unknown.clone()));
    assert_eq!(unknown.to_string(), format!("unknown key {key:?}"));
    assert!(KEYS.iter().all(|key| flags.is_stopped(key) == Ok(false)));
}

#[test]
fn stop_all_stops_every_key() {
    let flags = StopFlags::new(KEYS);
    flags.stop("b.txt").unwrap();
    flags.stop_all();
    for key in KEYS {
        assert_eq!(flags.is_stopped(key), Ok(true), "{key}");
        assert_eq!(flags.stop(key), Ok(false), "{key}");
    }
}

#[rstest]
#[case::none(vec![])]
#[case::twice_the_same(vec![7, 7])]
#[case::twice_among_others(vec![1, 7, 2, 7])]
fn a_key_has_one_flag_however_often_it_comes(#[case] keys: Vec<u32>) {
    let flags = StopFlags::new(keys.clone());
    let expected = if keys.contains(&7) {
        Ok(true)
    } else {
        Err(UnknownKey { key: "7".into() })
    };
    assert_eq!(flags.stop(&7), expected);
    assert_eq!(flags.is_stopped(&7), expected);
    for other in keys.iter().filter(|key| **key != 7) {
        assert_eq!(flags.is_stopped(other), Ok(false));
    }
}

/// The flags are polled: a loop that never blocks ends all the same, and only it.
#[test]
fn polling_worker_ends_when_its_key_is_stopped() {
    let flags = StopFlags::new(KEYS.map(String::from));
    thread::scope(|scope| {
        let poll = |key| {
            while !flags.is_stopped(key).unwrap() {
                thread::yield_now();
            }
        };
        let [a, b, c] = KEYS.map(|key| scope.spawn(move || poll(key)));
        flags.stop("b.txt").unwrap();
        b.join().unwrap();
        let are_over = [a.is_finished(), c.is_finished()];
        flags.stop_all();
        assert_eq!(are_over, [false; 2]);
    });
}
