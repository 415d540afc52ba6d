//! From `set` to the moment at which a watcher that slept goes on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use threadproof::{Event, Wait};

use crate::harness::{Group, Unit};
use crate::python::Python;
use crate::statistics::{median, quantile};

/// How often the watchers look at what they watch; nobody is to wait so long for a stop.
const INTERVAL: Duration = Duration::from_secs(1);

/// How many watchers, and how often they are stopped for one sample: the 99th of a hundred needs as many.
const WATCHERS: [(usize, usize); 3] = [(1, 100), (8, 25), (64, 10)];
/// How late half of the watchers are, and one in a hundred.
const PARTS: [(&str, f64, Option<f64>); 2] = [("p50", 0.5, None), ("p99", 0.99, Some(1.1))];

pub(crate) fn run(group: &mut Group) {
    let python = Python::start(group, "bench_stop_latency.py");
    for (watchers, stops) in WATCHERS {
        let rounds = if group.is_quick { 2 } else { 21 };
        let several =
            |stop: &dyn Fn() -> Vec<f64>| -> Vec<f64> { (0..stops).flat_map(|_| stop()).collect() };
        let (mut ours, mut bare, mut pythons) = (Vec::new(), Vec::new(), Vec::new());
        // In turn, and the other way round every second time.
        for round in 0..rounds {
            let mut event = || ours.push(several(&|| stop(watchers)));
            let mut condvar = || bare.push(several(&|| bare_condvar(watchers).0));
            if round % 2 == 0 {
                event();
                condvar();
            } else {
                condvar();
                event();
            }
            // Its threads start slowly, and it is far behind.
            if python.is_there() && round < 5 {
                pythons.push(several(&|| python.run(&format!("stop {watchers}"))));
            }
        }
        for (name, part, goal) in PARTS {
            let goal = goal.filter(|_| watchers == 64);
            let case = format!("set to exit, {name}, {watchers} watchers");
            let at = |rounds: &[Vec<f64>]| -> Vec<f64> {
                rounds.iter().map(|round| quantile(round, part)).collect()
            };
            let (ours, unit) = (at(&ours), Unit::Seconds);
            let ours = ("Event", &*ours);
            group.ratio(&case, ours, ("a bare Condvar", &at(&bare)), unit, goal);
            match python.is_there() {
                true => group.ratio(&case, ours, ("Python's Event", &at(&pythons)), unit, None),
                false => group.no_ratio(&case, ours, "Python's Event", unit, None),
            }
        }
    }
    let rounds = if group.is_quick { 1 } else { 10 };
    let polled: Vec<f64> = (0..rounds).map(|_| stop_polled()).collect();
    let (case, name) = (
        "set to exit, a flag and a sleep of 1 s",
        "the notebook's loop",
    );
    group.value(case, name, median(&polled), Unit::Seconds);
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
