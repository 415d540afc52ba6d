//! <https://docs.python.org/3/library/threading.html#thread-objects>: J1, J3, J4, J5.
//!
//! By meaning from CPython's `ThreadJoinOnShutdown`, as far as one process can show it.

use std::any::Any;
use std::cell::Cell;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, panic_any, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rstest::rstest;
use threadproof::{Event, JobError, JoinError, Panicked, Running, ThreadPool, start, start_daemon};

use crate::support::{count, ends, passes_in_its_own_process, until};

/// A payload whose drop panics, too.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("the payload's own panic");
    }
}

#[track_caller]
fn panic_of<T>(running: Running<T>) -> Panicked {
    match running.join() {
        Err(JoinError::Panicked(panicked)) => panicked,
        _ => panic!("this thread panics"),
    }
}

/// Panics when it is dropped, and what that panic throws panics when it is dropped, too.
struct Fuse;

impl Drop for Fuse {
    fn drop(&mut self) {
        panic_any(Bomb);
    }
}

/// A thread that returns 7 once its gate is open, and the gate.
fn behind_a_gate() -> (Arc<Event>, Running<u32>) {
    let gate = Arc::new(Event::new());
    let body = {
        let gate = gate.clone();
        move || {
            gate.wait();
            7
        }
    };
    (gate, start("gated", body).unwrap())
}

/// J1, <https://docs.python.org/3/library/threading.html#threading.excepthook>
#[rstest]
#[case::text(|| panic!("no such file"), "no such file")]
#[case::formatted(|| panic!("no file {:?}", "a.txt"), r#"no file "a.txt""#)]
#[case::empty(|| panic!(""), "")]
#[case::string(|| panic_any(String::from("owned")), "owned")]
#[case::number(|| panic_any(7), "(a payload that is no text)")]
#[case::panics_when_dropped(|| panic_any(Bomb), "(a payload that is no text)")]
#[case::panics_twice_when_dropped(|| panic_any(Fuse), "(a payload that is no text)")]
fn join_gives_the_panic_as_a_value(#[case] body: fn(), #[case] message: &str) {
    let panicked = panic_of(start("unlucky", body).unwrap());
    assert_eq!(
        (panicked.worker(), panicked.message()),
        ("unlucky", message)
    );
    assert_eq!(panicked.to_string(), format!("unlucky panicked: {message}"));

    let running = start("unlucky", body).unwrap();
    let outcome = running.join_timeout(Duration::MAX).unwrap();
    assert_eq!(outcome, Err(JoinError::Panicked(panicked)));
}

/// J1: the place is that of the panic that ended the thread, and of no other.
#[rstest]
#[case::text(|| panic!("no such file"), Some(line!()))]
#[case::formatted(|| panic!("no file {:?}", "a.txt"), Some(line!()))]
#[case::number(|| panic_any(7), Some(line!()))]
#[case::panics_when_dropped(|| panic_any(Bomb), Some(line!()))]
#[case::after_one_that_was_caught(|| { survive("one"); panic!("another") }, Some(line!()))]
#[case::passed_on(|| resume_unwind(survive("one")), Some(SURVIVED))]
#[case::from_elsewhere(|| resume_unwind(Box::new("one")), None)]
#[case::from_elsewhere_after_one(|| { survive("one"); resume_unwind(Box::new("another")) }, None)]
#[case::no_text_after_one(|| { survive("one"); resume_unwind(Box::new(7)) }, None)]
fn panic_that_join_gives_has_its_own_place_or_none(#[case] body: fn(), #[case] line: Option<u32>) {
    let panicked = panic_of(start("unlucky", body).unwrap());
    let place = line.map(|line| format!("{}:{line}", file!()));
    let found = panicked.location();
    let found = found.and_then(|found| Some(found.rsplit_once(':')?.0));
    assert_eq!(found, place.as_deref());
}

/// A panic that ends here, and its payload.
fn survive(text: &'static str) -> Box<dyn Any + Send> {
    catch_unwind(|| panic!("{text}")).unwrap_err()
}

/// Where [`survive`] panics.
const SURVIVED: u32 = line!() - 4;

/// Thread-locals end one after the other, and ours may have ended before a panic in another.
#[test]
fn panic_that_a_thread_local_catches_when_it_ends_harms_nobody() {
    struct Survivor;
    impl Drop for Survivor {
        fn drop(&mut self) {
            drop(survive("at the end of the thread"));
        }
    }
    thread_local!(static HELD: [Survivor; 2] = const { [Survivor, Survivor] });
    let running = start("survivor", || HELD.with(|_| 7)).unwrap();
    assert_eq!(running.join(), Ok(7));
}

#[test]
fn a_panic_as_a_value_is_one_pointer_wide() {
    assert_eq!(size_of::<Panicked>(), size_of::<usize>());
    assert!(size_of::<Result<u64, JobError>>() <= 16);
    assert!(size_of::<Result<u64, JoinError>>() <= 16);
}

/// What a program does to the one panic hook that all threads share, and what is known afterwards.
#[rstest]
#[case::one_before(ask_a_hook_that_was_there_before)]
#[case::one_instead(put_a_hook_in_our_hook_s_place)]
#[case::first_start_while_unwinding(start_for_the_first_time_while_unwinding)]
fn panic_hook_is_one_of_many(#[case] program: fn()) {
    const HERE: &str = "THREADPROOF_TEST_OF_THE_PANIC_HOOK";
    if std::env::var_os(HERE).is_some() {
        return program();
    }
    let this = thread::current().name().unwrap().to_owned();
    assert!(passes_in_its_own_process(&this, |test| test.env(HERE, "yes")));
}

fn place_of_a_panic() -> Option<String> {
    let panicked = panic_of(start("unlucky", || panic!("unlucky")).unwrap());
    panicked.location().map(str::to_owned)
}

fn ask_a_hook_that_was_there_before() {
    static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let tell = |panic: &PanicHookInfo| {
        let told = panic.location().unwrap().to_string();
        TOLD.lock().unwrap().push(told);
    };
    std::panic::set_hook(Box::new(tell));
    let places = [(); 3].map(|()| place_of_a_panic().unwrap());
    assert_eq!(*TOLD.lock().unwrap(), places, "each panic once");
    drop(survive("on a thread that is not ours"));
    assert_eq!(TOLD.lock().unwrap().len(), 4);
}

fn put_a_hook_in_our_hook_s_place() {
    assert!(place_of_a_panic().is_some());
    std::panic::set_hook(Box::new(|_| ()));
    assert_eq!(place_of_a_panic(), None, "nobody tells us");
}

/// A thread that panics must not change the hook: `std` would abort the program.
fn start_for_the_first_time_while_unwinding() {
    struct Starts;
    impl Drop for Starts {
        fn drop(&mut self) {
            assert_eq!(place_of_a_panic(), None, "nobody tells us yet");
        }
    }
    let starts = Starts;
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _starts = starts;
        panic!("unwinding")
    }));
    assert!(unwound.is_err());
    assert!(place_of_a_panic().is_some());
}

#[test]
fn join_gives_the_value() {
    let running = start("adder", || 1 + 2).unwrap();
    assert_eq!(running.name(), "adder");
    assert_eq!(running.join(), Ok(3));
}

/// J3: the end of the handle's scope is the end of the thread.
#[rstest]
#[case::returns(|| ())]
#[case::panics(|| panic!("unlucky"))]
#[case::panics_with_a_bomb(|| panic_any(Bomb))]
fn dropping_the_handle_waits_for_the_thread(#[case] end: fn()) {
    let ended = Arc::new(AtomicBool::new(false));
    let body = {
        let ended = ended.clone();
        move || {
            // Time for a drop that does not wait to show itself; one that does needs none.
            (0..1000).for_each(|_| thread::yield_now());
            ended.store(true, Ordering::Relaxed);
            end();
        }
    };
    drop(start("waited for", body).unwrap());
    assert!(ended.load(Ordering::Relaxed));
}

/// J3, <https://docs.python.org/3/library/threading.html#threading.Thread.daemon>
#[test]
fn detaching_does_not_wait() {
    let (gate, running) = behind_a_gate();
    let daemon = running.detach();
    assert_eq!(daemon.name(), "gated");
    assert!(!daemon.is_finished());
    gate.set();
    until(|| daemon.is_finished());
}

/// J4, <https://docs.python.org/3/library/threading.html#threading.Thread.join>
#[rstest]
#[case::poll(Duration::ZERO)]
#[case::one_nanosecond(Duration::from_nanos(1))]
#[case::longer_than_a_tick(Duration::from_millis(20))]
fn join_timeout_gives_the_handle_back_and_nothing_is_lost(#[case] timeout: Duration) {
    let (gate, mut running) = behind_a_gate();
    let mut took = Vec::new();
    for _ in 0..3 {
        let start = Instant::now();
        running = running.join_timeout(timeout).expect_err("it still runs");
        took.push((start.elapsed(), running.is_finished()));
    }
    gate.set();
    for (took, is_finished) in took {
        assert!(took >= timeout, "gave up after {took:?} of {timeout:?}");
        assert!(!is_finished);
    }
    until(|| running.is_finished());
    assert_eq!(running.join_timeout(timeout).unwrap(), Ok(7));
}

/// J4
#[rstest]
#[case::a_while(Duration::from_secs(3600))]
#[case::for_ever(Duration::MAX)]
fn join_timeout_ends_with_the_thread(#[case] timeout: Duration) {
    let (gate, running) = behind_a_gate();
    thread::scope(|scope| {
        let joiner = scope.spawn(|| running.join_timeout(timeout));
        gate.set();
        assert_eq!(joiner.join().unwrap().unwrap(), Ok(7));
    });
}

/// What a thread does with the handle to itself.
type Own = Running<()>;
type WithOwnHandle = fn(Own) -> Option<JoinError>;

/// J5: "Attempting to join the current thread would cause a deadlock", says Python and raises.
#[rstest]
#[case::join(|own: Own| own.join().err(), Some(JoinError::WouldDeadlock))]
#[case::join_timeout(
    |own: Own| own.join_timeout(Duration::MAX).unwrap().err(),
    Some(JoinError::WouldDeadlock)
)]
#[case::poll(
    |own: Own| own.join_timeout(Duration::ZERO).unwrap().err(),
    Some(JoinError::WouldDeadlock)
)]
#[case::drop(|own: Own| { drop(own); None }, None)]
#[case::detach(|own: Own| { drop(own.detach()); None }, None)]
fn thread_with_its_own_handle_neither_hangs_nor_panics(
    #[case] act: WithOwnHandle,
    #[case] expected: Option<JoinError>,
) {
    let (give, own) = mpsc::channel();
    let (tell, told) = mpsc::channel();
    let running = start("itself", move || {
        let outcome = act(own.recv().unwrap());
        tell.send((outcome, thread::panicking())).unwrap();
    });
    give.send(running.unwrap()).unwrap();
    assert_eq!(told.recv().unwrap(), (expected, false));
}

/// CPython's `test_1_join_on_shutdown`: the program's last words come before the thread's.
#[test]
fn thread_is_joined_at_the_end_of_the_scope() {
    let said = Arc::new(Mutex::new(Vec::new()));
    let main = || {
        let (gate, said_in_thread) = (Arc::new(Event::new()), said.clone());
        let may_end = gate.clone();
        let _running = start("thread", move || {
            may_end.wait();
            said_in_thread.lock().unwrap().push("end of thread");
        });
        said.lock().unwrap().push("end of main");
        gate.set();
    };
    main();
    assert_eq!(*said.lock().unwrap(), ["end of main", "end of thread"]);
}

/// CPython's `test_4_daemon_threads`: a scope with 40 busy daemons ends and waits for none.
#[test]
fn daemons_are_not_waited_for() {
    let stop = Arc::new(Event::new());
    let main = || {
        [(); 40].map(|()| {
            let stop = stop.clone();
            let busy = move || while !stop.is_set() {};
            start_daemon("busy", busy).unwrap()
        })
    };
    let daemons = main();
    assert!(daemons.iter().all(|daemon| !daemon.is_finished()));
    stop.set();
    until(|| daemons.iter().all(|daemon| daemon.is_finished()));
}

/// CPython's `test_thread_from_thread`: who starts a thread may end before it.
#[test]
fn thread_started_by_a_thread_outlives_it() {
    let (gate, may_end) = {
        let gate = Arc::new(Event::new());
        (gate.clone(), gate)
    };
    let outer = start("outer", move || {
        start("inner", move || {
            may_end.wait();
            7
        })
    });
    let inner = outer.unwrap().join().unwrap().unwrap();
    assert!(!inner.is_finished(), "its starter has ended, it has not");
    gate.set();
    assert_eq!(inner.join(), Ok(7));
}

/// A thread-local that a thread's end waits for.
struct Late(Arc<Event>);

impl Drop for Late {
    fn drop(&mut self) {
        self.0.wait();
    }
}

thread_local!(static LATE: Cell<Option<Late>> = const { Cell::new(None) });

/// J4: the value is there when the body has returned; a thread's own end may take its time.
#[rstest]
fn join_timeout_does_not_wait_for_thread_locals(
    #[values(Duration::ZERO, Duration::from_secs(3600), Duration::MAX)] timeout: Duration,
) {
    let outcome = ends(move || {
        let may_end = Arc::new(Event::new());
        let late = Late(may_end.clone());
        let _end = may_end.set_on_drop();
        let running = start("late", move || {
            LATE.set(Some(late));
            7
        });
        let running = running.unwrap();
        until(|| running.is_finished());
        // Not on a thread that is started now: on Windows none starts while another drops its thread-locals.
        let outcome = running.join_timeout(timeout);
        assert!(!may_end.is_set(), "the thread has not ended");
        outcome
    });
    assert_eq!(outcome.unwrap(), Ok(7));
}

/// J3: `join` and a drop do wait for them.
#[rstest]
#[case::join(|running: Running<u32>| assert_eq!(running.join(), Ok(7)))]
#[case::drop(|running: Running<u32>| drop(running))]
fn join_and_drop_wait_for_thread_locals(#[case] act: fn(Running<u32>)) {
    let may_end = Arc::new(Event::new());
    let late = Late(may_end.clone());
    let running = start("late", move || {
        LATE.set(Some(late));
        7
    });
    let running = running.unwrap();
    until(|| running.is_finished());
    thread::scope(|scope| {
        let joiner = scope.spawn(|| act(running));
        until(|| may_end.n_waiting() == 1);
        // Time for one that does not wait to show itself.
        (0..1000).for_each(|_| thread::yield_now());
        let has_waited = !joiner.is_finished();
        may_end.set();
        assert!(has_waited);
    });
}

/// What becomes of a value that nobody takes.
type Leave = fn(Running<Fuse>);

/// J1, J3: what panics when it is dropped would abort the program at a thread's end, or during another
/// panic. So each case would take the whole test program with it.
#[rstest]
#[case::detached_before(|running: Running<Fuse>| {
    let daemon = running.detach();
    until(|| daemon.is_finished());
}, true)]
#[case::detached_after(|running: Running<Fuse>| {
    until(|| running.is_finished());
    drop(running.detach());
}, false)]
#[case::dropped(|running: Running<Fuse>| drop(running), false)]
#[case::dropped_by_a_panic(|running: Running<Fuse>| {
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _running = running;
        panic!("unlucky")
    }));
    assert!(unwound.is_err());
}, false)]
fn value_that_panics_when_dropped_harms_nobody(#[case] leave: Leave, #[case] is_behind: bool) {
    let gate = Arc::new(Event::new());
    let may_end = gate.clone();
    let running = start("fuse", move || {
        may_end.wait();
        Fuse
    });
    let running = running.unwrap();
    if is_behind {
        thread::scope(|scope| {
            let leaves = scope.spawn(|| leave(running));
            until(|| gate.n_waiting() == 1);
            gate.set();
            leaves.join().unwrap();
        });
    } else {
        gate.set();
        leave(running);
    }
}

/// Once a daemon has finished, all that was its own has been dropped.
#[test]
fn daemon_that_has_finished_keeps_nothing() {
    for _ in 0..100 {
        let owned = Arc::new(());
        let captured = owned.clone();
        let daemon = start("owner", move || captured).unwrap().detach();
        until(|| daemon.is_finished());
        assert_eq!(Arc::strong_count(&owned), 1);
    }
}

/// The body's own values: a panic in their drop is the body's, if it has run, and else nobody's.
#[test]
fn captured_value_that_panics_when_dropped_harms_nobody() {
    let fuse = Fuse;
    let running = start("fuse", move || _ = &fuse).unwrap();
    let panicked = panic_of(running);
    assert_eq!(panicked.message(), "(a payload that is no text)");

    let fuse = Fuse;
    let error = start("\0", move || _ = &fuse).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);

    // While a panic unwinds, a second one would abort the program.
    struct Starts;
    impl Drop for Starts {
        fn drop(&mut self) {
            let fuse = Fuse;
            assert!(start_daemon("\0", move || _ = &fuse).is_err());
        }
    }
    let unwound = catch_unwind(|| {
        let _starts = Starts;
        panic!("unlucky")
    });
    assert!(unwound.is_err());
}

#[test]
fn daemon_that_panics_harms_nobody() {
    for end in [|| panic!("unlucky"), || panic_any(7), || panic_any(Bomb)] {
        let daemon = start_daemon("unlucky", end).unwrap();
        until(|| daemon.is_finished());
    }
}

#[rstest]
#[case::in_front("\0a")]
#[case::at_the_end("a\0")]
fn name_with_a_zero_byte_is_an_error_and_the_body_is_dropped(#[case] name: &str) {
    let owned = Arc::new(());
    let body = {
        let owned = owned.clone();
        move || drop(owned)
    };
    let error = start(name, body.clone()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let error = start_daemon(name, body).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains(&format!("{name:?}")));
    assert_eq!(Arc::strong_count(&owned), 1, "nothing runs");
}

/// What `top -H` and a debugger show: the first 15 bytes of the name.
#[cfg(target_os = "linux")]
#[rstest]
#[case::short("watcher-1", "watcher-1")]
#[case::long("a name of more than fifteen bytes", "a name of more ")]
fn name_is_visible_to_the_operating_system(#[case] name: &str, #[case] shown: &str) {
    let comm = || std::fs::read_to_string("/proc/thread-self/comm").unwrap();
    let running = start(name, comm).unwrap();
    assert_eq!(running.join().unwrap().trim_end_matches('\n'), shown);
}

/// Threads until the system refuses one more, in a process that may have little memory.
#[cfg(target_os = "linux")]
#[test]
fn thread_that_the_system_refuses_is_an_error_and_nothing_of_it_stays() {
    const HERE: &str = "THREADPROOF_TEST_WITH_LITTLE_MEMORY";
    if std::env::var_os(HERE).is_none() {
        let test = "lifecycle::thread_that_the_system_refuses_is_an_error_and_nothing_of_it_stays";
        let output = std::process::Command::new("sh")
            .args(["-c", "ulimit -v 1000000; exec \"$0\" --exact \"$1\""])
            .arg(std::env::current_exe().unwrap())
            .arg(test)
            .env(HERE, "yes")
            // There is no memory to find the lines of one.
            .env("RUST_BACKTRACE", "0")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        return assert!(said.contains("1 passed"), "{said}");
    }
    let (gate, owned) = (Arc::new(Event::new()), Arc::new(()));
    let mut running = Vec::new();
    let error = loop {
        let (gate, owned) = (gate.clone(), owned.clone());
        let body = move || {
            gate.wait();
            drop(owned);
        };
        match start("one more", body) {
            Ok(one) => running.push(one),
            Err(error) => break error,
        }
        assert!(running.len() < 100_000, "the system refuses nothing");
    };
    assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
    assert_eq!(Arc::strong_count(&owned), 1 + running.len());
    let fuse = Fuse;
    let error = start("fuse", move || _ = &fuse).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
    gate.set();
    assert!(running.into_iter().all(|running| running.join() == Ok(())));
    assert_eq!(Arc::strong_count(&owned), 1);
}

/// J5: jobs of a map run one after the other on the same thread; each has panicked where it says.
#[test]
fn the_place_of_a_panic_is_not_that_of_an_earlier_job_which_caught_its_own() {
    let pool = ThreadPool::new(count(1)).unwrap();
    let outcomes = pool.map(0..64, |job| match job {
        40 => drop(catch_unwind(|| panic!("boom"))),
        41 => resume_unwind(Box::new("boom")),
        _ => {}
    });
    let Err(JobError::Panicked(panicked)) = &outcomes[41] else {
        panic!("job 41 panics");
    };
    assert_eq!((panicked.message(), panicked.location()), ("boom", None));
}
