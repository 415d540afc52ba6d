//! Children whose end the system does not keep, or tells somebody else.
//!
//! <https://docs.python.org/3/library/os.html#os.waitpid> raises `ChildProcessError` then, and
//! [`subprocess`](https://docs.python.org/3/library/subprocess.html) takes the end for a success. POSIX: what
//! ignores SIGCHLD leaves no zombies, and an ignored signal stays ignored through `exec`.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use assert_cmd::assert::OutputAssertExt;
use predicates::prelude::*;
use rstest::rstest;
use rustix::process::{WaitOptions, wait};
use threadproof::{Process, ProcessError, ProcessPool, Shutdown, WorkerProgram};

use crate::support::{Misbehave, ends, exists, number, threadproof, worker_program};

/// A program that nobody tells how its children end; not every shell's `trap` can do that. `None` where
/// `env` is not that of the GNU coreutils.
fn untold(program: &Command) -> Option<Command> {
    let ignore = ["--ignore-signal=CHLD"];
    let can = Command::new("env").args(ignore).arg("true").output();
    if !can.is_ok_and(|output| output.status.success()) {
        println!("env of the GNU coreutils is needed");
        return None;
    }
    let mut command = Command::new("env");
    command.args(ignore);
    command.arg(program.get_program()).args(program.get_args());
    let removed = program.get_envs().filter(|(_, value)| value.is_none());
    removed.for_each(|(key, _)| _ = command.env_remove(key));
    Some(command)
}

/// What the library makes of workers that end in every way, where others may know how and it does not.
fn a_death_costs_one_job() {
    let pool = ProcessPool::builder(worker_program()).workers(2).build();
    let pool = pool.unwrap();
    let exit = Misbehave::Exit("bye".to_owned(), 3);
    let outputs = pool.map([Misbehave::Not(1), exit, Misbehave::Not(2)]);
    assert_eq!((number(&outputs[0]), number(&outputs[2])), (1, 2));
    let Err(error @ ProcessError::Crashed { pid, status, .. }) = &outputs[1] else {
        panic!("{:?}", outputs[1]);
    };
    // Who reaps a process learns how it ended, and nobody else.
    let how = match status {
        Some(status) => status.to_string(),
        None => "nobody knows how".to_owned(),
    };
    assert!(error.to_string().contains(&how), "{error}");
    assert!(status.is_none_or(|status| status.code() == Some(3)));
    assert!(!exists(*pid));
    let report = pool.shutdown(Shutdown::Drain);
    assert_eq!((report.completed, report.crashed), (2, 1));

    let joined = Process::start(&worker_program(), Misbehave::Not(7));
    assert_eq!(number(&joined.unwrap().join()), 7);
    let sleep = || Process::start(&worker_program(), Misbehave::Sleep(3_600_000)).unwrap();
    let (asked, killed, dropped) = (sleep(), sleep(), sleep());
    asked.terminate();
    let asked = asked.join();
    assert!(matches!(asked, Err(ProcessError::Crashed { .. })));
    let pids = [killed.pid(), dropped.pid()];
    killed.kill();
    drop(dropped);
    assert!(!pids.into_iter().any(exists));
    let error = Process::start(&WorkerProgram::at("/usr/bin/true"), Misbehave::Not(1)).unwrap_err();
    assert!(matches!(error, ProcessError::NotAWorker { .. }), "{error}");
}

const UNTOLD: &str = "THREADPROOF_TEST_UNTOLD";

#[test]
fn a_pool_works_where_the_end_of_a_child_is_not_kept() {
    if std::env::var_os(UNTOLD).is_some() {
        assert!(Command::new("true").status().is_err(), "it is kept");
        return a_death_costs_one_job();
    }
    let mut again = Command::new(std::env::current_exe().unwrap());
    let this = thread::current();
    again.args(["--exact", this.name().unwrap(), "--nocapture"]);
    let one = predicate::str::contains("running 1 test\n");
    if let Some(mut command) = untold(&again) {
        command.env(UNTOLD, "1").assert().success().stdout(one);
    }
}

/// As a program that is the first of a container has to.
#[test]
fn a_pool_works_beside_a_thread_that_waits_for_every_child() {
    crate::support::in_a_process_of_its_own(|| {
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let _ = wait(WaitOptions::NOHANG);
                    thread::yield_now();
                }
            });
            let done = scope.spawn(a_death_costs_one_job).join();
            is_over.store(true, Ordering::Relaxed);
            done.unwrap();
        });
    });
}

#[rstest]
#[case::processes(&["processes"])]
#[case::process_pool(&["process-pool"])]
#[case::compare(&["compare", "--power", "3"])]
fn a_section_works_where_the_end_of_a_child_is_not_kept(#[case] arguments: &[&str]) {
    if let Some(mut command) = untold(&threadproof(arguments)) {
        let output = ends(move || command.output().unwrap());
        // What jobs print goes to stderr where stdout carries the answers.
        assert!(cfg!(portable) || output.stderr.is_empty(), "{output:?}");
        output.assert().success();
    }
}
