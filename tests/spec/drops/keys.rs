//! Keys of `LockedFlags`: they are dropped, cloned and written outside of its locks.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::LazyLock;

use rstest::rstest;
use threadproof::{KeyTaken, LockedFlags, Registration};

use super::Trouble;
use crate::support::{ends, in_a_process_of_its_own};

/// The flags that a key calls back into.
static FLAGS: LazyLock<LockedFlags<Key>> = LazyLock::new(LockedFlags::new);

struct Key(u32, Option<Trouble>);

impl Key {
    fn ask(&self) {
        if self.1 == Some(Trouble::CallsBack) {
            let _ = FLAGS.is_stopped(&9);
            assert!(FLAGS.len() <= 3);
        }
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.ask();
        assert!(self.1 != Some(Trouble::Panics), "dropped");
    }
}

impl Clone for Key {
    fn clone(&self) -> Self {
        self.ask();
        Self(self.0, self.1)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ask();
        write!(f, "key {}", self.0)
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Borrow<u32> for Key {
    fn borrow(&self) -> &u32 {
        &self.0
    }
}

fn register(number: u32, trouble: Trouble) -> Registration<'static, Key> {
    FLAGS.register(Key(number, Some(trouble))).unwrap()
}

#[rstest]
#[case::dropped(dropped)]
#[case::dropped_while_a_panic_passes(dropped_while_a_panic_passes)]
#[case::dropped_in_the_step_of_another(dropped_in_the_step_of_another)]
#[case::dropped_in_a_step_that_panics(dropped_in_a_step_that_panics)]
#[case::taken(taken)]
#[case::stopped(stopped)]
#[case::unknown(unknown)]
fn no_key_of_locked_flags_harms_anybody(
    #[case] place: fn(Trouble),
    #[values(Trouble::Panics, Trouble::CallsBack)] trouble: Trouble,
) {
    in_a_process_of_its_own(|| {
        ends(move || place(trouble));
        assert!(FLAGS.is_empty());
        let next = FLAGS.register(Key(1, None)).unwrap();
        assert_eq!(next.step(|| "goes on"), Some("goes on"));
    });
}

fn dropped(trouble: Trouble) {
    let (one, two) = (register(1, trouble), register(2, trouble));
    drop(one);
    assert_eq!(FLAGS.len(), 1);
    assert_eq!(two.step(|| 7), Some(7));
}

fn dropped_while_a_panic_passes(trouble: Trouble) {
    let ended = catch_unwind(|| {
        let _both = (register(1, trouble), register(2, trouble));
        panic!("its own");
    });
    assert_eq!(ended.unwrap_err().downcast_ref(), Some(&"its own"));
}

/// What calls back finds its own thread inside a step: that would wait for itself, and is a panic.
fn dropped_in_the_step_of_another(trouble: Trouble) {
    let (one, two) = (register(1, trouble), register(2, trouble));
    assert_eq!(one.step(move || drop(two)), Some(()));
    assert_eq!(FLAGS.len(), 1);
}

fn dropped_in_a_step_that_panics(trouble: Trouble) {
    let (one, two) = (register(1, trouble), register(2, trouble));
    let step = || {
        let _both = two;
        panic_any(Key(3, Some(trouble)));
    };
    let payload = catch_unwind(AssertUnwindSafe(|| one.step(step))).unwrap_err();
    // The payload is the caller's.
    std::mem::forget(payload);
    assert_eq!(one.step(|| "goes on"), Some("goes on"));
    assert_eq!(FLAGS.len(), 1);
}

fn taken(trouble: Trouble) {
    let one = register(1, trouble);
    let refused = FLAGS.register(Key(1, Some(trouble))).map(drop);
    let key = "key 1".to_owned();
    assert_eq!(refused, Err(KeyTaken { key }));
    assert_eq!(one.step(|| 7), Some(7));
}

fn stopped(trouble: Trouble) {
    let one = register(1, trouble);
    assert_eq!(FLAGS.stop(&1), Ok(true));
    assert_eq!(FLAGS.stop(one.key()), Ok(false));
    assert_eq!(FLAGS.is_stopped(one.key()), Ok(true));
    assert_eq!(one.step(|| 7), None);
}

fn unknown(trouble: Trouble) {
    let key = Key(1, Some(trouble));
    assert_eq!(FLAGS.stop(&key).unwrap_err().key, "key 1");
    assert_eq!(FLAGS.is_stopped(&key).unwrap_err().key, "key 1");
    std::mem::forget(key);
}
