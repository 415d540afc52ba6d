//! P12: whatever the caller's values do when they are dropped, nobody else is harmed.
//!
//! Each kind of value in each place where the crate may be the one who drops it, and each with two
//! troubles: its `Drop` panics, or calls back into the pool or the flags that drop it. Each cell is a
//! process of its own, since the failure may be an abort: the process must end well, all other
//! outcomes must be there, and the pool must go on. Two values of five are troublesome, so that their
//! panics could meet.

mod jobs;
mod keys;
mod maps;
mod pools;
mod threads;

use std::panic::panic_any;
use std::sync::{Arc, Mutex, Weak};

use threadproof::{Event, JobError, Shutdown, ThreadPool};

use crate::support::{count, ends, in_a_process_of_its_own, until};

/// Which of the caller's values it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Input,
    Output,
    /// Of a panic.
    Payload,
    /// What a closure has captured.
    Capture,
    Initialiser,
    /// Of inputs.
    Iterator,
}

/// What it does when it is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    Panics,
    /// Into the pool of this process.
    CallsBack,
}

/// The pool that a value calls back into.
static POOL: Mutex<Weak<ThreadPool>> = Mutex::new(Weak::new());

#[derive(Debug)]
struct Troublesome(Trouble);

impl Drop for Troublesome {
    fn drop(&mut self) {
        match self.0 {
            Trouble::Panics => panic!("dropped"),
            Trouble::CallsBack => call_back(),
        }
    }
}

fn call_back() {
    let pool = POOL.lock().unwrap().upgrade();
    if let Some(pool) = pool {
        pool.report();
        drop(pool.submit(|| ()));
        pool.cancel_queued();
    }
}

const JOBS: usize = 5;

/// One cell of the matrix.
#[derive(Clone, Copy, Debug)]
struct Cell {
    kind: Kind,
    trouble: Trouble,
}

/// What a job takes and gives.
#[derive(Debug)]
struct Value {
    number: usize,
    _trouble: Option<Troublesome>,
}

/// What the caller is told of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Given(usize),
    Panicked,
    Cancelled,
    Refused,
}

impl Cell {
    fn trouble(self, kind: Kind) -> Option<Troublesome> {
        (self.kind == kind).then(|| Troublesome(self.trouble))
    }

    /// As [`trouble`](Self::trouble), in two of the jobs.
    fn trouble_of(self, kind: Kind, number: usize) -> Option<Troublesome> {
        (number % 2 == 1).then(|| self.trouble(kind)).flatten()
    }

    fn input(self, number: usize) -> Value {
        let _trouble = self.trouble_of(Kind::Input, number);
        Value { number, _trouble }
    }

    /// The body of a job, which drops its input as it ends.
    fn run(self, input: Value) -> Value {
        let number = input.number;
        if let Some(payload) = self.trouble_of(Kind::Payload, number) {
            panic_any(payload);
        }
        let _trouble = self.trouble_of(Kind::Output, number);
        Value { number, _trouble }
    }

    fn function(self) -> impl Fn(Value) -> Value + Send + Sync + 'static {
        let capture = self.trouble(Kind::Capture);
        move |input| {
            let _ = &capture;
            self.run(input)
        }
    }

    /// The pool that its values call back into.
    fn pool(self, workers: usize) -> Arc<ThreadPool> {
        let builder = ThreadPool::builder().workers(count(workers));
        let builder = match self.trouble(Kind::Initialiser) {
            Some(trouble) => builder.initialised_by(move || -> Result<(), String> {
                let _ = &trouble;
                Ok(())
            }),
            None => builder,
        };
        let pool = Arc::new(builder.build().unwrap());
        *POOL.lock().unwrap() = Arc::downgrade(&pool);
        pool
    }

    /// What the caller should be told of a job that ran.
    fn ran(self, number: usize) -> Told {
        let panics = match self.kind {
            Kind::Input => self.trouble == Trouble::Panics,
            Kind::Payload => true,
            _ => false,
        };
        match panics && number % 2 == 1 {
            true => Told::Panicked,
            false => Told::Given(number),
        }
    }

    /// Of values that call back each still has its outcome; they may have cancelled one another.
    #[track_caller]
    fn expect(self, told: &[Told], expected: &[Told]) {
        match self.trouble {
            Trouble::Panics => assert_eq!(told, expected),
            Trouble::CallsBack => assert_eq!(told.len(), expected.len(), "{told:?}"),
        }
    }

    /// Runs the cell in a process of its own, where it must end.
    #[track_caller]
    fn in_its_own_process(self, program: impl FnOnce(Self) + Send + 'static) {
        in_a_process_of_its_own(move || ends(move || program(self)));
    }
}

impl Told {
    fn of(outcome: Result<Value, JobError>) -> Self {
        match outcome {
            Ok(output) => {
                let number = output.number;
                // It is the caller's now, and not to be judged here.
                std::mem::forget(output);
                Self::Given(number)
            }
            Err(JobError::Panicked(_)) => Self::Panicked,
            Err(JobError::Cancelled) => Self::Cancelled,
            Err(JobError::WouldDeadlock) => Self::Refused,
            Err(other) => panic!("{other}"),
        }
    }
}

/// Holds a worker until it is told to go on.
fn hold(pool: &ThreadPool) -> Arc<Event> {
    let gate = Arc::new(Event::new());
    let theirs = gate.clone();
    drop(pool.submit(move || theirs.wait()).unwrap());
    until(|| gate.n_waiting() == 1);
    gate
}

/// The pool has come to rest, has accounted for every job, and runs more of them.
#[track_caller]
fn still_works(pool: &ThreadPool) {
    pool.wait_idle();
    let report = pool.report();
    assert_eq!((report.queued, report.running), (0, 0), "{report:?}");
    assert_eq!(pool.submit(|| "open").unwrap().join(), Ok("open"));
    let doubled = pool.map([1, 2, 3], |n: i32| 2 * n);
    assert_eq!(doubled, [Ok(2), Ok(4), Ok(6)]);
    ended_well(pool);
}

/// All workers are there to be joined.
#[track_caller]
fn ended_well(pool: &ThreadPool) {
    let report = pool.shutdown(Shutdown::Drain);
    assert_eq!(report.ended(), report.submitted(), "{report:?}");
}
