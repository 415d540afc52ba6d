//! X13: jobs that fork. This program is their worker, since only tests may use the crate that forks safely.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use fork::{Fork, fork};
use serde::{Deserialize, Serialize};
use threadproof::{Process, ProcessError, ProcessPool, Shutdown, Work, WorkerProgram};

use crate::run::Test;
use crate::support::{Misbehave, number, runs_told};

pub(crate) fn tests() -> Vec<Test> {
    let table = [
        ("the_second_is_slower", (0, 300)),
        ("the_second_is_faster", (300, 0)),
    ];
    let test = a_job_that_forks_gives_what_the_first_process_gives;
    let mut tests = Test::cases(&[], test, table);
    let table = [
        ("the_second_is_slower", (0, 300, 0)),
        ("the_second_is_faster", (300, 0, 64)),
    ];
    tests.extend(Test::cases(
        &[],
        a_fork_in_a_chunk_makes_no_job_run_twice,
        table,
    ));
    tests
}

#[derive(Serialize, Deserialize)]
pub(crate) enum Job {
    /// Becomes two processes. The first gives 1 after so many milliseconds, the second 2 after so many.
    Fork(u64, u64),
    Tell(PathBuf, u64),
    Sleep(u64),
    Not(u64),
}

impl Work for Job {
    type Output = Vec<u8>;
    const NAME: &'static str = "job";

    fn run(self) -> Vec<u8> {
        match self {
            Self::Fork(first, second) => {
                let (number, after) = match fork().expect("one process more") {
                    Fork::Parent(_) => (1_u64, first),
                    Fork::Child => (2, second),
                };
                thread::sleep(Duration::from_millis(after));
                number.to_le_bytes().to_vec()
            }
            Self::Tell(file, number) => Misbehave::Tell(file, number).run(),
            Self::Sleep(milliseconds) => Misbehave::Sleep(milliseconds).run(),
            Self::Not(number) => Misbehave::Not(number).run(),
        }
    }
}

fn pool() -> ProcessPool {
    let program = WorkerProgram::current().unwrap();
    ProcessPool::builder(program).workers(1).build().unwrap()
}

/// Both run on, and the first of them is the worker.
fn a_job_that_forks_gives_what_the_first_process_gives((first, second): (u64, u64)) {
    let pool = pool();
    assert_eq!(number(&pool.run(Job::Fork(first, second))), 1);
    // The second one wakes up in the midst of it.
    assert!(pool.run(Job::Sleep(600)).is_ok());
    assert_eq!(number(&pool.run(Job::Not(3))), 3);
    assert_eq!(pool.shutdown(Shutdown::Drain).completed, 3);
    let process = Process::start(&WorkerProgram::current().unwrap(), Job::Fork(first, second));
    assert_eq!(number(&process.unwrap().join()), 1);
}

/// In a chunk that is not over the worker cannot ask who it is before each answer. If the second process
/// was faster, all that was in hand is `Crashed`, and nothing runs twice.
fn a_fork_in_a_chunk_makes_no_job_run_twice((first, second, most_crashes): (u64, u64, usize)) {
    let told = tempfile::NamedTempFile::new().unwrap();
    let tell = |n| Job::Tell(told.path().to_owned(), n);
    let pool = pool();
    // Chunks grow while they are over soon.
    pool.map((0..3000).map(Job::Not));
    let outputs = pool.map((0..64).map(|n| match n {
        0 => Job::Fork(first, second),
        n => tell(n),
    }));
    // The second process wakes up in the midst of this one, at the same place of the ring.
    let next = pool.map((100..164).map(|n| match n {
        100 => Job::Sleep(600),
        n => tell(n),
    }));
    let crashes = outputs.iter().filter(|output| output.is_err());
    assert!(crashes.count() <= most_crashes, "{outputs:?}");
    for (index, output) in (0..).zip(&outputs) {
        match output {
            Err(ProcessError::Crashed { has_begun, .. }) => assert!(has_begun),
            output => assert_eq!(number(output), index.max(1)),
        }
    }
    assert!(next[1..].iter().map(number).eq(101..164));
    let told = runs_told(told.path());
    assert!(told.values().all(|times| *times == 1), "{told:?}");
}
