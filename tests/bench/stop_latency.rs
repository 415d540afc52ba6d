//! From `set` to the moment at which a watcher that slept goes on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use threadproof::{Event, Wait};

use crate::harness::{Group, Side, Unit, quantile};
use crate::python::Python;

/// How often the watchers look at what they watch; nobody is to wait so long for a stop.
const INTERVAL: Duration = Duration::from_secs(1);

pub(crate) fn run(group: &mut Group) {
    let python = Python::start(group, "bench_stop_latency.py");
    for watchers in [1, 8, 64] {
        let rounds = if group.is_quick { 10 } else { 100 };
        let (mut ours, mut bare, mut pythons) = (Vec::new(), Vec::new(), Vec::new());
        // In turn: one round here, one round there.
        for _ in 0..rounds {
            ours.extend(stop(watchers));
            bare.extend(bare_condvar(watchers).0);
            if python.is_there() {
                pythons.extend(python.run(&format!("stop {watchers}")));
            }
        }
        let samples = watchers * rounds;
        for (name, part) in [("p50", 0.5), ("p99", 0.99)] {
            let goal = (name == "p99").then_some(1e-3);
            let case = format!("set to exit, {name}, {watchers} watchers");
            let value = quantile(&ours, part);
            group.value(case.as_str(), "Event", value, Unit::Seconds, goal);
            let row = group.rows.last_mut().expect("it was just added");
            row.rounds = samples;
            row.peer.name = "Python's Event: not installed".to_owned();
            if !pythons.is_empty() {
                row.peer = Side::of("Python's Event", &[quantile(&pythons, part)]);
            }
            let mut row = row.clone();
            row.peer = Side::of("a bare Condvar", &[quantile(&bare, part)]);
            row.goal = None;
            group.rows.push(row);
        }
    }
    let rounds = if group.is_quick { 1 } else { 10 };
    let polled: Vec<f64> = (0..rounds).map(|_| stop_polled()).collect();
    let (case, name) = (
        "set to exit, a flag and a sleep of 1 s",
        "the notebook's loop",
    );
    group.value(case, name, quantile(&polled, 0.5), Unit::Seconds, None);
}

/// Seconds until each watcher went on.
fn stop(watchers: usize) -> Vec<f64> {
    let event = Event::new();
    let watch = || {
        while event.wait_timeout(INTERVAL) == Wait::TimedOut {}
        Instant::now()
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..watchers).map(|_| scope.spawn(watch)).collect();
        while event.n_waiting() < watchers {
            thread::yield_now();
        }
        let start = Instant::now();
        event.set();
        let until = |at: Instant| at.saturating_duration_since(start).as_secs_f64();
        let ends = threads.into_iter().map(|thread| thread.join());
        ends.map(|end| until(end.expect("watching does not panic")))
            .collect()
    })
}

/// The same with nothing but a flag, a lock and a condition variable: seconds until each went on,
/// and until all have ended.
pub(crate) fn bare_condvar(watchers: usize) -> (Vec<f64>, f64) {
    let (state, changed) = (Mutex::new((false, 0)), Condvar::new());
    let lock = || state.lock().expect("watching does not panic");
    let watch = || {
        let mut state = lock();
        state.1 += 1;
        while !state.0 {
            let waited = changed.wait_timeout(state, INTERVAL);
            state = waited.expect("watching does not panic").0;
        }
        drop(state);
        Instant::now()
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..watchers).map(|_| scope.spawn(watch)).collect();
        while lock().1 < watchers {
            thread::yield_now();
        }
        let start = Instant::now();
        lock().0 = true;
        changed.notify_all();
        let until = |at: Instant| at.saturating_duration_since(start).as_secs_f64();
        let ends = threads.into_iter().map(|thread| thread.join());
        let ends = ends.map(|end| until(end.expect("watching does not panic")));
        (ends.collect(), until(Instant::now()))
    })
}

/// The loop that looks at a flag, then sleeps. The stop comes while it sleeps, at any moment of that.
fn stop_polled() -> f64 {
    let flag = Arc::new(AtomicBool::new(false));
    let theirs = flag.clone();
    let began = Instant::now();
    let thread = thread::spawn(move || {
        while !theirs.load(Ordering::Acquire) {
            thread::sleep(INTERVAL);
        }
        Instant::now()
    });
    thread::sleep(Duration::from_millis(
        u64::from(began.elapsed().subsec_nanos() % 900) + 50,
    ));
    let start = Instant::now();
    flag.store(true, Ordering::Release);
    let end = thread.join().expect("watching does not panic");
    end.saturating_duration_since(start).as_secs_f64()
}
