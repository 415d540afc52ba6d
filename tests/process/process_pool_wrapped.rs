//! A pool over any command: its workers behind `nice`, `sh`, and `srun` where there is one.

use std::process::Command;
use std::time::Duration;

use assert_cmd::assert::OutputAssertExt;
use predicates::prelude::*;
use rstest::rstest;
use threadproof::{Process, ProcessError, ProcessPool, Shutdown, WorkerProgram};

use crate::support::{Misbehave, exists, threadproof, worker_program};

/// A wrapper, and whether it turns into the worker.
fn wrapped(wrapper: &str) -> WorkerProgram {
    worker_program().wrapped_by(match wrapper {
        "nice" => vec!["nice", "-n", "5"],
        "sh exec" => vec!["sh", "-c", r#"exec "$@""#, "sh"],
        "sh" => vec!["sh", "-c", r#""$@"; exit $?"#, "sh"],
        other => vec![other],
    })
}

fn number(output: &Result<Vec<u8>, ProcessError>) -> u64 {
    let bytes = output.as_deref().unwrap();
    u64::from_le_bytes(bytes.try_into().unwrap())
}

/// Claims X1, X2 and X3 over pipes.
#[rstest]
fn a_wrapped_pool_keeps_order_and_loses_one_job_a_death(
    #[values("nice", "sh exec", "sh", "env")] wrapper: &str,
    #[values(1, 3)] workers: usize,
) {
    let pool = ProcessPool::builder(wrapped(wrapper))
        .workers(workers)
        .build()
        .unwrap();
    let outputs = pool.map((0..500).map(|n| match n {
        100 => Misbehave::Panic("oh".to_owned()),
        200 => Misbehave::Exit("bye".to_owned(), 9),
        300 => Misbehave::Zeros(1_000_000),
        n => Misbehave::Not(n),
    }));
    for (index, output) in (0..).zip(&outputs) {
        match (index, output) {
            (100, Err(ProcessError::Panicked { message, .. })) => assert_eq!(message, "oh"),
            (200, Err(ProcessError::Crashed { status, stderr, .. })) => {
                assert_eq!((status.code(), stderr.contains("bye")), (Some(9), true));
            }
            (300, Ok(zeros)) => assert_eq!(zeros.len(), 1_000_000),
            (_, output) => assert_eq!(number(output), index),
        }
    }
    let pids = pool.pids();
    let report = pool.shutdown(Shutdown::Drain);
    assert_eq!(
        (report.completed, report.panicked, report.crashed),
        (498, 1, 1)
    );
    assert!(!pids.into_iter().any(exists));
}

const PRINTS: &str = "THREADPROOF_TEST_PRINTS";

/// What the next test starts: a program whose jobs print. Without its variable it is no test at all.
#[test]
fn a_program_whose_jobs_print() {
    let program = match std::env::var(PRINTS).as_deref() {
        Ok("socket") => worker_program(),
        Ok(wrapper) => wrapped(wrapper),
        Err(_) => return println!("only a part of another test"),
    };
    let pool = ProcessPool::builder(program).workers(2).build().unwrap();
    let outputs = pool.map((0..200).map(|_| Misbehave::Print("squaring".to_owned())));
    assert!(outputs.iter().all(|output| number(output) == 8));
}

/// Claim X7: what a job prints goes to stdout, or behind a wrapper to stderr; never into the channel.
#[rstest]
#[case::socket("socket", (200, 0))]
#[case::pipes("nice", (0, 200))]
fn what_a_job_prints_stays_out_of_the_channel(#[case] how: &str, #[case] printed: (usize, usize)) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--nocapture", "--exact"])
        .arg("process_pool_wrapped::a_program_whose_jobs_print")
        .env(PRINTS, how)
        .output()
        .unwrap();
    let count = |text: &[u8]| String::from_utf8_lossy(text).matches("squaring").count();
    assert!(output.status.success(), "{output:?}");
    assert_eq!((count(&output.stdout), count(&output.stderr)), printed);
}

#[test]
fn a_worker_gets_its_arguments_behind_the_one_that_makes_it_a_worker() {
    let program = worker_program().with_args(["--colour", "never mind"]);
    for program in [program.clone(), program.wrapped_by(["nice"])] {
        let process = Process::start(&program, Misbehave::Arguments).unwrap();
        let arguments = String::from_utf8(process.join().unwrap()).unwrap();
        let arguments: Vec<&str> = arguments.lines().collect();
        assert!(arguments[1].starts_with("--threadproof-worker="));
        assert_eq!(arguments[2..], ["--colour", "never mind"]);
    }
}

/// Claim X5 for a worker that is only a grandchild: the end of its channel ends it.
#[test]
fn a_killed_wrapper_takes_its_busy_worker_with_it() {
    let process = Process::start(&wrapped("sh"), Misbehave::Sleep(3_600_000)).unwrap();
    let shell = process.pid().to_string();
    let shown = Command::new("ps")
        .args(["-o", "pid=", "--ppid", &shell])
        .output();
    let shown = String::from_utf8(shown.unwrap().stdout).unwrap();
    let worker: u32 = shown.trim().parse().unwrap();
    process.kill();
    crate::support::until(|| !exists(worker));
}

/// `head` waits for a buffer full before it hands anything on, so the job never begins.
#[test]
fn a_wrapper_that_keeps_messages_back_is_ended_by_the_job_timeout() {
    let timeout = Duration::from_millis(300);
    let script = r#"head -c 1000000 | "$@""#;
    let program = worker_program().wrapped_by(["sh", "-c", script, "sh"]);
    let builder = ProcessPool::builder(program).workers(1);
    let pool = builder.job_timeout(timeout).build().unwrap();
    let output = pool.map([Misbehave::Not(5)]).remove(0);
    let Err(ProcessError::TimedOut { after, .. }) = output else {
        panic!("{output:?}");
    };
    assert_eq!(after, timeout);
}

#[test]
fn the_launcher_of_the_command_line_starts_the_workers() {
    threadproof(&["process-pool", "--launcher", "nice -n 3"])
        .assert()
        .success()
        .stdout(predicate::str::contains("Squares: [1, 4, 9, 16, 25]"));
    threadproof(&["process-pool", "--launcher", "/no/such/launcher"])
        .assert()
        .code(1)
        .stderr(predicate::str::contains("/no/such/launcher"));
}
