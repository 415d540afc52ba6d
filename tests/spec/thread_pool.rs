//! <https://docs.python.org/3/library/concurrent.futures.html#threadpoolexecutor>
//!
//! The rows P2, P3, P6, P7 and P8, and what CPython's own tests of its executors check.

use std::cell::Cell;
use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rstest::rstest;
use threadproof::{
    Event, JobError, PoolReport, PoolShutDown, Shutdown, ThreadPool, Wait, scoped_map,
};

use crate::support::{count, ends, until};

fn pool(workers: usize) -> ThreadPool {
    ThreadPool::new(count(workers)).expect("a few threads can be started")
}

fn message<T>(outcome: &Result<T, JobError>) -> &str {
    match outcome {
        Err(JobError::Panicked(panicked)) => panicked.message(),
        _ => panic!("this job did not panic"),
    }
}

fn this_worker() -> String {
    thread::current().name().unwrap_or_default().to_owned()
}

// The maps.

/// CPython: `test_map`.
#[rstest]
fn map_gives_the_outputs_in_the_inputs_order(#[values(1, 2, 5)] workers: usize) {
    let outputs = pool(workers).map(0..100, |n: i32| n.pow(2));
    let squares: Vec<_> = (0..100).map(|n: i32| Ok(n.pow(2))).collect();
    assert_eq!(outputs, squares);
}

#[rstest]
fn no_inputs_give_no_outputs(#[values(1, 3)] workers: usize) {
    let pool = pool(workers);
    let none: [u8; 0] = [];
    assert_eq!(pool.map(none, |n| n), []);
    assert_eq!(pool.map_lazy(none, count(2), |n| n).next(), None);
    assert_eq!(scoped_map(count(workers), &none, |n| *n), []);
    assert_eq!(pool.shutdown(Shutdown::Drain), PoolReport::default());
}

/// CPython: `test_map_exception`, where the iteration ends at the exception. Here it goes on.
#[rstest]
fn a_panic_costs_only_its_own_job(#[values(1, 2, 4)] workers: usize) {
    let pool = pool(workers);
    let outputs = pool.map([5, 2, 0, 3, 0], |n: u32| {
        30u32.checked_div(n).expect("zero")
    });
    assert_eq!(outputs[..2], [Ok(6), Ok(15)]);
    assert_eq!(message(&outputs[2]), "zero");
    assert_eq!(outputs[3], Ok(10));
    assert_eq!(message(&outputs[4]), "zero");
    let report = pool.shutdown(Shutdown::Drain);
    assert_eq!((report.completed, report.panicked), (3, 2));
}

#[rstest]
#[case::text(|| panic!("plain"), "plain")]
#[case::formatted(|| panic!("number {}", 7), "number 7")]
#[case::a_number(|| std::panic::panic_any(7), "(a payload that is no text)")]
#[case::a_payload_that_panics_when_dropped(
    || std::panic::panic_any(PanicsWhenDropped),
    "(a payload that is no text)"
)]
fn a_panic_is_data_with_its_worker_and_message(#[case] body: fn(), #[case] expected: &str) {
    let pool = pool(1);
    let outcome = pool.submit(body).unwrap().join();
    let Err(JobError::Panicked(panicked)) = outcome else {
        panic!("this job panics")
    };
    assert_eq!(
        (panicked.worker(), panicked.message()),
        ("worker-1", expected)
    );
    assert_eq!(pool.submit(|| 1).unwrap().join(), Ok(1));
}

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

#[test]
fn an_output_nobody_wants_that_panics_when_dropped_costs_no_worker() {
    let pool = pool(1);
    let (gate, theirs) = gate_and_clone();
    let job = pool.submit(move || {
        theirs.wait();
        PanicsWhenDropped
    });
    drop(job.unwrap());
    gate.set();
    let next = pool.submit(|| "next").unwrap();
    assert_eq!(ends(move || next.join()), Ok("next"));
    assert_eq!(pool.shutdown(Shutdown::Drain).completed, 2);
}

#[test]
fn a_cancelled_job_that_panics_when_dropped_leaves_nobody_waiting() {
    let pool = pool(1);
    let (gate, theirs) = gate_and_clone();
    let first = pool.submit(move || theirs.wait()).unwrap();
    until(|| gate.n_waiting() == 1);
    let panics = PanicsWhenDropped;
    let second = pool.submit(move || drop(panics)).unwrap();
    let third = pool.submit(|| ()).unwrap();
    assert_eq!(pool.cancel_queued(), 2);
    let cancelled = ends(move || [second.join(), third.join()]);
    assert_eq!(cancelled, [const { Err(JobError::Cancelled) }; 2]);
    gate.set();
    assert_eq!(first.join(), Ok(()));
}

#[test]
fn a_cancelled_input_that_panics_when_dropped_leaves_no_map_waiting() {
    let pool = Arc::new(pool(1));
    let (gate, theirs) = gate_and_clone();
    let inside = pool.clone();
    let map = threadproof::start("map", move || {
        let inputs = (0..3).map(|number| (number, (number == 1).then(|| PanicsWhenDropped)));
        inside.map(inputs, move |(number, _)| {
            theirs.wait();
            number
        })
    });
    until(|| gate.n_waiting() == 1);
    assert_eq!(pool.cancel_queued(), 2);
    gate.set();
    let outputs = ends(move || map.unwrap().join().unwrap());
    let cancelled = Err(JobError::Cancelled);
    assert_eq!(outputs, [Ok(0), cancelled.clone(), cancelled]);
}

fn gate_and_clone() -> (Arc<Event>, Arc<Event>) {
    let gate = Arc::new(Event::new());
    (gate.clone(), gate)
}

#[test]
fn the_function_of_a_map_is_gone_when_the_map_returns() {
    let pool = pool(8);
    // Most workers come to the one input too late, and must not keep what they came for.
    for _ in 0..20_000 {
        let shared = Arc::new(());
        let theirs = shared.clone();
        assert_eq!(pool.map([1], move |n| (n, *theirs)), [Ok((1, ()))]);
        Arc::try_unwrap(shared).expect("no worker holds the function");
    }
}

#[test]
fn cancel_queued_ends_what_a_running_map_has_not_begun() {
    let pool = pool(2);
    let (gate, running) = (Arc::new(Event::new()), Arc::new(AtomicUsize::new(0)));
    let outputs = thread::scope(|scope| {
        let (theirs, count) = (gate.clone(), running.clone());
        let function = move |n: i32| {
            count.fetch_add(1, Ordering::Relaxed);
            theirs.wait();
            n
        };
        let map = scope.spawn(|| pool.map([1, 2, 3, 4, 5], function));
        until(|| running.load(Ordering::Relaxed) == 2);
        assert_eq!(pool.cancel_queued(), 3);
        assert_eq!(pool.cancel_queued(), 0);
        gate.set();
        map.join().unwrap()
    });
    let cancelled = Err(JobError::Cancelled);
    let expected = [
        Ok(1),
        Ok(2),
        cancelled.clone(),
        cancelled.clone(),
        cancelled,
    ];
    assert_eq!(outputs, expected);
    assert_eq!(pool.submit(|| "open").unwrap().join(), Ok("open"));
    let report = pool.shutdown(Shutdown::Drain);
    assert_eq!((report.completed, report.cancelled), (3, 3));
}

// How many at once.

/// CPython: `test_saturation`.
#[rstest]
fn n_workers_run_n_jobs_at_once_and_never_more(#[values(1, 3, 4)] workers: usize) {
    let pool = pool(workers);
    let gate = Arc::new(Event::new());
    let (now, one_too_many) = (Arc::new(AtomicUsize::new(0)), Arc::new(Event::new()));
    let job = || {
        let (gate, now, one_too_many) = (gate.clone(), now.clone(), one_too_many.clone());
        move || {
            if now.fetch_add(1, Ordering::Relaxed) == workers {
                one_too_many.set();
            }
            gate.wait();
            now.fetch_sub(1, Ordering::Relaxed);
        }
    };
    let jobs: Vec<_> = (0..15 * workers)
        .map(|_| pool.submit(job()).unwrap())
        .collect();
    until(|| gate.n_waiting() >= workers);
    // Nothing tells when it will never come; a correct pool passes however long this is.
    let _ = one_too_many.wait_timeout(Duration::from_millis(30));
    gate.set();
    for job in jobs {
        assert_eq!(job.join(), Ok(()));
    }
    assert!(!one_too_many.is_set());
}

#[test]
fn fewer_jobs_than_workers_all_run_at_once() {
    let (pool, meeting) = (pool(5), Arc::new(Barrier::new(3)));
    let met = ends(move || pool.map([(); 3], move |()| meeting.wait().is_leader()));
    assert_eq!(met.iter().filter(|leader| **leader == Ok(true)).count(), 1);
}

#[test]
fn the_fourth_watcher_starts_only_after_one_of_the_first_three_ended() {
    let pool = pool(3);
    let ended = Arc::new(AtomicUsize::new(0));
    let stops: Vec<_> = (0..4).map(|_| Arc::new(Event::new())).collect();
    let fourth_started = Arc::new(Event::new());
    let watchers: Vec<_> = stops
        .iter()
        .enumerate()
        .map(|(number, stop)| {
            let (stop, ended, started) = (stop.clone(), ended.clone(), fourth_started.clone());
            let watcher = move || {
                let ended_before = ended.load(Ordering::Relaxed);
                if number == 3 {
                    started.set();
                }
                stop.wait();
                ended.fetch_add(1, Ordering::Relaxed);
                ended_before
            };
            pool.submit(watcher).unwrap()
        })
        .collect();
    until(|| stops[..3].iter().all(|stop| stop.n_waiting() == 1));
    let early = fourth_started.wait_timeout(Duration::from_millis(30));
    stops[1].set();
    until(|| stops[3].n_waiting() == 1);
    for stop in &stops {
        stop.set();
    }
    let ended_before: Vec<_> = watchers
        .into_iter()
        .map(|job| job.join().unwrap())
        .collect();
    assert_eq!((early, &*ended_before), (Wait::TimedOut, &[0, 0, 0, 1][..]));
}

/// CPython: `test_thread_names_assigned`, `test_idle_thread_reuse`.
#[test]
fn workers_are_named_by_number_and_used_again() {
    let (pool, meeting) = (pool(3), Arc::new(Barrier::new(3)));
    for _ in 0..5 {
        let meeting = meeting.clone();
        let together = move |()| {
            meeting.wait();
            this_worker()
        };
        let names: HashSet<_> = pool
            .map([(); 3], together)
            .into_iter()
            .map(Result::unwrap)
            .collect();
        let expected = ["worker-1", "worker-2", "worker-3"].map(String::from);
        assert_eq!(names, HashSet::from(expected));
    }
    assert_eq!(pool.workers().get(), 3);
}

#[test]
fn one_worker_runs_the_jobs_in_the_order_of_submission() {
    let pool = pool(1);
    let order = Arc::new(Mutex::new(Vec::new()));
    for number in 0..50 {
        let order = order.clone();
        drop(
            pool.submit(move || order.lock().unwrap().push(number))
                .unwrap(),
        );
    }
    assert_eq!(pool.shutdown(Shutdown::Drain).completed, 50);
    assert_eq!(*order.lock().unwrap(), Vec::from_iter(0..50));
}

// One job.

/// CPython: `test_submit`, `test_done`.
#[test]
fn a_job_gives_its_output_once_it_has_ended() {
    let pool = pool(1);
    let (open, gate) = mpsc::channel();
    let job = pool.submit(move || gate.recv().unwrap()).unwrap();
    assert!(!job.is_finished());
    open.send("done").unwrap();
    until(|| job.is_finished());
    assert_eq!(job.join(), Ok("done"));
}

#[test]
fn join_timeout_gives_the_handle_back_and_loses_nothing() {
    let pool = pool(1);
    let (open, gate) = mpsc::channel();
    let job = pool.submit(move || gate.recv().unwrap()).unwrap();
    let start = Instant::now();
    let job = job.join_timeout(Duration::ZERO).unwrap_err();
    let job = job.join_timeout(Duration::from_millis(20)).unwrap_err();
    assert!(start.elapsed() >= Duration::from_millis(20));
    open.send(7).unwrap();
    assert_eq!(job.join_timeout(Duration::MAX).unwrap(), Ok(7));
}

/// CPython: `test_cancel`, `test_cancelled`.
#[test]
fn a_cancelled_job_never_runs_and_says_so_once() {
    let pool = pool(1);
    let (open, gate) = mpsc::channel::<()>();
    let (ran, theirs) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let first = pool.submit(move || gate.recv().is_err()).unwrap();
    let count = ran.clone();
    let second = pool
        .submit(move || count.fetch_add(1, Ordering::Relaxed))
        .unwrap();
    let third = pool
        .submit(move || theirs.fetch_add(1, Ordering::Relaxed))
        .unwrap();
    assert!(second.cancel());
    assert!(second.is_finished());
    assert!(!second.cancel(), "it was cancelled before");
    assert_eq!(second.join(), Err(JobError::Cancelled));
    drop(open);
    assert_eq!(first.join(), Ok(true));
    assert_eq!(third.join(), Ok(0));
    assert_eq!(ran.load(Ordering::Relaxed), 0);
    let report = pool.shutdown(Shutdown::Drain);
    assert_eq!((report.completed, report.cancelled), (2, 1));
}

#[test]
fn a_job_that_runs_or_has_ended_cannot_be_cancelled() {
    let pool = pool(1);
    let (gate, theirs) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let gates = (gate.clone(), theirs.clone());
    let job = pool.submit(move || {
        gates.1.set();
        gates.0.wait();
    });
    let job = job.unwrap();
    theirs.wait();
    assert!(!job.cancel());
    gate.set();
    until(|| job.is_finished());
    assert!(!job.cancel());
    assert_eq!(job.join(), Ok(()));
}

/// CPython: `test_free_reference`, `test_no_stale_references`.
#[test]
fn a_job_s_input_is_gone_when_its_output_is_there() {
    let pool = pool(2);
    for _ in 0..100 {
        let input = Arc::new("input");
        let theirs = input.clone();
        let job = pool.submit(move || theirs.len()).unwrap();
        assert_eq!(job.join(), Ok(5));
        Arc::try_unwrap(input).expect("the worker holds nothing of the job");

        let input = Arc::new("input");
        let theirs = input.clone();
        let job = pool.submit(move || panic!("{theirs}")).unwrap();
        let outcome: Result<(), _> = job.join();
        assert_eq!(message(&outcome), "input");
        Arc::try_unwrap(input).expect("nor after a panic");
    }
}

#[test]
fn an_idle_pool_holds_no_output_of_a_job_whose_handle_is_gone() {
    let pool = pool(1);
    let output = Arc::new(());
    let theirs = output.clone();
    drop(pool.submit(move || theirs).unwrap());
    until(|| Arc::strong_count(&output) == 1);
}

// The end of a pool.

#[rstest]
#[case::drain(Shutdown::Drain, 52, 1)]
#[case::cancel_queued(Shutdown::CancelQueued, 2, 51)]
/// CPython: `test_cancel_futures`.
fn a_shutdown_accounts_for_every_job(
    #[case] how: Shutdown,
    #[case] completed: u64,
    #[case] cancelled: u64,
) {
    let pool = pool(2);
    let gate = Arc::new(Event::new());
    let wait = |number: u64| {
        let gate = gate.clone();
        move || {
            gate.wait();
            number
        }
    };
    assert!(
        pool.submit(|| panic!("first"))
            .unwrap()
            .join()
            .is_err_and(is_panic)
    );
    let jobs: Vec<_> = (0..53).map(|n| pool.submit(wait(n)).unwrap()).collect();
    until(|| gate.n_waiting() == 2);
    assert!(jobs[10].cancel());
    let report = thread::scope(|scope| {
        let end = scope.spawn(|| pool.shutdown(how));
        if how == Shutdown::CancelQueued {
            until(|| jobs[52].is_finished());
        }
        gate.set();
        end.join().unwrap()
    });
    let ended = (report.completed, report.cancelled, report.panicked);
    assert_eq!(ended, (completed, cancelled, 1));
    assert_eq!((report.ended(), report.submitted()), (54, 54));
    let outcomes: Vec<Result<u64, _>> = jobs.into_iter().map(threadproof::Job::join).collect();
    let cancels = outcomes
        .iter()
        .filter(|outcome| **outcome == Err(JobError::Cancelled));
    assert_eq!(cancels.count() as u64, cancelled);
}

fn is_panic(error: JobError) -> bool {
    matches!(error, JobError::Panicked(_))
}

/// CPython: `test_context_manager_shutdown`, `test_del_shutdown`.
#[test]
fn dropping_a_pool_runs_what_is_queued() {
    let pool = pool(2);
    let ran = Arc::new(AtomicUsize::new(0));
    for _ in 0..200 {
        let ran = ran.clone();
        drop(
            pool.submit(move || ran.fetch_add(1, Ordering::Relaxed))
                .unwrap(),
        );
    }
    drop(pool);
    assert_eq!(ran.load(Ordering::Relaxed), 200);
}

/// CPython: `test_threads_terminate`.
#[rstest]
#[case::drop(None)]
#[case::drain(Some(Shutdown::Drain))]
#[case::cancel_queued(Some(Shutdown::CancelQueued))]
fn no_thread_of_a_pool_outlives_it(#[case] how: Option<Shutdown>) {
    thread_local! {
        // Dropped by the thread's end.
        static HELD: Mutex<Option<Arc<()>>> = const { Mutex::new(None) };
    }
    let (pool, alive, meeting) = (pool(3), Arc::new(()), Arc::new(Barrier::new(3)));
    let theirs = alive.clone();
    let hold = move |()| {
        meeting.wait();
        HELD.with(|held| *held.lock().unwrap() = Some(theirs.clone()));
    };
    assert_eq!(pool.map([(); 3], hold), [Ok(()), Ok(()), Ok(())]);
    assert_eq!(Arc::strong_count(&alive), 4);
    match how {
        None => drop(pool),
        Some(how) => assert_eq!(pool.shutdown(how).completed, 3),
    }
    assert_eq!(Arc::strong_count(&alive), 1);
}

/// CPython: `InitializerMixin`.
#[test]
fn each_worker_is_initialised_once_before_its_first_job() {
    thread_local!(static SELF: Cell<usize> = const { Cell::new(0) });
    let (runs, meeting) = (Arc::new(AtomicUsize::new(0)), Arc::new(Barrier::new(3)));
    let theirs = runs.clone();
    let initialise = move || -> Result<(), Infallible> {
        SELF.set(1 + theirs.fetch_add(1, Ordering::Relaxed));
        Ok(())
    };
    let pool = ThreadPool::initialised_by(count(3), initialise).unwrap();
    assert_eq!(runs.load(Ordering::Relaxed), 3, "before any job");
    let numbers = pool.map([(); 6], move |()| {
        // Three at a time: each worker runs two.
        meeting.wait();
        SELF.get()
    });
    let mut numbers: Vec<_> = numbers.into_iter().map(Result::unwrap).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 1, 2, 2, 3, 3]);
    assert_eq!(runs.load(Ordering::Relaxed), 3);
}

/// CPython: `FailingInitializerMixin`, where all jobs break; here there is no pool.
#[rstest]
#[case::fails(|| Err("no such database"))]
#[case::panics(|| panic!("no such database"))]
fn an_initialiser_that_fails_is_an_error_that_names_the_worker(
    #[case] fail: fn() -> Result<(), &'static str>,
) {
    let alive = Arc::new(AtomicUsize::new(0));
    let theirs = alive.clone();
    let second_fails = move || match theirs.fetch_add(1, Ordering::Relaxed) {
        1 => fail(),
        _ => Ok(()),
    };
    let error = ThreadPool::initialised_by(count(3), second_fails).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("worker-"), "{text}");
    assert!(
        text.ends_with("could not prepare itself: no such database"),
        "{text}"
    );
    assert_eq!(Arc::strong_count(&alive), 1, "a thread is left");
}

#[test]
fn a_pool_may_be_shut_down_by_its_own_job() {
    let (pool, done) = (pool(2), Arc::new(Event::new()));
    let (give, take) = mpsc::channel::<ThreadPool>();
    let theirs = done.clone();
    let job = pool.submit(move || {
        drop(take.recv().unwrap());
        theirs.set();
    });
    give.send(pool).unwrap();
    assert_eq!(ends(move || job.unwrap().join()), Ok(()));
    assert!(done.is_set());
}

/// CPython: `test_submit_after_shutdown`. A pool that is shut down cannot be named any more; only
/// a lazy map can outlive it, and be in the midst of taking an input at that moment.
#[test]
fn a_lazy_map_that_outlives_its_pool_gives_cancelled_for_each_input_taken() {
    let home = Arc::new(Mutex::new(Some(pool(1))));
    let taken = Arc::new(AtomicUsize::new(0));
    let (theirs, count_taken) = (home.clone(), taken.clone());
    let inputs = (0..).inspect(move |number| {
        count_taken.fetch_add(1, Ordering::Relaxed);
        if *number == 5 {
            let pool = theirs.lock().unwrap().take().unwrap();
            pool.shutdown(Shutdown::CancelQueued);
        }
    });
    let mut outputs = {
        let home = home.lock().unwrap();
        home.as_ref()
            .unwrap()
            .map_lazy(inputs, count(8), |number| number)
    };
    let first: Vec<_> = outputs.by_ref().take(6).collect();
    // The input that was taken while the pool ended is among them; no later one was taken.
    assert_eq!(taken.load(Ordering::Relaxed), 6);
    assert_eq!(first[5], Err(JobError::Cancelled));
    assert!(first[..5].iter().enumerate().all(|(number, outcome)| {
        matches!(outcome, Err(JobError::Cancelled)) || *outcome == Ok(number)
    }));
    for _ in 0..3 {
        assert_eq!(outputs.next(), None);
    }
}

#[test]
fn a_lazy_map_gives_what_a_drained_pool_had_run_and_then_ends() {
    let pool = pool(1);
    let mut outputs = pool.map_lazy(0.., count(4), |number| number);
    assert_eq!(outputs.next(), Some(Ok(0)));
    drop(pool);
    assert_eq!(outputs.by_ref().collect::<Vec<_>>(), [Ok(1), Ok(2), Ok(3)]);
    assert_eq!(outputs.next(), None);
}

#[test]
fn a_lazy_map_begun_after_the_end_of_its_pool_takes_no_input() {
    let pool = pool(1);
    let inputs = std::iter::once_with(|| panic!("taken"));
    let mut outputs = pool.map_lazy(inputs, count(1), |(): ()| ());
    drop(pool);
    assert_eq!(outputs.next(), None);
}

#[test]
fn a_lazy_map_whose_inputs_have_ended_lets_them_go_and_stays_at_its_end() {
    let pool = pool(1);
    let held = Arc::new(());
    let (theirs, mut calls) = (held.clone(), 0);
    let comes_back = std::iter::from_fn(move || {
        let _ = &theirs;
        calls += 1;
        (calls != 3).then_some(calls)
    });
    let mut outputs = pool.map_lazy(comes_back, count(4), |number| number);
    assert_eq!(outputs.next(), Some(Ok(1)));
    assert_eq!(Arc::strong_count(&held), 1);
    assert_eq!(outputs.next(), Some(Ok(2)));
    assert_eq!((outputs.next(), outputs.next()), (None, None));
}

#[test]
fn dropping_a_lazy_map_cancels_what_has_not_begun() {
    let pool = pool(1);
    let gate = Arc::new(Event::new());
    let theirs = gate.clone();
    let function = move |number| {
        if number > 0 {
            theirs.wait();
        }
        number
    };
    let mut outputs = pool.map_lazy(0.., count(5), function);
    assert_eq!(outputs.next(), Some(Ok(0)));
    until(|| gate.n_waiting() == 1);
    drop(outputs);
    gate.set();
    let report = pool.shutdown(Shutdown::Drain);
    assert_eq!((report.completed, report.cancelled), (2, 3));
}

#[test]
fn the_refusal_of_a_closed_pool_says_so() {
    let said = PoolShutDown.to_string();
    assert_eq!(said, "the pool is shut down and takes no more jobs");
}

// Waiting for the own pool. Python's docs show these as deadlocks that they are.

#[test]
fn in_a_pool_of_one_a_job_cannot_join_another() {
    let pool = Arc::new(pool(1));
    let inside = pool.clone();
    let outer = move || inside.submit(|| "inner").unwrap().join();
    let outer = pool.submit(outer).unwrap();
    assert_eq!(ends(move || outer.join()), Ok(Err(JobError::WouldDeadlock)));
    assert_eq!(pool.submit(|| "open").unwrap().join(), Ok("open"));
}

#[test]
fn in_a_pool_of_one_a_job_cannot_map() {
    let pool = Arc::new(pool(1));
    let inside = pool.clone();
    let outer = pool
        .submit(move || inside.map([1, 2, 3], |n: i32| n))
        .unwrap();
    let outputs = ends(move || outer.join()).unwrap();
    assert_eq!(outputs, [const { Err(JobError::WouldDeadlock) }; 3]);
    let report = Arc::into_inner(pool).unwrap().shutdown(Shutdown::Drain);
    assert_eq!((report.completed, report.cancelled), (1, 3));
}

#[test]
fn in_a_pool_of_two_a_job_may_join_another_which_runs_on_the_other_worker() {
    let pool = Arc::new(pool(2));
    for _ in 0..100 {
        let inside = pool.clone();
        let outer = move || {
            (
                this_worker(),
                inside.submit(this_worker).unwrap().join().unwrap(),
            )
        };
        let outer = pool.submit(outer).unwrap();
        let (outer, inner) = ends(move || outer.join()).unwrap();
        assert_ne!(outer, inner);
    }
}

#[test]
fn in_a_pool_of_two_a_job_may_map_and_runs_no_input_itself() {
    let pool = Arc::new(pool(2));
    for _ in 0..100 {
        let inside = pool.clone();
        let outer = move || (this_worker(), inside.map(0..20, |_| this_worker()));
        let outer = pool.submit(outer).unwrap();
        let (outer, inner) = ends(move || outer.join()).unwrap();
        assert_eq!(inner.len(), 20);
        assert!(inner.into_iter().all(|worker| worker.unwrap() != outer));
    }
}

#[test]
fn of_two_jobs_that_would_fill_a_pool_of_two_with_waiting_one_is_refused() {
    for _ in 0..100 {
        let (pool, meeting) = (Arc::new(pool(2)), Arc::new(Barrier::new(2)));
        let outer = || {
            let (inside, meeting) = (pool.clone(), meeting.clone());
            move || {
                meeting.wait();
                inside.submit(|| "inner").unwrap().join()
            }
        };
        let jobs = [(); 2].map(|()| pool.submit(outer()).unwrap());
        let mut outcomes = ends(move || jobs.map(|job| job.join().unwrap()));
        outcomes.sort_by_key(Result::is_err);
        assert_eq!(outcomes, [Ok("inner"), Err(JobError::WouldDeadlock)]);
    }
}

#[test]
fn of_two_maps_that_would_fill_a_pool_of_two_with_waiting_one_is_refused() {
    for _ in 0..100 {
        let (pool, meeting) = (Arc::new(pool(2)), Arc::new(Barrier::new(2)));
        let inside = pool.clone();
        let outer = move |()| {
            meeting.wait();
            inside.map([1, 2, 3], |n: i32| n)
        };
        let mut outputs = ends(move || pool.map([(); 2], outer));
        outputs.sort_by_key(|map| map.as_ref().is_ok_and(|map| map[0].is_err()));
        assert_eq!(outputs[0], Ok(vec![Ok(1), Ok(2), Ok(3)]));
        assert_eq!(outputs[1], Ok(vec![Err(JobError::WouldDeadlock); 3]));
    }
}

#[test]
fn a_job_may_wait_for_another_with_a_timeout_even_in_a_pool_of_one() {
    let pool = Arc::new(pool(1));
    let inside = pool.clone();
    let outer = move || {
        let inner = inside.submit(|| "inner").unwrap();
        inner.join_timeout(Duration::from_millis(10)).unwrap_err()
    };
    let outer = pool.submit(outer).unwrap();
    let inner = ends(move || outer.join()).unwrap();
    assert_eq!(inner.join(), Ok("inner"));
}

#[test]
fn a_job_may_wait_for_another_pool_and_for_a_job_that_has_ended() {
    let (here, there) = (Arc::new(pool(1)), pool(1));
    let ended = here.submit(|| "ended").unwrap();
    until(|| ended.is_finished());
    let outer = here.submit(move || (ended.join(), there.submit(|| "there").unwrap().join()));
    let outcomes = ends(move || outer.unwrap().join());
    assert_eq!(outcomes, Ok((Ok("ended"), Ok("there"))));
}

// The map for borrowed inputs.

#[rstest]
fn scoped_map_borrows_and_keeps_the_order(#[values(1, 2, 3, 50)] workers: usize) {
    let words: Vec<String> = (0..20).map(|n| "x".repeat(n)).collect();
    let (longest, meeting) = (AtomicUsize::new(0), Barrier::new(workers.min(2)));
    let lengths = scoped_map(count(workers), &words, |word| {
        // The first two meet, so that the outputs come from two workers if there are two.
        if word.len() < 2 {
            meeting.wait();
        }
        longest.fetch_max(word.len(), Ordering::Relaxed);
        word.len()
    });
    assert_eq!(lengths, (0..20).map(Ok).collect::<Vec<_>>());
    assert_eq!(longest.into_inner(), 19);
}

#[rstest]
fn in_a_scoped_map_a_panic_costs_only_its_own_job(#[values(1, 2, 4)] workers: usize) {
    let outputs = scoped_map(count(workers), &[1, 0, 2], |n: &u32| {
        4u32.checked_div(*n).expect("zero")
    });
    assert_eq!((&outputs[0], &outputs[2]), (&Ok(4), &Ok(2)));
    let panicked = outputs[1].as_ref().unwrap_err();
    assert_eq!(panicked.message(), "zero");
    assert!(
        panicked.worker().starts_with("worker-"),
        "{}",
        panicked.worker()
    );
}

#[test]
fn a_scoped_map_runs_as_many_jobs_at_once_as_it_has_workers() {
    let met = ends(|| {
        let meeting = Barrier::new(3);
        scoped_map(count(3), &[(); 3], |()| {
            meeting.wait();
            this_worker()
        })
    });
    let names: HashSet<_> = met.into_iter().map(Result::unwrap).collect();
    assert_eq!(names.len(), 3);
}
