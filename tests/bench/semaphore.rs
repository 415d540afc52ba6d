//! A permit taken and given back: ours serves in the order of asking, a bare one whoever comes first.

use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use threadproof::Semaphore;

use crate::harness::{Group, timed};
use crate::python::Python;

const ALONE: usize = 100_000;
const THREADS: usize = 4;
const PERMITS: NonZeroUsize = NonZeroUsize::new(2).unwrap();
/// Of each thread, which naps while it holds the permit: then others wait in line.
const NAPS: usize = 25;
const NAP: Duration = Duration::from_micros(200);

/// What one writes without a crate. It counts its waiters: to wake nobody is a system call, too.
struct Bare {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    free: usize,
    waiting: usize,
}

impl Bare {
    fn new(free: usize) -> Self {
        let (state, changed) = (Mutex::new(State { free, waiting: 0 }), Condvar::new());
        Self { state, changed }
    }

    fn with<R>(&self, run: impl FnOnce() -> R) -> R {
        let mut state = self.lock();
        while state.free == 0 {
            state.waiting += 1;
            state = self.changed.wait(state).expect("nothing panics under it");
            state.waiting -= 1;
        }
        state.free -= 1;
        drop(state);
        let output = run();
        let mut state = self.lock();
        state.free += 1;
        let is_awaited = state.waiting > 0;
        drop(state);
        if is_awaited {
            self.changed.notify_one();
        }
        output
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics under it")
    }
}

pub(crate) fn run(group: &mut Group) {
    let python = Python::start(group, "bench_semaphore.py");
    let there = python.is_there();
    let (ours, bare) = (Semaphore::new(PERMITS), Bare::new(PERMITS.get()));
    let each = ALONE as f64;
    group
        .case("taken and given back by one thread", Duration::from_secs(3))
        .ours("Semaphore", || {
            timed(|| (0..ALONE).for_each(|_| drop(ours.acquire()))) / each
        })
        .peer("a bare Mutex and Condvar", None, || {
            timed(|| (0..ALONE).for_each(|_| bare.with(|| ()))) / each
        })
        .peer_if(there, "Python's Semaphore", None, || {
            python.seconds(&format!("alone {ALONE}"))
        })
        .run();
    let limit = NAP * (THREADS * NAPS / PERMITS) as u32;
    group
        .case(
            format!("{THREADS} threads, {PERMITS} at a time, {NAPS} naps of 200 µs each"),
            Duration::from_secs(4),
        )
        .ours("Semaphore", || {
            by_all(&|| {
                let _permit = ours.acquire();
                thread::sleep(NAP);
            })
        })
        .peer("a bare Mutex and Condvar", None, || {
            by_all(&|| bare.with(|| thread::sleep(NAP)))
        })
        .limit("naps alone", None, limit.as_secs_f64())
        .peer_if(there, "Python's Semaphore", None, || {
            let (permits, nap) = (PERMITS, NAP.as_secs_f64());
            python.seconds(&format!("naps {THREADS} {permits} {NAPS} {nap}"))
        })
        .run();
}

fn by_all(nap: &(impl Fn() + Sync)) -> f64 {
    timed(|| {
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| (0..NAPS).for_each(|_| nap()));
            }
        });
    })
}
