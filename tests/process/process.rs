//! `Process`: one job in a process of its own.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use rstest::rstest;
use threadproof::{Process, ProcessError, WorkerProgram};

use crate::support::{Misbehave, exists, until, worker_program};

fn start(job: Misbehave) -> Process<Vec<u8>> {
    Process::start(&worker_program(), job).unwrap()
}

#[test]
fn join_gives_the_output_and_reaps_the_process() {
    let process = start(Misbehave::Not(7));
    let pid = process.pid();
    assert!(exists(pid));
    assert_eq!(process.join().unwrap(), 7u64.to_le_bytes());
    assert!(!exists(pid), "not even a zombie is left");
}

#[test]
fn a_job_that_does_not_listen_dies_of_a_polite_request() {
    let process = start(Misbehave::Sleep(3_600_000));
    let pid = process.pid();
    process.terminate();
    let Err(ProcessError::Crashed { status, .. }) = process.join() else {
        panic!("it was to sleep for an hour");
    };
    assert_eq!(status.unwrap().signal(), Some(15));
    assert!(!exists(pid));
}

#[test]
fn a_panic_comes_back_with_message_place_and_pid() {
    let process = start(Misbehave::Panic("no such file".to_owned()));
    let number = process.pid();
    let Err(ProcessError::Panicked {
        message,
        location,
        pid,
    }) = process.join()
    else {
        panic!("it panicked");
    };
    assert_eq!((message.as_str(), pid), ("no such file", number));
    assert!(location.unwrap().contains("misbehave.rs:"));
}

#[rstest]
#[case::exit_0(Misbehave::Exit("bye".to_owned(), 0), Some(0), None)]
#[case::exit_1(Misbehave::Exit("bye".to_owned(), 1), Some(1), None)]
#[case::abort(Misbehave::Abort, None, Some(6))]
fn a_death_comes_back_with_its_status_and_last_words(
    #[case] job: Misbehave,
    #[case] code: Option<i32>,
    #[case] signal: Option<i32>,
) {
    let says_bye = matches!(job, Misbehave::Exit(..));
    let process = start(job);
    let number = process.pid();
    let Err(ProcessError::Crashed {
        pid,
        status,
        stderr,
        ..
    }) = process.join()
    else {
        panic!("it died");
    };
    let status = status.unwrap();
    assert_eq!(
        (pid, status.code(), status.signal()),
        (number, code, signal)
    );
    assert_eq!(stderr.contains("bye"), says_bye, "{stderr}");
    assert!(!exists(pid));
}

#[test]
fn kill_and_drop_leave_no_process() {
    let (killed, dropped) = (
        start(Misbehave::Sleep(3_600_000)),
        start(Misbehave::Sleep(3_600_000)),
    );
    let pids = [killed.pid(), dropped.pid()];
    killed.kill();
    drop(dropped);
    assert!(!pids.into_iter().any(exists));
}

#[test]
fn join_timeout_gives_the_handle_back() {
    let process = start(Misbehave::Sleep(300));
    let process = process.join_timeout(Duration::from_millis(1)).unwrap_err();
    assert!(process.join().unwrap().is_empty());
}

/// Claim X10: a clear error, and no process left.
#[rstest]
#[case("/no/such/program", "/no/such/program")]
#[case("/", "/")]
#[case("/usr/bin/true", "run_if_worker")]
#[case("/usr/bin/false", "run_if_worker")]
fn a_program_that_is_no_worker_is_an_error_that_names_it(#[case] path: &str, #[case] words: &str) {
    let error = Process::start(&WorkerProgram::at(path), Misbehave::Not(1)).unwrap_err();
    let text = error.to_string();
    assert!(text.contains(path) && text.contains(words), "{text}");
    assert!(matches!(
        error,
        ProcessError::Start(_) | ProcessError::NotAWorker { .. }
    ));
}

/// Claim X10: the program under test as a worker that is asked to start workers itself.
#[test]
fn the_argument_of_a_worker_does_not_start_a_second_generation() {
    let mut command = crate::support::threadproof(&["--threadproof-worker=1000"]);
    let mut child = command
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    until(|| child.try_wait().unwrap().is_some());
    assert!(!child.wait().unwrap().success());
}
