//! A pool over any command: its workers behind `nice` and `sh`. Behind `srun` they are in
//! `tests/your_machine/slurm.rs`.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use assert_cmd::assert::OutputAssertExt;
use predicates::prelude::*;
use rstest::rstest;
use rustix::process::{Pid, Signal, kill_process};
use threadproof::{Process, ProcessError, ProcessPool, Shutdown, WorkerProgram};

#[cfg(target_os = "linux")]
use crate::support::HAS_RING;
use crate::support::{
    Misbehave, exists, number, runs, runs_told, threadproof, until, worker_program,
};

/// A wrapper, and whether it turns into the worker.
fn wrapped(wrapper: &str) -> WorkerProgram {
    worker_program().wrapped_by(match wrapper {
        "nice" => vec!["nice", "-n", "5"],
        "sh exec" => vec!["sh", "-c", r#"exec "$@""#, "sh"],
        "sh" => vec!["sh", "-c", r#""$@"; exit $?"#, "sh"],
        "relay" => vec!["sh", "-c", r#"cat | "$@" | cat"#, "sh"],
        other => vec![other],
    })
}

/// Claims X1, X2 and X3 behind a wrapper.
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
                assert_eq!(
                    (status.unwrap().code(), stderr.contains("bye")),
                    (Some(9), true)
                );
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
#[case::wrapped("nice", (0, 200))]
fn what_a_job_prints_stays_out_of_the_channel(#[case] how: &str, #[case] printed: (usize, usize)) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--nocapture", "--exact"])
        .arg("process_pool_wrapped::a_program_whose_jobs_print")
        .env(PRINTS, how)
        .output()
        .unwrap();
    let count = |text: &[u8]| String::from_utf8_lossy(text).matches("squaring").count();
    assert!(output.status.success(), "{output:?}");
    let printed = match cfg!(portable) {
        // Stdout always carries the answers there.
        true => (0, 200),
        false => printed,
    };
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

/// Claim X5 for a worker that is only a grandchild: the end of its channel ends it, be it a socket or,
/// behind a relay, a pipe.
#[rstest]
fn a_killed_wrapper_takes_its_busy_worker_with_it(#[values("sh", "relay")] wrapper: &str) {
    let process = Process::start(&wrapped(wrapper), Misbehave::Sleep(3_600_000)).unwrap();
    let shell = process.pid();
    let shown = Command::new("ps")
        .args(["-eo", "ppid=,pid=,args="])
        .output();
    let shown = String::from_utf8_lossy(&shown.unwrap().stdout).into_owned();
    let worker = shown.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let mut number = || words.next()?.parse::<u32>().ok();
        let (parent, pid) = (number()?, number()?);
        (parent == shell && line.contains("--threadproof-worker")).then_some(pid)
    });
    let worker = worker.expect("a child of the shell");
    process.kill();
    until(|| !runs(worker));
}

/// Claim X3. The wrapper is killed; where it had not turned into its worker, that lives on for a moment.
#[rstest]
fn no_job_runs_twice_behind_a_wrapper_that_is_killed(
    #[values("nice", "sh exec", "sh", "relay")] wrapper: &str,
) {
    let told = tempfile::NamedTempFile::new().unwrap();
    let program = wrapped(wrapper).with_args([told.path()]);
    let pool = ProcessPool::builder(program).workers(3).build().unwrap();
    let jobs = (0..300).map(|n| Misbehave::Tell(told.path().to_owned(), n));
    let outputs = std::thread::scope(|scope| {
        let map = scope.spawn(|| pool.map(jobs));
        for enough in [50, 150] {
            until(|| runs_told(told.path()).len() >= enough);
            for pid in pool.pids() {
                let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
                // It may be dead already.
                let _ = kill_process(pid, Signal::KILL);
            }
        }
        map.join().unwrap()
    });
    let crashed = outputs.iter().filter(|output| output.is_err()).count();
    assert!(crashed <= 6, "each death costs one job at most: {crashed}");
    // What an orphan does in its last moments counts, too.
    drop(pool);
    until(|| !lives(told.path()));
    let runs = runs_told(told.path());
    assert!(runs.values().all(|times| *times == 1), "{runs:?}");
}

/// Whether a process is left that was started with this word.
fn lives(word: &Path) -> bool {
    let shown = Command::new("ps").args(["-eo", "args"]).output().unwrap();
    String::from_utf8_lossy(&shown.stdout).contains(word.to_str().unwrap())
}

/// A wrapper that turns into its worker costs nothing: the worker holds the channel itself.
#[cfg(target_os = "linux")]
#[rstest]
#[case("nice", true)]
#[case("sh exec", true)]
#[case("sh", false)]
#[case("relay", false)]
fn tiny_jobs_travel_together_where_the_wrapper_is_gone(
    #[case] wrapper: &str,
    #[case] together: bool,
) {
    let pool = ProcessPool::builder(wrapped(wrapper)).workers(1).build();
    let pool = pool.unwrap();
    let outputs = pool.map((0..2000).map(|_| Misbehave::Switches));
    // Between jobs that travel one by one the worker waits.
    let switches = number(&outputs[1999]) - number(&outputs[0]);
    // Without a ring they never do.
    let together = together && HAS_RING;
    assert_eq!(switches < 1000, together, "{switches} switches");
}

/// Claim X3, where what a worker has answered can be lost, as behind `srun`. This wrapper hands on
/// the hello and nine answers, and drops what comes after.
#[test]
fn no_job_runs_twice_behind_a_wrapper_that_loses_answers() {
    let told = tempfile::NamedTempFile::new().unwrap();
    let script = r#"cat | "$@" | { dd bs=1 count=253 2>/dev/null; cat >/dev/null; }"#;
    let program = worker_program().wrapped_by(["sh", "-c", script, "sh"]);
    let builder = ProcessPool::builder(program).workers(1);
    let timeout = Duration::from_millis(300);
    let pool = builder.job_timeout(timeout).build().unwrap();
    let outputs = pool.map((0..30).map(|n| Misbehave::Tell(told.path().to_owned(), n)));
    let runs = runs_told(told.path());
    assert!(runs.values().all(|times| *times == 1), "{runs:?}");
    assert!(runs.keys().copied().eq(0..30), "{runs:?}");
    let lost = outputs.iter().filter(|output| output.is_err()).count();
    assert_eq!(lost, 3, "one a worker: {outputs:?}");
}

/// `head` waits for a buffer full before it hands anything on.
#[test]
fn a_wrapper_that_keeps_messages_back_is_an_error_that_names_it() {
    let script = r#"head -c 1000000 | "$@""#;
    let program = worker_program().wrapped_by(["sh", "-c", script, "sh"]);
    let timeout = Duration::from_millis(300);
    let built = ProcessPool::builder(program).start_timeout(timeout).build();
    let error = built.unwrap_err().to_string();
    let expected = "nothing came through sh for 300ms: does it keep bytes back?";
    assert!(error.contains(expected), "{error}");
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
