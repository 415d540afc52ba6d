//! <https://docs.python.org/3/library/concurrent.futures.html#threadpoolexecutor>
//!
//! The rows of the pool that are tables and states, and what CPython's own tests of its executors check.

mod at_once;
mod builder;
mod drops;
mod ends;
mod idle;
mod jobs;
mod lazy;
mod maps;
mod numbers;
mod pace;
mod report;
mod scoped;
mod try_map;
mod unordered;
mod waits;

use std::ops::Deref;
use std::sync::Arc;
use std::thread;

use threadproof::{Event, JobError, ThreadPool};

use crate::support::count;

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

/// Opens when it is dropped: a test that fails ends, and does not wait for its pool's jobs for ever.
struct Gate(Arc<Event>);

impl Deref for Gate {
    type Target = Event;

    fn deref(&self) -> &Event {
        &self.0
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.0.set();
    }
}

fn gate_and_clone() -> (Gate, Arc<Event>) {
    let gate = Arc::new(Event::new());
    (Gate(gate.clone()), gate)
}
