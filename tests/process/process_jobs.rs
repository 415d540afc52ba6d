//! Claim X14: what people ask a pool of processes for. One job at a time, one job's end, outcomes as they
//! come, and what each worker is at.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::os::unix::process::ExitStatusExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, getpgid, getpgrp, kill_process};
use threadproof::{
    PoolShutDown, Process, ProcessError, ProcessPool, ProcessPoolBuilder, Shutdown,
    TryProcessMapError,
};

use crate::support::{
    Fault, Faulty, Half, MISBEHAVE, Misbehave, PROGRAM, Stage, exists, number, until,
    worker_program,
};

const AN_HOUR: Misbehave = Misbehave::Sleep(3_600_000);

fn builder(workers: usize) -> ProcessPoolBuilder {
    ProcessPool::builder(worker_program()).workers(workers)
}

fn window(jobs: usize) -> NonZeroUsize {
    NonZeroUsize::new(jobs).unwrap()
}

fn text(output: Result<Vec<u8>, ProcessError>) -> String {
    String::from_utf8(output.unwrap()).unwrap()
}

/// Doc: <https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.Executor.submit>
#[test]
fn a_submitted_job_runs_whether_or_not_anybody_waits() {
    let pool = builder(2).build().unwrap();
    let told = tempfile::NamedTempFile::new().unwrap();
    let jobs = (0..10).map(|n| Misbehave::Tell(told.path().to_owned(), n));
    for job in jobs {
        drop(pool.submit(job).unwrap());
    }
    until(|| crate::support::runs_told(told.path()).len() == 10);
    pool.wait_idle();
    assert_eq!(pool.report().completed, 10);
}

#[test]
fn a_job_that_has_not_ended_gives_its_handle_back() {
    let pool = builder(1).build().unwrap();
    let job = pool.submit(Misbehave::Nap(10)).unwrap();
    assert!(!job.is_finished());
    let job = job.join_timeout(Duration::from_millis(1)).unwrap_err();
    until(|| job.is_finished());
    assert_eq!(job.join_timeout(Duration::ZERO).unwrap(), Ok(Vec::new()));
}

#[test]
fn an_input_that_cannot_be_sent_is_the_outcome_of_its_job() {
    let pool = builder(1).max_frame(10_000).build().unwrap();
    let job = pool.submit(Misbehave::Print("x".repeat(20_000))).unwrap();
    assert!(matches!(job.join(), Err(ProcessError::Encode(_))));
    assert_eq!(number(&pool.run(Misbehave::Not(3))), 3);
}

/// The format keeps no text of a type's own error; a `Result` is an output like any other.
#[test]
fn why_a_work_failed_is_said_by_its_output_not_by_its_encoding() {
    let pool = builder(1).build().unwrap();
    for stage in [Stage::EncodeInput, Stage::DecodeOutput] {
        let fault = Some((stage, Fault::Error));
        let error = pool.run(Faulty { number: 1, fault }).unwrap_err();
        assert!(matches!(
            error,
            ProcessError::Encode(_) | ProcessError::Decode(_)
        ));
        assert!(!error.to_string().contains("as asked"), "{error}");
    }
    assert_eq!(pool.run(Half(3)).unwrap(), Err("3 is odd".to_owned()));
}

/// As systemd ends a service: the signal goes to each process of the group, and the parent listens to it.
#[test]
fn a_polite_request_to_the_whole_group_ends_the_workers_too() {
    let pool = builder(2).build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let begun = [1, 2].map(|n| folder.path().join(format!("{n}")));
    let jobs = begun
        .clone()
        .map(|path| pool.submit(Misbehave::Begin(path)).unwrap());
    until(|| begun.iter().all(|path| path.exists()));
    for pid in pool.pids() {
        let pid = Pid::from_raw(pid.try_into().unwrap());
        assert_eq!(getpgid(pid).unwrap(), getpgrp());
        kill_process(pid.unwrap(), Signal::TERM).unwrap();
    }
    for job in jobs {
        assert!(matches!(
            job.join(),
            Err(ProcessError::Crashed { status: Some(status), .. }) if status.signal() == Some(15)
        ));
    }
    assert_eq!(number(&pool.run(Misbehave::Not(3))), 3);
}

#[test]
fn a_job_that_no_worker_has_can_be_cancelled_and_one_that_runs_cannot() {
    let pool = builder(1).build().unwrap();
    let first = pool.submit(Misbehave::Nap(20)).unwrap();
    until(|| pool.report().running == 1);
    let second = pool.submit(AN_HOUR).unwrap();
    let third = pool.submit(Misbehave::Not(3)).unwrap();
    second.cancel();
    first.cancel();
    assert_eq!(second.join(), Err(ProcessError::Cancelled));
    assert_eq!(first.join(), Ok(Vec::new()));
    assert_eq!(number(&third.join()), 3);
    assert_eq!(pool.shutdown(Shutdown::Drain).cancelled, 1);
}

/// Pebble can do that; the pools of Python's library cannot.
#[test]
fn a_running_job_can_be_killed_and_costs_nobody_else() {
    let pool = builder(2).build().unwrap();
    let other = pool.submit(Misbehave::Nap(20)).unwrap();
    let job = pool.submit(AN_HOUR).unwrap();
    until(|| pool.report().running == 2);
    let before: BTreeSet<u32> = pool.pids().into_iter().collect();
    job.kill();
    assert_eq!(job.join(), Err(ProcessError::Cancelled));
    assert_eq!(other.join(), Ok(Vec::new()));
    until(|| pool.pids().len() == 2);
    let after: BTreeSet<u32> = pool.pids().into_iter().collect();
    assert_eq!(after.intersection(&before).count(), 1, "one was replaced");
    let report = pool.shutdown(Shutdown::Drain);
    assert_eq!((report.completed, report.cancelled), (1, 1));
}

/// Doc: <https://docs.python.org/3/library/multiprocessing.html#multiprocessing.pool.Pool.imap>
#[test]
fn a_lazy_map_holds_its_window_and_its_order() {
    let pool = builder(2).build().unwrap();
    let taken = AtomicUsize::new(0);
    let inputs = (0..).map(|n| {
        taken.fetch_add(1, Ordering::Relaxed);
        Misbehave::Not(n)
    });
    let mut outputs = pool.map_lazy(inputs, window(4));
    assert_eq!(taken.load(Ordering::Relaxed), 0);
    for n in 0..20 {
        assert_eq!(number(&outputs.next().unwrap()), n);
        assert_eq!(taken.load(Ordering::Relaxed) as u64, n + 4);
    }
    drop(outputs);
    pool.wait_idle();
    let few: Vec<_> = pool
        .map_lazy((0..3).map(Misbehave::Not), window(8))
        .collect();
    assert!(few.iter().map(number).eq(0..3));
}

#[test]
fn a_lazy_map_that_is_dropped_cancels_what_no_worker_has() {
    let pool = builder(1).build().unwrap();
    let mut outputs = pool.map_lazy(
        [Misbehave::Not(0), Misbehave::Nap(5), AN_HOUR, AN_HOUR],
        window(4),
    );
    assert_eq!(number(&outputs.next().unwrap()), 0);
    until(|| pool.report().running == 1);
    drop(outputs);
    pool.wait_idle();
    assert_eq!(pool.report().cancelled, 2);
}

/// Doc: <https://docs.python.org/3/library/multiprocessing.html#multiprocessing.pool.Pool.imap_unordered>
#[test]
fn in_an_unordered_map_a_slow_job_holds_nobody_up() {
    let pool = builder(2).build().unwrap();
    let inputs = (0..6).map(|n| match n {
        0 => AN_HOUR,
        n => Misbehave::Not(n),
    });
    let mut outcomes = pool.map_unordered(inputs, window(3));
    let mut seen: Vec<usize> = Vec::new();
    for _ in 1..6 {
        let (index, output) = outcomes.next().unwrap();
        assert_eq!(number(&output), index as u64);
        seen.push(index);
    }
    assert_eq!(seen, [1, 2, 3, 4, 5]);
    pool.kill();
    let last = outcomes.next();
    assert!(matches!(last, Some((0, Err(ProcessError::Cancelled)))));
    assert!(outcomes.next().is_none());
}

#[test]
fn a_map_gives_all_outputs_or_the_first_error() {
    let pool = builder(2).build().unwrap();
    assert_eq!(pool.try_map([2, 4, 6].map(Half)), Ok(vec![1, 2, 3]));
    let error = pool.try_map((0..10_000).map(|n| Half(2 * n + u64::from(n == 700))));
    let said = "1401 is odd".to_owned();
    let expected = TryProcessMapError::Failed {
        index: 700,
        error: said,
    };
    assert_eq!(error, Err(expected.clone()));
    assert_eq!(expected.to_string(), "input 700: 1401 is odd");
    pool.wait_idle();
}

#[test]
fn a_pool_is_shut_down_by_reference_and_as_often_as_one_likes() {
    let pool = builder(2).build().unwrap();
    let pids = pool.pids();
    let jobs: Vec<_> = (0..4)
        .map(|n| pool.submit(Misbehave::Not(n)).unwrap())
        .collect();
    let reports = thread::scope(|scope| {
        let both = [(); 2].map(|()| scope.spawn(|| pool.shutdown(Shutdown::Drain)));
        both.map(|report| report.join().unwrap())
    });
    assert_eq!(reports[0], reports[1]);
    assert_eq!(reports[0].completed, 4);
    assert!(!pids.into_iter().any(exists));
    // What has ended can still be joined.
    for (n, job) in (0..).zip(jobs) {
        assert_eq!(number(&job.join()), n);
    }
    assert_eq!(pool.submit(Misbehave::Not(1)).err(), Some(PoolShutDown));
    assert_eq!(pool.run(Misbehave::Not(1)), Err(ProcessError::Cancelled));
}

#[test]
fn a_job_has_a_time_limit_of_its_own() {
    let pool = builder(2).job_timeout(Duration::MAX).build().unwrap();
    let outputs = pool.map([Misbehave::Limited(200), Misbehave::Not(1)]);
    let after = Duration::from_millis(200);
    assert!(matches!(&outputs[0], Err(ProcessError::TimedOut { after: a, .. }) if *a == after));
    assert_eq!(number(&outputs[1]), 1);
    let process = Process::start(&worker_program(), Misbehave::Limited(100)).unwrap();
    assert!(matches!(process.join(), Err(ProcessError::TimedOut { .. })));
}

/// Doc: <https://docs.python.org/3/library/multiprocessing.html#multiprocessing.pool.Pool>, `initargs`.
#[test]
fn each_worker_is_prepared_by_a_job_of_its_own() {
    let word = Misbehave::Prepare("open sesame".to_owned());
    let pool = builder(2).prepared_by(word).build().unwrap();
    let all = pool.map([(); 10].map(|()| Misbehave::Prepared));
    assert!(all.into_iter().all(|output| text(output) == "open sesame"));
    assert!(pool.run(Misbehave::Abort).is_err());
    // The replacement is prepared, too.
    for _ in 0..10 {
        assert_eq!(text(pool.run(Misbehave::Prepared)), "open sesame");
    }
    assert_eq!(pool.report().completed, 20);
    let none = builder(2).prepared_by(Misbehave::Prepare(String::new()));
    let error = none.build().unwrap_err();
    assert!(
        matches!(&error, ProcessError::Initialiser { why, .. } if why.contains("no word")),
        "{error}"
    );
}

#[test]
fn a_worker_that_replaces_another_has_its_number() {
    let pool = builder(2).build().unwrap();
    let numbers = |pool: &ProcessPool| -> BTreeSet<u64> {
        let outputs = pool.map([(); 40].map(|()| Misbehave::WorkerNumber));
        outputs.iter().map(number).collect()
    };
    assert!(numbers(&pool).iter().all(|number| [1, 2].contains(number)));
    for round in 1..=3 {
        assert!(pool.run(Misbehave::Abort).is_err());
        until(|| pool.workers().iter().all(|worker| worker.pid.is_some()));
        assert!(numbers(&pool).iter().all(|number| [1, 2].contains(number)));
        let workers = pool.workers();
        assert_eq!(workers.len(), 2);
        assert!(
            workers.iter().any(|worker| worker.before.is_some()),
            "{round}"
        );
    }
}

#[test]
fn a_pool_says_what_its_workers_are_at() {
    let pool = builder(2).build().unwrap();
    pool.map((0..100).map(Misbehave::Not));
    let folder = tempfile::tempdir().unwrap();
    let begun = folder.path().join("begun");
    let job = pool.submit(Misbehave::Begin(begun.clone())).unwrap();
    until(|| begun.exists());
    until(|| {
        pool.workers()
            .iter()
            .any(|worker| worker.busy_for.is_some())
    });
    let workers = pool.workers();
    assert_eq!(
        workers
            .iter()
            .map(|worker| worker.number)
            .collect::<Vec<_>>(),
        [1, 2]
    );
    assert_eq!(workers.iter().map(|worker| worker.jobs).sum::<u64>(), 100);
    assert_eq!(
        workers
            .iter()
            .filter(|worker| worker.busy_for.is_some())
            .count(),
        1
    );
    let busy = workers
        .iter()
        .find(|worker| worker.busy_for.is_some())
        .unwrap();
    let pid = Pid::from_raw(i32::try_from(busy.pid.unwrap()).unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    assert!(matches!(
        job.join(),
        Err(ProcessError::Crashed {
            has_begun: true,
            ..
        })
    ));
    until(|| pool.workers().iter().all(|worker| worker.pid.is_some()));
    let replaced = &pool.workers()[busy.number - 1];
    assert!(
        replaced.before.as_ref().unwrap().contains("SIGKILL"),
        "{replaced:?}"
    );
    assert_eq!(replaced.jobs, 0);
}

#[test]
fn a_worker_has_the_environment_and_the_folder_that_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let program = worker_program()
        .env("THREADPROOF_TEST_WORD", "hello")
        .current_dir(&folder);
    let pool = ProcessPool::builder(program).workers(1).build().unwrap();
    let said = text(pool.run(Misbehave::Surroundings("THREADPROOF_TEST_WORD".to_owned())));
    assert_eq!(said, format!("hello in {}", folder.display()));
}

/// Claim X10: its own program it may not start, another one it may.
#[test]
fn a_worker_may_have_a_pool_of_another_program() {
    let pool = builder(1).build().unwrap();
    let own = text(pool.run(Misbehave::StartAPoolOf(MISBEHAVE.into())));
    assert!(own.contains("was started as a worker"), "{own}");
    // That one has no such work in its table, and says so: it is a worker.
    let other = text(pool.run(Misbehave::StartAPoolOf(PROGRAM.into())));
    assert!(
        other.contains("knows no work named \"misbehave\""),
        "{other}"
    );
}

#[test]
fn a_process_has_time_limits_and_says_whether_its_job_has_ended() {
    let builder = Process::<Vec<u8>>::builder(&worker_program());
    let limited = builder.clone().job_timeout(Duration::from_millis(100));
    assert!(matches!(
        limited.start(AN_HOUR).unwrap().join(),
        Err(ProcessError::TimedOut { .. })
    ));
    let slow = worker_program().with_args(["initialiser-hangs"]);
    let slow = Process::<Vec<u8>>::builder(&slow).start_timeout(Duration::from_millis(100));
    let error = slow.start(Misbehave::Not(1)).unwrap_err();
    assert!(matches!(error, ProcessError::NotAWorker { .. }), "{error}");
    let mut process = builder.start(Misbehave::Not(4)).unwrap();
    until(|| process.is_finished());
    assert_eq!(number(&process.join()), 4);
}
