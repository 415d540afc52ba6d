//! <https://docs.python.org/3/library/threading.html#lock-objects>: K1, K3, K4, K5, K7, P12.
//!
//! The notebook's dict of flags with a lock, where check and step are one critical section.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{LazyLock, Mutex, mpsc};
use std::thread;

use rstest::rstest;
use threadproof::{Event, KeyTaken, LockedFlags, Registration, UnknownKey};

use crate::support::{ends, passes_in_its_own_process, until};

type Worker<'a> = Registration<'a, &'static str>;

fn unknown(key: &str) -> UnknownKey {
    UnknownKey {
        key: format!("{key:?}"),
    }
}

/// What the panic in `body` said.
fn message_of(body: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(body)).expect_err("it should have panicked");
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => payload.downcast_ref::<&str>().unwrap().to_string(),
    }
}

/// K1
#[test]
fn stopping_one_key_stops_only_it() {
    let flags = LockedFlags::new();
    let workers = ["a", "b", "c"].map(|key| flags.register(key).unwrap());
    assert_eq!(flags.stop("b"), Ok(true));
    assert_eq!(flags.stop("b"), Ok(false), "it was stopped");
    let stepped = workers
        .each_ref()
        .map(|worker| worker.step(|| ()).is_some());
    assert_eq!(stepped, [true, false, true]);
    let stopped = workers.map(|worker| flags.is_stopped(*worker.key()));
    assert_eq!(stopped, [Ok(false), Ok(true), Ok(false)]);
}

/// K1, K5: a key that never came and one that has gone are the same error.
#[test]
fn unknown_key_is_an_error_that_names_it() {
    let flags = LockedFlags::new();
    let worker = flags.register("a").unwrap();
    assert_eq!(flags.stop("b"), Err(unknown("b")));
    assert_eq!(flags.is_stopped("b"), Err(unknown("b")));
    assert_eq!(flags.is_stopped("a"), Ok(false), "the other is untouched");
    drop(worker);
    assert_eq!(flags.stop("a"), Err(unknown("a")));
    assert_eq!(
        flags.stop("a").unwrap_err().to_string(),
        r#"unknown key "a""#
    );
}

#[test]
fn taken_key_is_an_error_and_its_worker_is_not_affected() {
    let flags = LockedFlags::new();
    let worker = flags.register("a").unwrap();
    let taken = flags.register("a").unwrap_err();
    assert_eq!(
        taken,
        KeyTaken {
            key: r#""a""#.into()
        }
    );
    assert_eq!(
        taken.to_string(),
        r#"key "a" is taken by a worker that has not ended"#
    );
    assert_eq!(worker.step(|| 1), Some(1));
    drop(worker);
    assert_eq!(
        flags.register("a").unwrap().step(|| 2),
        Some(2),
        "free again"
    );
}

/// K3: a `stop` that comes while a step runs waits for its end, and is served before the next step.
#[test]
fn stop_waits_for_the_running_step_and_lets_no_other_begin() {
    let flags = LockedFlags::new();
    let (enter, entered) = mpsc::channel();
    let (finish, may_finish) = mpsc::channel::<()>();
    let log = Mutex::new(Vec::new());
    thread::scope(|scope| {
        let (flags, log) = (&flags, &log);
        scope.spawn(move || {
            let worker = flags.register("a").unwrap();
            let step = || {
                enter.send(()).unwrap();
                // A second step would not wait: the sender is gone then.
                let _ = may_finish.recv();
                log.lock().unwrap().push("step ended");
            };
            while worker.step(step).is_some() {}
        });
        entered.recv().unwrap();
        scope.spawn(move || {
            assert_eq!(flags.stop("a"), Ok(true));
            log.lock().unwrap().push("stop returned");
        });
        until(|| flags.n_waiting() == 1);
        drop(finish);
    });
    let log = log.into_inner().unwrap();
    assert_eq!(log, ["step ended", "stop returned"]);
}

/// K7: those who wait for their turn get it in the order in which they asked, whatever they ask
/// for. The worker that steps asks again last, though it is there first.
#[test]
fn calls_and_steps_are_served_in_the_order_in_which_they_were_asked_for() {
    let flags = LockedFlags::new();
    let [a, b, c] = ["a", "b", "c"].map(|key| flags.register(key).unwrap());
    let asked: [&(dyn Fn() -> bool + Sync); 5] = [
        &|| b.step(|| ()).is_some(),
        &|| c.step(|| ()).is_some(),
        &|| flags.stop("c") == Ok(true),
        &|| c.step(|| ()).is_none() && b.step(|| ()).is_none(),
        &|| {
            flags.stop_all();
            true
        },
    ];
    thread::scope(|scope| {
        a.step(|| {
            for (number, ask) in asked.iter().enumerate() {
                scope.spawn(move || assert!(ask(), "call {number}"));
                until(|| flags.n_waiting() == number + 1);
            }
        });
        assert_eq!(a.step(|| ()), None, "all of them came before");
    });
}

/// K4
#[rstest]
#[case::nobody(0)]
#[case::one(1)]
#[case::several(5)]
fn stop_all_stops_who_is_registered_and_who_comes_later(#[case] before: u32) {
    let flags = LockedFlags::new();
    let early: Vec<_> = (0..before)
        .map(|key| flags.register(key).unwrap())
        .collect();
    flags.stop_all();
    let late = flags.register(before).unwrap();
    for worker in early.iter().chain([&late]) {
        assert_eq!(worker.step(|| ()), None, "key {}", worker.key());
        assert_eq!(flags.is_stopped(worker.key()), Ok(true));
        assert_eq!(flags.stop(worker.key()), Ok(false));
    }
}

/// K5
#[test]
fn dropping_the_registration_removes_the_key() {
    let flags = LockedFlags::new();
    let (a, b) = (flags.register("a").unwrap(), flags.register("b").unwrap());
    assert_eq!((flags.len(), flags.is_empty()), (2, false));
    drop(a);
    assert_eq!(flags.len(), 1);
    drop(b);
    assert_eq!((flags.len(), flags.is_empty()), (0, true));
}

/// K5: a dead worker leaves no key behind, whether it died inside a step or outside.
#[rstest]
#[case::inside_a_step(|worker: &Worker| {
    worker.step(|| panic!("unlucky"));
})]
#[case::between_two_steps(|_: &Worker| panic!("unlucky"))]
fn key_of_a_worker_that_panicked_is_gone_and_the_others_go_on(#[case] die: fn(&Worker)) {
    let flags = LockedFlags::new();
    let stopped = flags.register("stopped").unwrap();
    let running = flags.register("running").unwrap();
    flags.stop("stopped").unwrap();
    thread::scope(|scope| {
        let worker = scope.spawn(|| die(&flags.register("unlucky").unwrap()));
        worker.join().unwrap_err();
    });
    assert_eq!(flags.is_stopped("unlucky"), Err(unknown("unlucky")));
    assert_eq!(stopped.step(|| ()), None, "still stopped");
    assert_eq!(running.step(|| 1), Some(1), "not blocked");
    assert_eq!(flags.stop("running"), Ok(true));
}

/// K5: who catches the panic of its own step can take the next one.
#[test]
fn worker_whose_step_panicked_stays_registered_and_can_go_on() {
    let flags = LockedFlags::new();
    let worker = flags.register("a").unwrap();
    let step = || -> () { panic!("unlucky") };
    assert_eq!(message_of(|| _ = worker.step(step)), "unlucky");
    assert_eq!(flags.is_stopped("a"), Ok(false));
    assert_eq!(worker.step(|| 2), Some(2));
    assert_eq!(flags.stop("a"), Ok(true));
}

type Flags = LockedFlags<&'static str>;
type Reenter = fn(&Flags, &Worker);

/// It would wait for itself: a `Lock` in Python does, for ever.
#[rstest]
#[case::stop(|flags: &Flags, _: &Worker| _ = flags.stop("b"), r#"stop("b")"#)]
#[case::stop_itself(|flags: &Flags, _: &Worker| _ = flags.stop("a"), r#"stop("a")"#)]
#[case::stop_all(|flags: &Flags, _: &Worker| flags.stop_all(), "stop_all()")]
#[case::is_stopped(|flags: &Flags, _: &Worker| _ = flags.is_stopped("b"), r#"is_stopped("b")"#)]
#[case::register(|flags: &Flags, _: &Worker| _ = flags.register("c"), r#"register("c")"#)]
#[case::len(|flags: &Flags, _: &Worker| _ = flags.len(), "len()")]
#[case::step(|_: &Flags, b: &Worker| _ = b.step(|| ()), "step()")]
fn call_from_inside_a_step_panics_naming_it_and_leaves_everything_usable(
    #[case] reenter: Reenter,
    #[case] call: &str,
) {
    let flags = LockedFlags::new();
    let [a, b] = ["a", "b"].map(|key| flags.register(key).unwrap());
    assert_eq!(
        message_of(|| _ = a.step(|| reenter(&flags, &b))),
        format!("{call} from inside a step of the same flags would wait for itself")
    );
    assert_eq!(flags.is_stopped("b"), Ok(false));
    assert_eq!((a.step(|| 1), b.step(|| 2)), (Some(1), Some(2)));
    assert_eq!(flags.stop("b"), Ok(true));
    assert_eq!((a.step(|| 3), b.step(|| 4)), (Some(3), None));
    drop((a, b));
    assert!(flags.is_empty());
}

/// The mark of a step is the thread's and the flags': neither other flags nor other threads care.
#[test]
fn step_may_use_other_flags() {
    let (outer, inner) = (LockedFlags::new(), LockedFlags::new());
    let (a, b) = (outer.register("a").unwrap(), inner.register("b").unwrap());
    let stopped = a.step(|| {
        assert_eq!(b.step(|| 1), Some(1));
        inner.stop("b")
    });
    assert_eq!(stopped, Some(Ok(true)));
    assert_eq!((a.step(|| 2), b.step(|| 3)), (Some(2), None));
}

/// K5: the step has the turn already, so the key of the other worker is free at once.
#[rstest]
#[case::and_goes_on(|| ())]
#[case::and_panics(|| resume_unwind(Box::new("unlucky")))]
fn registration_dropped_inside_a_step_frees_its_key(#[case] then: fn()) {
    ends(move || {
        let flags = LockedFlags::new();
        let [a, b] = ["a", "b"].map(|key| flags.register(key).unwrap());
        let step = || {
            let _owned = b;
            then();
        };
        let _ = catch_unwind(AssertUnwindSafe(|| a.step(step)));
        assert_eq!(flags.is_stopped("b"), Err(unknown("b")));
        assert_eq!(flags.register("b").unwrap().step(|| 2), Some(2));
        assert_eq!(a.step(|| 1), Some(1));
    });
}

static OF_THREADS: LazyLock<LockedFlags<&'static str>> = LazyLock::new(LockedFlags::new);
thread_local!(static HELD: RefCell<Option<Worker<'static>>> = const { RefCell::new(None) });

/// K5: after all else of the thread, when much of `std` is not to be used any more. A panic there
/// would abort the program, so it is a program of its own.
#[test]
fn registration_that_ends_with_its_thread_frees_its_key() {
    const HERE: &str = "THREADPROOF_TEST_ENDS_WITH_ITS_THREAD";
    if std::env::var_os(HERE).is_none() {
        let test = "locked_flags::registration_that_ends_with_its_thread_frees_its_key";
        return assert!(passes_in_its_own_process(test, |again| again.env(HERE, "1")));
    }
    let flags = &*OF_THREADS;
    let hold = || HELD.set(Some(flags.register("a").unwrap()));
    thread::spawn(hold).join().unwrap();
    assert!(flags.is_empty());
    // Once more, and this time it has to wait for a step.
    let (hold, held) = (Event::new(), Event::new());
    let holder = thread::scope(|scope| {
        scope.spawn(|| {
            HELD.set(Some(flags.register("a").unwrap()));
            held.set();
            hold.wait();
        });
        held.wait();
        let worker = flags.register("b").unwrap();
        worker.step(|| {
            hold.set();
            until(|| flags.n_waiting() == 1);
        })
    });
    assert_eq!(holder, Some(()));
    until(|| flags.is_empty());
}

/// A key that does this when it is cloned, written and dropped.
struct Key {
    number: u32,
    does: [fn(); 3],
}

impl Clone for Key {
    fn clone(&self) -> Self {
        self.does[0]();
        Self { ..*self }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.does[1]();
        write!(f, "{}", self.number)
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.does[2]();
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Key {}

thread_local!(static HASH_PANICS: Cell<bool> = const { Cell::new(false) });

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if HASH_PANICS.get() {
            resume_unwind(Box::new("unlucky"));
        }
        self.number.hash(state);
    }
}

static OF_KEYS: LazyLock<LockedFlags<Key>> = LazyLock::new(LockedFlags::new);

/// P12: a key that asks how many workers there are would wait for itself under the lock.
#[rstest]
#[case::when_it_is_cloned(0)]
#[case::when_it_is_written(1)]
#[case::when_it_is_dropped(2)]
fn key_may_call_the_flags(#[case] when: usize) {
    ends(move || {
        let mut does: [fn(); 3] = [|| (); 3];
        does[when] = || _ = OF_KEYS.len();
        let key = |number| Key { number, does };
        let number = 10 * u32::try_from(when).unwrap();
        let worker = OF_KEYS.register(key(number)).unwrap();
        let taken = OF_KEYS.register(key(number)).unwrap_err();
        assert_eq!(taken.key, number.to_string());
        assert_eq!(OF_KEYS.stop(&key(number)), Ok(true));
        let unknown = OF_KEYS.is_stopped(&key(number + 1)).unwrap_err();
        assert_eq!(unknown.key, (number + 1).to_string());
        assert_eq!(format!("{:?}", *OF_KEYS), "LockedFlags { .. }");
        assert_eq!(worker.step(|| ()), None);
        drop(worker);
        // From inside a step the text of the panic asks, too: another panic, and no abort.
        let (worker, asked) = (OF_KEYS.register(key(number)).unwrap(), key(number));
        let said = message_of(|| _ = worker.step(|| OF_KEYS.stop(&asked)));
        assert!(said.ends_with(" would wait for itself"), "{said}");
        drop(worker);
        OF_KEYS.is_stopped(&key(number)).unwrap_err();
    });
}

/// P12: a panic while a panic unwinds would abort the program.
#[test]
fn key_that_panics_when_it_is_dropped_harms_nobody() {
    let flags = LockedFlags::new();
    let key = || Key {
        number: 1,
        does: [|| (), || (), || panic!("a key panics when it is dropped")],
    };
    let worker = flags.register(key()).unwrap();
    assert!(flags.register(key()).is_err());
    drop(worker);
    let worker = flags.register(key()).unwrap();
    let unlucky = || {
        let _owned = worker;
        panic!("unlucky")
    };
    assert_eq!(message_of(unlucky), "unlucky");
    assert!(flags.is_empty());
}

/// P12: `Hash` and `Eq` run under the lock; what they throw costs their own call.
#[test]
fn key_whose_hash_panics_leaves_the_flags_usable() {
    let flags = LockedFlags::new();
    let key = |number| Key {
        number,
        does: [|| (); 3],
    };
    let (one, two) = (
        flags.register(key(1)).unwrap(),
        flags.register(key(2)).unwrap(),
    );
    HASH_PANICS.set(true);
    for call in [
        &(|| drop(flags.register(key(3)))) as &dyn Fn(),
        &|| drop(flags.stop(&key(1))),
        &|| _ = one.step(|| ()),
    ] {
        assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
    }
    // Not from a drop. Nobody can find its key now, so it stays.
    drop(two);
    HASH_PANICS.set(false);
    assert_eq!(flags.len(), 2);
    assert_eq!(one.step(|| 1), Some(1));
    assert_eq!(flags.stop(&key(1)), Ok(true));
    drop(one);
    assert_eq!(flags.stop(&key(2)), Ok(true));
}

/// P12: then it is dropped while the panic unwinds; under no lock, and a panic of its own ends there.
#[rstest]
#[case::which_calls_the_flags(|| _ = OF_KEYS.len())]
#[case::which_panics(|| panic!("a key panics when it is dropped"))]
fn key_whose_hash_panics_may_do_this_when_it_is_dropped(#[case] dropped: fn()) {
    ends(move || {
        let key = Key {
            number: 1000,
            does: [|| (), || (), dropped],
        };
        HASH_PANICS.set(true);
        let said = message_of(move || drop(OF_KEYS.register(key)));
        HASH_PANICS.set(false);
        assert_eq!(said, "unlucky");
    });
}
