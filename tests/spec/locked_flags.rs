//! <https://docs.python.org/3/library/threading.html#lock-objects>: K1, K3, K4, K5.
//!
//! The notebook's dict of flags with a lock, where check and step are one critical section.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, mpsc};
use std::thread;

use rstest::rstest;
use threadproof::{KeyTaken, LockedFlags, Registration, UnknownKey};

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

/// K3: a `stop` that comes while a step runs waits for its end; no step begins after it.
#[test]
fn stop_waits_for_the_running_step_and_lets_no_other_begin() {
    let flags = LockedFlags::new();
    let (enter, entered) = mpsc::channel();
    let (finish, may_finish) = mpsc::channel::<()>();
    let log = Mutex::new(Vec::new());
    let steps = thread::scope(|scope| {
        let (flags, log) = (&flags, &log);
        let worker = scope.spawn(move || {
            let worker = flags.register("a").unwrap();
            let step = || {
                enter.send(()).unwrap();
                // Steps after the first do not wait: the sender is gone then.
                let _ = may_finish.recv();
                log.lock().unwrap().push("step ended");
            };
            std::iter::from_fn(|| worker.step(step)).count()
        });
        entered.recv().unwrap();
        let (come, has_come) = mpsc::channel();
        scope.spawn(move || {
            come.send(()).unwrap();
            assert_eq!(flags.stop("a"), Ok(true));
            log.lock().unwrap().push("stop returned");
        });
        has_come.recv().unwrap();
        // Time for a stop that does not wait to show itself; one that does needs none.
        (0..1000).for_each(|_| thread::yield_now());
        drop(finish);
        worker.join().unwrap()
    });
    // Who asks for the lock first need not get it first: more steps may come before the stop.
    let mut expected = vec!["step ended"; steps];
    expected.push("stop returned");
    assert_eq!(log.into_inner().unwrap(), expected);
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

/// A step that unwinds and owns the registration of another worker must not abort the program.
#[test]
fn registration_dropped_by_a_panicking_step_does_not_panic_again() {
    let flags = LockedFlags::new();
    let [a, b] = ["a", "b"].map(|key| flags.register(key).unwrap());
    let unlucky = || {
        let _owned = b;
        panic!("unlucky")
    };
    assert_eq!(message_of(|| _ = a.step(unlucky)), "unlucky");
    assert_eq!(a.step(|| 1), Some(1));
}
