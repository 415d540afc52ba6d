//! P7: who may wait for whom. The rules are a function of what the workers do, under one lock: a table.

use std::sync::Arc;

use super::harness::{Bound, holds};
use crate::thread_pool::JobCell;
use crate::thread_pool::blocked::{Wait, Workers, WouldNotEnd};
use crate::thread_pool::entry::Queued;
use crate::thread_pool::queue::Queue;

/// Jobs are letters. A worker runs one or none, and each of its waits is for any of some.
struct Case {
    /// Which rule it is about.
    says: &'static str,
    runs: &'static [&'static str],
    /// By place, in this order; all of them are allowed.
    wait: &'static [(usize, &'static str)],
    /// The last wait.
    asks: (usize, &'static str),
    is_allowed: bool,
}

const CASES: [Case; 15] = [
    Case {
        says: "the only worker would wait for a job that nobody runs",
        runs: &["a"],
        wait: &[],
        asks: (0, "b"),
        is_allowed: false,
    },
    Case {
        says: "a queued job needs one free worker",
        runs: &["a", ""],
        wait: &[],
        asks: (0, "b"),
        is_allowed: true,
    },
    Case {
        says: "a worker that runs another job will be free",
        runs: &["a", "b"],
        wait: &[],
        asks: (0, "c"),
        is_allowed: true,
    },
    Case {
        says: "one other worker is enough, also of three",
        runs: &["a", "b", "c"],
        wait: &[(0, "x")],
        asks: (1, "y"),
        is_allowed: true,
    },
    Case {
        says: "all others wait for queued jobs",
        runs: &["a", "b", "c"],
        wait: &[(0, "x"), (1, "y")],
        asks: (2, "z"),
        is_allowed: false,
    },
    Case {
        says: "a job waits for itself, though others are idle",
        runs: &["a", "", ""],
        wait: &[],
        asks: (0, "a"),
        is_allowed: false,
    },
    Case {
        says: "two wait for one another, though a third is idle",
        runs: &["a", "b", ""],
        wait: &[(0, "b")],
        asks: (1, "a"),
        is_allowed: false,
    },
    Case {
        says: "three wait in a circle, though a fourth is idle",
        runs: &["a", "b", "c", ""],
        wait: &[(0, "b"), (1, "c")],
        asks: (2, "a"),
        is_allowed: false,
    },
    Case {
        says: "a chain ends at a worker that is awake",
        runs: &["a", "b", "c"],
        wait: &[(1, "c")],
        asks: (0, "b"),
        is_allowed: true,
    },
    Case {
        says: "who waits for a running job is asleep, too",
        runs: &["a", "b"],
        wait: &[(0, "b")],
        asks: (1, "x"),
        is_allowed: false,
    },
    Case {
        says: "of several jobs one that will end is enough",
        runs: &["a", "b"],
        wait: &[],
        asks: (0, "ab"),
        is_allowed: true,
    },
    Case {
        says: "of several jobs none will end",
        runs: &["a", "b", "c"],
        wait: &[(1, "a")],
        asks: (0, "ab"),
        is_allowed: false,
    },
    Case {
        says: "every wait on a worker's behalf must end",
        runs: &["a", "b", "c"],
        wait: &[(0, "c"), (0, "b")],
        asks: (1, "a"),
        is_allowed: false,
    },
    Case {
        says: "a batch needs all that are inside",
        runs: &["m", "m", "c"],
        wait: &[(0, "c")],
        asks: (2, "m"),
        is_allowed: false,
    },
    Case {
        says: "a batch that others are inside ends with them",
        runs: &["a", "m", "m"],
        wait: &[(1, "x")],
        asks: (0, "m"),
        is_allowed: true,
    },
];

/// A job for each letter.
struct Jobs(Vec<Arc<dyn Queued>>);

impl Jobs {
    fn new(queue: &Arc<Queue>) -> Self {
        let job = |_| JobCell::new(|| (), queue, None) as Arc<dyn Queued>;
        Self((b'a'..=b'z').map(job).collect())
    }

    fn job(&self, letter: u8) -> &Arc<dyn Queued> {
        &self.0[usize::from(letter - b'a')]
    }

    fn any_of(&self, letters: &str) -> Wait {
        let any_of: Vec<_> = letters
            .bytes()
            .map(|letter| self.job(letter).id())
            .collect();
        let on = any_of[0];
        Wait { on, any_of }
    }
}

impl Case {
    fn workers(&self, jobs: &Jobs) -> Workers {
        let mut workers = Workers::new(self.runs.len());
        for (place, runs) in self.runs.iter().enumerate() {
            workers.runs(place, runs.bytes().next().map(|letter| jobs.job(letter)));
        }
        for (place, letters) in self.wait {
            let waits = workers.waits(*place, jobs.any_of(letters));
            waits.unwrap_or_else(|WouldNotEnd| panic!("{}: wait for {letters}", self.says));
        }
        workers
    }
}

/// P7
#[test]
fn wait_is_refused_exactly_if_it_would_never_end() {
    holds(Bound::Exhaustive, || {
        let jobs = Jobs::new(&Queue::new(1));
        for case in CASES {
            let mut workers = case.workers(&jobs);
            let (place, letters) = case.asks;
            let is_allowed = workers.waits(place, jobs.any_of(letters)).is_ok();
            assert_eq!(is_allowed, case.is_allowed, "{}", case.says);
        }
    });
}

/// P7: whoever was released counts as awake, and nobody else.
#[test]
fn end_of_a_job_takes_the_waits_for_it_away() {
    holds(Bound::Exhaustive, || {
        let jobs = Jobs::new(&Queue::new(1));
        let case = Case {
            says: "one of three is awake",
            runs: &["a", "b", "c"],
            wait: &[(0, "x"), (1, "y")],
            asks: (2, "z"),
            is_allowed: false,
        };
        let mut workers = case.workers(&jobs);
        workers.release(jobs.job(b'q').id());
        assert!(workers.waits(2, jobs.any_of("z")).is_err());
        workers.release(jobs.job(b'x').id());
        assert!(workers.waits(2, jobs.any_of("z")).is_ok());
        assert!(workers.waits(0, jobs.any_of("x")).is_err());
    });
}
