//! `ProcessPool` under jobs that misbehave: a sample of the X claims.

use std::collections::BTreeSet;
use std::time::Duration;

use rstest::rstest;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use threadproof::{ProcessError, ProcessPool, ProcessPoolBuilder, Shutdown, WorkerProgram};

use crate::support::{Misbehave, exists, until, worker_program};

fn builder(workers: usize) -> ProcessPoolBuilder {
    ProcessPool::builder(worker_program()).workers(workers)
}

fn of_raw(pid: u32) -> Pid {
    Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
}

fn kill(pid: u32) {
    kill_process(of_raw(pid), Signal::KILL).unwrap();
}

fn number(output: Result<Vec<u8>, ProcessError>) -> u64 {
    u64::from_le_bytes(output.unwrap().try_into().unwrap())
}

#[rstest]
fn no_inputs_give_no_outputs_and_one_worker_is_enough(#[values(1, 3)] workers: usize) {
    let pool = builder(workers).build().unwrap();
    assert!(pool.map(Vec::<Misbehave>::new()).is_empty());
    let outputs = pool.map((0..100).map(Misbehave::Not));
    assert!(outputs.into_iter().map(number).eq(0..100));
    assert_eq!(pool.shutdown(Shutdown::Drain).completed, 100);
}

/// Claim X2.
#[test]
fn a_panic_costs_its_job_alone_and_the_worker_goes_on() {
    let pool = builder(1).build().unwrap();
    let pids = pool.pids();
    let panic = Misbehave::Panic("oh".to_owned());
    let mut outputs = pool
        .map([Misbehave::Not(1), panic, Misbehave::Not(3)])
        .into_iter();
    assert_eq!(number(outputs.next().unwrap()), 1);
    let Some(Err(ProcessError::Panicked {
        message,
        location,
        pid,
    })) = outputs.next()
    else {
        panic!("it panicked");
    };
    assert_eq!((message.as_str(), vec![pid]), ("oh", pids));
    assert!(location.unwrap().contains("misbehave.rs:"));
    assert_eq!(number(outputs.next().unwrap()), 3);
    assert_eq!(pool.pids(), [pid], "the same worker");
    assert_eq!(pool.shutdown(Shutdown::Drain).panicked, 1);
}

/// Claim X3, a sample: the fault grid has the rest.
#[rstest]
fn a_death_costs_its_job_alone_and_a_new_worker_runs(
    #[values(1, 3)] workers: usize,
    #[values(Some(0), Some(1), None)] exit: Option<i32>,
) {
    let pool = builder(workers).build().unwrap();
    let before: BTreeSet<u32> = pool.pids().into_iter().collect();
    let inputs = (0..50).map(|index| match exit {
        Some(code) if index == 20 => Misbehave::Exit("last words".to_owned(), code),
        None if index == 20 => Misbehave::Abort,
        _ => Misbehave::Not(index),
    });
    for (index, output) in (0..).zip(pool.map(inputs)) {
        match output {
            Err(ProcessError::Crashed {
                pid,
                status,
                stderr,
                ..
            }) => {
                assert_eq!(index, 20);
                assert!(before.contains(&pid) && !exists(pid));
                assert_eq!(status.unwrap().code(), exit);
                assert_eq!(stderr.contains("last words"), exit.is_some(), "{stderr}");
            }
            output => assert_eq!(number(output), index),
        }
    }
    let outputs = pool.map((0..10).map(Misbehave::Not));
    assert!(
        outputs.into_iter().map(number).eq(0..10),
        "the pool still works"
    );
    let report = pool.shutdown(Shutdown::Drain);
    assert_eq!((report.completed, report.crashed), (59, 1));
}

/// A worker that has died while it had nothing to do costs no job.
#[test]
fn an_idle_worker_may_be_killed() {
    let pool = builder(1).build().unwrap();
    let victim = pool.pids()[0];
    kill(victim);
    // Returns when the whole process is dead, every thread of it, and leaves it to the pool to reap.
    let dead_but_not_reaped = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(of_raw(victim)), dead_but_not_reaped).unwrap();
    assert_eq!(number(pool.map([Misbehave::Not(5)]).remove(0)), 5);
    assert!(!exists(victim));
}

/// Claim X4.
#[test]
fn a_job_that_takes_too_long_is_killed_and_the_others_are_untouched() {
    let longest = builder(1).job_timeout(Duration::MAX).build().unwrap();
    assert_eq!(number(longest.map([Misbehave::Not(0)]).remove(0)), 0);
    let timeout = Duration::from_millis(500);
    let pool = builder(2).job_timeout(timeout).build().unwrap();
    let inputs = [
        Misbehave::Not(0),
        Misbehave::Sleep(3_600_000),
        Misbehave::Not(2),
    ];
    let mut outputs = pool.map(inputs).into_iter();
    assert_eq!(number(outputs.next().unwrap()), 0);
    let Some(Err(ProcessError::TimedOut { pid, after })) = outputs.next() else {
        panic!("it took too long");
    };
    assert!(after == timeout && !exists(pid));
    assert_eq!(number(outputs.next().unwrap()), 2);
    assert_eq!(pool.shutdown(Shutdown::Drain).timed_out, 1);
}

/// Claim X6, the part about children.
#[test]
fn drop_and_shutdown_reap_every_worker() {
    let (dropped, shut_down) = (builder(3).build().unwrap(), builder(3).build().unwrap());
    let pids = [dropped.pids(), shut_down.pids()].concat();
    assert_eq!(pids.len(), 6);
    drop(dropped);
    shut_down.shutdown(Shutdown::CancelQueued);
    assert!(!pids.into_iter().any(exists));
}

/// Claim X8.
#[test]
fn a_crash_loop_ends_with_the_last_cause() {
    let pool = builder(1).respawns(2).build().unwrap();
    let deaths = (0..5).map(|_| Misbehave::Exit("again".to_owned(), 9));
    let outputs = pool.map(deaths);
    let crashed = outputs
        .iter()
        .filter(|o| matches!(o, Err(ProcessError::Crashed { .. })))
        .count();
    assert_eq!(crashed, 3, "the first worker and its two successors");
    for output in &outputs[3..] {
        let Err(ProcessError::PoolBroken { cause }) = output else {
            panic!("{output:?}")
        };
        assert!(cause.contains("exit status: 9"), "{cause}");
    }
    assert!(matches!(
        pool.map([Misbehave::Not(1)])[0],
        Err(ProcessError::PoolBroken { .. })
    ));
}

/// Claim X9.
#[test]
fn an_output_larger_than_a_frame_is_an_error_of_its_job() {
    let pool = builder(1).max_frame(10_000).build().unwrap();
    let inputs = [
        Misbehave::Zeros(9_000),
        Misbehave::Zeros(11_000),
        Misbehave::Zeros(1),
    ];
    let outputs = pool.map(inputs);
    assert_eq!(outputs[0].as_ref().unwrap().len(), 9_000);
    assert!(matches!(&outputs[1], Err(ProcessError::Encode(why)) if why.contains("10000")));
    assert_eq!(outputs[2].as_ref().unwrap().len(), 1);
}

/// Claim X9.
#[test]
fn an_input_larger_than_a_frame_is_an_error_of_its_job() {
    let pool = builder(1).max_frame(10_000).build().unwrap();
    let outputs = pool.map([Misbehave::Print("x".repeat(11_000)), Misbehave::Not(4)]);
    assert!(matches!(&outputs[0], Err(ProcessError::Encode(why)) if why.contains("10000")));
    assert_eq!(number(outputs.into_iter().nth(1).unwrap()), 4);
}

/// Claim X10.
#[rstest]
#[case("/no/such/program")]
#[case("/usr/bin/true")]
fn a_pool_of_no_workers_is_an_error_that_names_the_program(#[case] path: &str) {
    let error = ProcessPool::builder(WorkerProgram::at(path))
        .workers(3)
        .build()
        .unwrap_err();
    assert!(error.to_string().contains(path), "{error}");
}

#[test]
fn kill_cancels_what_has_not_ended() {
    let pool = builder(2).build().unwrap();
    let pids = pool.pids();
    std::thread::scope(|scope| {
        let outputs = scope.spawn(|| pool.map((0..5).map(|_| Misbehave::Sleep(3_600_000))));
        pool.kill();
        for output in outputs.join().unwrap() {
            assert!(matches!(output, Err(ProcessError::Cancelled)), "{output:?}");
        }
    });
    drop(pool);
    assert!(!pids.into_iter().any(exists));
}

#[test]
fn a_worker_is_replaced_after_its_number_of_jobs() {
    let pool = builder(1).jobs_per_worker(2).build().unwrap();
    let mut pids = BTreeSet::from_iter(pool.pids());
    for _ in 0..3 {
        let outputs = pool.map([Misbehave::Not(1), Misbehave::Not(2)]);
        assert!(outputs.into_iter().map(number).eq([1, 2]));
        until(|| pool.pids().iter().any(|pid| pids.insert(*pid)));
    }
    assert_eq!(pids.len(), 4);
}
