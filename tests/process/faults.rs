//! The fault grid: everything that can go wrong with a worker, at every stage of a job.
//!
//! Each case runs in a process of its own under a watchdog and looks at what it leaves: no child in
//! any state, no thread, no file descriptor. Plain `cargo test` runs a sample: the fault in the
//! middle of a chunk on three workers, and at its end on one worker. `FAULTS=all` runs every case,
//! and more rounds of the loops; `.ci/run` does that.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rstest::rstest;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use threadproof::{ProcessError, ProcessPool, ProcessPoolBuilder, Shutdown, WorkerProgram};

use crate::support::{
    Fault, Faulty, HAS_RING, Misbehave, Stage, all_faults, children_of, descriptors_and_threads,
    exists, leaves_nothing, number, rounds, runs, runs_told, until, worker_program,
};

const TIMEOUT: Duration = Duration::from_millis(400);

fn builder(workers: usize) -> ProcessPoolBuilder {
    ProcessPool::builder(worker_program()).workers(workers)
}

fn signal(pid: u32, signal: Signal) {
    kill_process(pid_of(pid), signal).unwrap();
}

fn pid_of(pid: u32) -> Pid {
    Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
}

fn still_works(pool: &ProcessPool) {
    let outputs = pool.map((0..20).map(Misbehave::Not));
    assert!(outputs.iter().map(number).eq(0..20));
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Start,
    Middle,
    End,
}

impl Place {
    /// Where in the map the job stands: its first chunk has half of a fair share of 36 jobs.
    fn in_map(self, workers: usize) -> usize {
        let chunk = 36 / (2 * workers);
        match self {
            Self::Start => 0,
            Self::Middle => chunk / 2,
            Self::End => chunk - 1,
        }
    }
}

/// Claims X3, X4, X6 and X9: the fault costs its job alone.
#[rstest]
fn a_fault_costs_its_job_alone(
    #[values(1, 3)] workers: usize,
    #[values(Place::Start, Place::Middle, Place::End)] place: Place,
    #[values(
        Stage::EncodeInput,
        Stage::DecodeInput,
        Stage::Run,
        Stage::EncodeOutput,
        Stage::DecodeOutput
    )]
    stage: Stage,
    #[values(
        Fault::Error,
        Fault::Panic,
        Fault::Exit(0),
        Fault::Exit(1),
        Fault::Abort,
        Fault::Kill,
        Fault::Stop
    )]
    fault: Fault,
) {
    let in_the_parent = matches!(stage, Stage::EncodeInput | Stage::DecodeOutput);
    if in_the_parent && !matches!(fault, Fault::Error | Fault::Panic) {
        println!("not a fault of a worker: it would be the end of the test itself");
        return;
    }
    let sampled = [(3, Place::Middle), (1, Place::End)].contains(&(workers, place));
    if !sampled && !all_faults() {
        println!("not in the sample; FAULTS=all runs it");
        return;
    }
    leaves_nothing(move || {
        let mut builder = builder(workers);
        if fault == Fault::Stop {
            builder = builder.job_timeout(TIMEOUT);
        }
        let pool = builder.build().unwrap();
        // Chunks grow while they are over soon.
        pool.map((0..500).map(Misbehave::Not));
        let bad = place.in_map(workers);
        let outputs = pool.map((0..36).map(|index| Faulty {
            number: index as u64,
            fault: (index == bad).then_some((stage, fault)),
        }));
        for (index, output) in outputs.iter().enumerate() {
            match output {
                Ok(output) => assert_eq!((output.0.number, index != bad), (index as u64, true)),
                Err(error) => {
                    assert_eq!(index, bad, "{error}");
                    assert!(is_expected(stage, fault, error), "{error:?}");
                }
            }
        }
        assert!(outputs[bad].is_err());
        still_works(&pool);
        until(|| pool.pids().len() == workers);
        let report = pool.shutdown(Shutdown::Drain);
        let ended = report.completed + report.panicked + report.crashed + report.timed_out;
        assert_eq!(ended, 556, "every job once");
    });
}

fn is_expected(stage: Stage, fault: Fault, error: &ProcessError) -> bool {
    let here = matches!(stage, Stage::EncodeInput | Stage::DecodeOutput);
    match (fault, error) {
        (Fault::Panic, ProcessError::Panicked { message, pid, .. }) => {
            message == "as asked" && (*pid == std::process::id()) == here
        }
        (Fault::Error, error) => match stage {
            Stage::EncodeInput | Stage::EncodeOutput => matches!(error, ProcessError::Encode(_)),
            Stage::DecodeInput | Stage::DecodeOutput => matches!(error, ProcessError::Decode(_)),
            Stage::Run => matches!(error, ProcessError::Panicked { .. }),
        },
        (Fault::Exit(code), ProcessError::Crashed { status, pid, .. }) => {
            status.and_then(|status| status.code()) == Some(code) && !exists(*pid)
        }
        (Fault::Abort, ProcessError::Crashed { status, pid, .. }) => {
            status.and_then(|status| status.signal()) == Some(6) && !exists(*pid)
        }
        (Fault::Kill, ProcessError::Crashed { status, pid, .. }) => {
            status.and_then(|status| status.signal()) == Some(9) && !exists(*pid)
        }
        (Fault::Stop, ProcessError::TimedOut { after, pid }) => *after == TIMEOUT && !exists(*pid),
        _ => false,
    }
}

/// Claim X4: not from the start of the chunk, which takes longer than any of its jobs may.
#[rstest]
fn a_job_timeout_counts_from_the_start_of_the_job(#[values("socket", "relay")] channel: &str) {
    let program = match channel {
        "relay" => worker_program().wrapped_by(["sh", "-c", r#"cat | "$@""#, "sh"]),
        _ => worker_program(),
    };
    leaves_nothing(move || {
        let builder = ProcessPool::builder(program).workers(1);
        let pool = builder.job_timeout(TIMEOUT).build().unwrap();
        pool.map((0..500).map(Misbehave::Not));
        let outputs = pool.map([60; 20].map(Misbehave::Sleep));
        assert!(outputs.iter().all(Result::is_ok), "{outputs:?}");
        let start = Instant::now();
        let late = pool.map([Misbehave::Sleep(3_600_000)]).remove(0);
        assert!(matches!(late, Err(ProcessError::TimedOut { .. })));
        assert!(start.elapsed() >= TIMEOUT);
    });
}

/// A worker is killed while it writes a long answer. The short ones before it stand in the ring: each
/// must count, and once.
#[cfg(target_os = "linux")]
#[rstest]
fn a_death_in_the_middle_of_a_long_answer_costs_none_before_it(
    #[values(20_000_000, 30_000_000, 60_000_000)] long: usize,
) {
    leaves_nothing(move || {
        let pool = builder(1).build().unwrap();
        // Chunks grow while they are over soon.
        pool.map((0..500).map(Misbehave::Not));
        let worker = pool.pids()[0];
        let before = resident_bytes();
        let outputs = thread::scope(|scope| {
            let map = scope.spawn(|| {
                pool.map((0..40).map(|n| match n {
                    10 => Misbehave::Zeros(long),
                    n => Misbehave::Not(n),
                }))
            });
            // A part of the long answer has come, and with it all those before it.
            until(|| resident_bytes() > before + long / 4 || map.is_finished());
            if !map.is_finished() {
                signal(worker, Signal::KILL);
            }
            map.join().unwrap()
        });
        for (index, output) in (0..).zip(&outputs) {
            match output {
                Ok(zeros) if index == 10 => assert_eq!(zeros.len(), long),
                // The kill comes when it comes: while that job is answered, or at one behind it.
                Err(ProcessError::Crashed { .. }) => assert!(index >= 10, "{index}"),
                output => assert_eq!(number(output), index),
            }
        }
        still_works(&pool);
    });
}

/// How much memory this process has.
#[cfg(target_os = "linux")]
fn resident_bytes() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.unwrap().trim().strip_suffix(" kB").unwrap();
    kilobytes.parse::<usize>().unwrap() * 1024
}

/// A worker that can read so many bytes and no more.
#[cfg(target_os = "linux")]
fn short_of_hearing(bytes: usize) -> WorkerProgram {
    let script = r#"stdbuf -o0 head -c "$0" | "$@""#;
    worker_program().wrapped_by(["sh", "-c", script, &bytes.to_string()])
}

/// A job of this input cannot be begun by any worker; the second death in vain is charged to it.
#[cfg(target_os = "linux")]
#[rstest]
fn an_input_that_no_worker_lives_to_read_is_given_up(
    #[values(1_000, 100_000, 5_000_000, 60_000_000)] bytes: usize,
) {
    leaves_nothing(move || {
        let program = short_of_hearing(bytes);
        let pool = ProcessPool::builder(program).workers(1).build().unwrap();
        let long = Misbehave::Measure("1".repeat(64 * 1024 * 1024));
        let outputs = pool.map([Misbehave::Not(0), long, Misbehave::Not(2)]);
        assert_eq!((number(&outputs[0]), number(&outputs[2])), (0, 2));
        let Err(ProcessError::Crashed { .. }) = outputs[1] else {
            panic!("{:?}", outputs[1]);
        };
        assert_eq!(pool.shutdown(Shutdown::Drain).crashed, 1);
    });
}

/// The worker dies in the middle of its input, so the job had not begun: another worker runs it.
#[cfg(target_os = "linux")]
#[test]
fn a_death_before_the_job_begins_costs_nothing() {
    leaves_nothing(|| {
        let pool = builder(1).build().unwrap();
        let victim = pool.pids()[0];
        signal(victim, Signal::STOP);
        thread::scope(|scope| {
            let long = Misbehave::Measure("1".repeat(64 * 1024 * 1024));
            let outputs = scope.spawn(|| pool.map([long, Misbehave::Not(1)]));
            // It has come when the socket is full: whoever drives sleeps in `poll`, or until it is nudged.
            until(|| driver_sleeps_in(if cfg!(portable) { "futex" } else { "poll" }));
            signal(victim, Signal::KILL);
            let outputs = outputs.join().unwrap();
            assert_eq!((number(&outputs[0]), number(&outputs[1])), (64 << 20, 1));
        });
        assert_eq!(pool.shutdown(Shutdown::Drain).crashed, 0);
    });
}

/// Whether a thread that waits for a map is inside this system call.
#[cfg(target_os = "linux")]
fn driver_sleeps_in(call: &str) -> bool {
    let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
    tasks.map(|task| task.path()).any(|task| {
        let read = |file: &str| fs::read_to_string(task.join(file)).unwrap_or_default();
        read("wchan").contains(call)
    })
}

/// Claim X3: what was answered counts, and the death is nobody's.
#[test]
fn a_death_right_after_the_answer_costs_no_job() {
    leaves_nothing(|| {
        let pool = builder(1).build().unwrap();
        for _ in 0..rounds(5, 100) {
            // Afterwards it may have been replaced already.
            let worker = pool.pids()[0];
            let outputs = pool.map([Misbehave::AnswerThenExit]);
            assert!(outputs[0].is_ok(), "{outputs:?}");
            let quiet = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            // An error means that its end was seen, and that it is reaped.
            let _ = waitid(WaitId::Pid(pid_of(worker)), quiet);
            still_works(&pool);
        }
        assert_eq!(pool.shutdown(Shutdown::Drain).crashed, 0);
    });
}

/// Claim X3: at most once. The workers die at moments that nobody chose.
#[test]
fn no_job_runs_twice_whoever_is_killed_and_when() {
    leaves_nothing(|| {
        let told = tempfile::NamedTempFile::new().unwrap();
        let pool = builder(3).respawns(u32::MAX).build().unwrap();
        for _ in 0..rounds(3, 60) {
            told.as_file().set_len(0).unwrap();
            let jobs = (0..300).map(|n| Misbehave::Tell(told.path().to_owned(), n));
            let outputs = thread::scope(|scope| {
                let map = scope.spawn(|| pool.map(jobs));
                for enough in [20, 100, 200] {
                    until(|| runs_told(told.path()).len() >= enough || map.is_finished());
                    // All of them at the same moment. One may be dead already.
                    for pid in pool.pids() {
                        let _ = kill_process(pid_of(pid), Signal::KILL);
                    }
                }
                map.join().unwrap()
            });
            let runs = runs_told(told.path());
            assert!(runs.values().all(|times| *times == 1), "{runs:?}");
            let mut crashed = 0;
            for (index, output) in (0..).zip(&outputs) {
                match output {
                    Err(ProcessError::Crashed { .. }) => crashed += 1,
                    output => {
                        assert_eq!(number(output), index);
                        assert!(runs.contains_key(&index));
                    }
                }
            }
            // Over pipes it costs one too if it had not begun: those killed last may die in this round.
            let deaths = if HAS_RING { 9 } else { 12 };
            assert!(crashed <= deaths, "each costs one job at most: {crashed}");
        }
        still_works(&pool);
    });
}

/// Claim X6, while the workers are in no state to leave in good order.
#[rstest]
fn shutting_down_ends_a_worker_in_any_state(
    #[values(Signal::KILL, Signal::STOP, Signal::TERM)] sent: Signal,
    #[values(1, 3)] workers: usize,
) {
    leaves_nothing(move || {
        let pool = builder(workers).build().unwrap();
        still_works(&pool);
        for pid in pool.pids() {
            signal(pid, sent);
        }
        let report = pool.shutdown(Shutdown::Drain);
        assert_eq!((report.completed, report.crashed), (20, 0));
    });
}

#[rstest]
fn dropping_ends_a_worker_in_any_state(
    #[values(Signal::KILL, Signal::STOP, Signal::TERM)] sent: Signal,
) {
    leaves_nothing(move || {
        let pool = builder(3).build().unwrap();
        for pid in pool.pids() {
            signal(pid, sent);
        }
    });
}

/// Claim X10.
#[rstest]
#[case::never_says_hello("initialiser-hangs", 300, "said nothing for 300ms")]
#[case::initialiser_fails("initialiser-fails", 10_000, "no such database")]
#[case::initialiser_panics("initialiser-panics", 10_000, "no such table")]
fn a_worker_that_does_not_get_ready_is_an_error(
    #[case] argument: &str,
    #[case] timeout: u64,
    #[case] words: &str,
) {
    let (argument, words) = (argument.to_owned(), words.to_owned());
    leaves_nothing(move || {
        let pool = ProcessPool::builder(worker_program().with_args([argument]))
            .workers(3)
            .start_timeout(Duration::from_millis(timeout))
            .build();
        let error = pool.unwrap_err();
        assert!(error.to_string().contains(&words), "{error}");
        assert!(matches!(
            error,
            ProcessError::NotAWorker { .. } | ProcessError::Initialiser { .. }
        ));
    });
}

/// Claim X10.
#[test]
fn a_program_that_cannot_be_a_worker_is_an_error_that_names_it() {
    leaves_nothing(|| {
        let plain_file = tempfile::NamedTempFile::new().unwrap();
        let plain_path = plain_file.path().to_str().unwrap();
        for path in [
            "/no/such/program",
            plain_path,
            "/",
            "/usr/bin/true",
            "/usr/bin/false",
        ] {
            let pool = ProcessPool::builder(WorkerProgram::at(path))
                .workers(3)
                .build();
            let error = pool.unwrap_err().to_string();
            assert!(error.contains(path), "{error}");
            let wrapped = WorkerProgram::at(path).wrapped_by(["nice"]);
            let error = ProcessPool::builder(wrapped)
                .workers(3)
                .build()
                .unwrap_err();
            assert!(error.to_string().contains(path), "{error}");
        }
    });
}

/// Claim X10: no fork bomb.
#[test]
fn a_job_that_starts_a_worker_is_told_that_it_is_inside_of_one() {
    leaves_nothing(|| {
        let pool = builder(1).build().unwrap();
        let said = pool.map([Misbehave::StartAWorker]).remove(0).unwrap();
        let said = String::from_utf8(said).unwrap();
        assert!(said.contains("was started as a worker"), "{said}");
    });
}

/// Claim X11: a grandchild holds the channel open, and the death is noticed all the same.
#[test]
fn a_grandchild_that_holds_the_channel_does_not_hide_the_death() {
    leaves_nothing(|| {
        let folder = tempfile::tempdir().unwrap();
        let note = folder.path().join("pid");
        // It inherits the stdout of the worker, which is the channel here.
        let script = r#"sleep 3600 </dev/null 2>/dev/null & echo $! >"$0"; exec "$@""#;
        let program = worker_program().wrapped_by(["sh", "-c", script, note.to_str().unwrap()]);
        let pool = ProcessPool::builder(program).workers(1).build().unwrap();
        let grandchild = fs::read_to_string(&note).unwrap().trim().parse().unwrap();
        let start = Instant::now();
        let outputs = pool.map([Misbehave::Exit("bye".to_owned(), 3)]);
        let took = start.elapsed();
        assert!(exists(grandchild), "it holds the channel");
        signal(grandchild, Signal::KILL);
        let Err(ProcessError::Crashed { status, .. }) = &outputs[0] else {
            panic!("{outputs:?}");
        };
        assert_eq!(status.and_then(|status| status.code()), Some(3));
        // The claim is 200 ms; tests assert ten times that.
        assert!(took < Duration::from_secs(2), "{took:?}");
        drop(pool);
        // The replacement has a grandchild of its own.
        let second = fs::read_to_string(&note).unwrap().trim().parse().unwrap();
        if second != grandchild {
            signal(second, Signal::KILL);
        }
    });
}

/// Claim X6.
#[test]
fn a_thousand_maps_leave_nothing_behind() {
    leaves_nothing(|| {
        let pool = builder(3).build().unwrap();
        still_works(&pool);
        let before = descriptors_and_threads();
        for _ in 0..rounds(100, 1000) {
            still_works(&pool);
        }
        assert_eq!(descriptors_and_threads(), before);
        // Each of these maps costs a worker and brings a new one.
        for _ in 0..rounds(5, 50) {
            assert!(pool.map([Misbehave::Abort])[0].is_err());
            still_works(&pool);
        }
        until(|| pool.pids().len() == 3);
        assert_eq!(descriptors_and_threads(), before);
    });
}

/// What the next test kills: a program with a pool. Without its variable it is no test at all.
#[test]
fn a_parent_to_be_killed() {
    let Ok(state) = std::env::var(PARENT) else {
        println!("only a part of another test");
        return;
    };
    let pool = builder(3).build().unwrap();
    loop {
        match state.as_str() {
            "busy" => drop(pool.map([threadproof::compare::Count { power: 19 }; 3])),
            "writing" => drop(pool.map([1 << 24; 3].map(Misbehave::Zeros))),
            _ => thread::park(),
        }
    }
}

const PARENT: &str = "THREADPROOF_TEST_PARENT";

/// Claim X5: a parent that is killed takes its workers with it, whatever they do.
#[rstest]
fn no_worker_outlives_a_parent_that_was_killed(
    #[values("busy", "idle", "writing", "stopped")] state: &str,
) {
    for round in 0..rounds(2, 20) {
        let mut parent = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "faults::a_parent_to_be_killed", "--nocapture"])
            .env(PARENT, state)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut workers = Vec::new();
        until(|| {
            workers = children_of(parent.id()).into_keys().collect();
            workers.len() == 3
        });
        // Each round dies at another moment: while they start, and later.
        thread::sleep(Duration::from_millis(10 * round as u64));
        if state == "stopped" {
            workers.iter().for_each(|pid| signal(*pid, Signal::STOP));
        }
        let killed = Instant::now();
        assert_eq!(parent.try_wait().unwrap(), None, "it still had work to do");
        parent.kill().unwrap();
        parent.wait().unwrap();
        if state == "stopped" {
            workers.iter().for_each(|pid| signal(*pid, Signal::CONT));
        }
        until(|| !workers.iter().copied().any(runs));
        // The claim is one second; tests assert ten times that.
        assert!(killed.elapsed() < Duration::from_secs(10));
    }
}
