//! What the pool of processes promises wherever it runs.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use rstest::rstest;
use threadproof::{Process, ProcessError, ProcessPool, Shutdown, WorkerProgram};

use crate::support::{
    Fault, Faulty, HAS_RING, MISBEHAVE, Misbehave, PATIENCE, Stage, all_faults, count, ends,
    number, runs_told, worker_program,
};

fn pool(workers: usize) -> ProcessPool {
    let builder = ProcessPool::builder(worker_program()).workers(workers);
    builder.build().unwrap()
}

#[test]
fn a_process_gives_its_output() {
    let process = Process::start(&worker_program(), Misbehave::Not(7)).unwrap();
    assert_ne!(process.pid(), std::process::id());
    assert_eq!(number(&process.join()), 7);
}

#[rstest]
fn outputs_stand_in_the_order_of_their_inputs(#[values(1, 2, 5)] workers: usize) {
    let most = if all_faults() { 20_000 } else { 3000 };
    ends(move || {
        let pool = pool(workers);
        let outputs = pool.map((0..most).map(Misbehave::Not));
        assert!(outputs.iter().map(number).eq(0..most));
        let lazily = pool.map_lazy((0..300).map(Misbehave::Not), count(8));
        assert!(lazily.map(|output| number(&output)).eq(0..300));
        let jobs: Vec<_> = (0..300)
            .map(|n| pool.submit(Misbehave::Not(n)).unwrap())
            .collect();
        assert!(jobs.into_iter().map(|job| number(&job.join())).eq(0..300));
        assert_eq!(pool.shutdown(Shutdown::Drain).completed, most + 600);
    });
}

/// A file a job, since a line at the end of one may be lost where two processes write at once (Wine).
#[test]
fn a_death_costs_one_job_and_none_runs_twice() {
    ends(|| {
        let folder = tempfile::tempdir().unwrap();
        let file = |n: u64| -> PathBuf { folder.path().join(n.to_string()) };
        (0..200).for_each(|n| drop(std::fs::File::create(file(n)).unwrap()));
        let pool = pool(2);
        let outputs = pool.map((0..200).map(|n| match n {
            50 => Misbehave::Exit("fifty".into(), 5),
            120 => Misbehave::Abort,
            130 => Misbehave::Panic("at 130".into()),
            n => Misbehave::Tell(file(n), n),
        }));
        for (index, output) in (0..).zip(&outputs) {
            match (index, output) {
                (50, Err(ProcessError::Crashed { status, stderr, .. })) => {
                    let code = status.and_then(|status| status.code());
                    assert_eq!((code, stderr.trim()), (Some(5), "fifty"));
                }
                (120, Err(ProcessError::Crashed { has_begun, .. })) => assert!(has_begun),
                (130, Err(ProcessError::Panicked { message, .. })) => {
                    assert_eq!(message, "at 130");
                }
                (50 | 120 | 130, other) => panic!("{other:?}"),
                (_, output) => {
                    assert_eq!(number(output), index);
                    assert_eq!(runs_told(&file(index)), [(index, 1)].into());
                }
            }
        }
        let report = pool.shutdown(Shutdown::Drain);
        assert_eq!((report.completed, report.crashed), (197, 2));
    });
}

#[rstest]
fn a_fault_costs_its_job_alone(
    #[values(
        Stage::EncodeInput,
        Stage::DecodeInput,
        Stage::Run,
        Stage::EncodeOutput
    )]
    stage: Stage,
    #[values(Fault::Error, Fault::Panic, Fault::Exit(3), Fault::Abort)] fault: Fault,
) {
    // An input is encoded here, and this process is not to end.
    if stage == Stage::EncodeInput && !matches!(fault, Fault::Error | Fault::Panic) {
        return;
    }
    ends(move || {
        let pool = pool(1);
        let outputs = pool.map((0..20).map(|number| Faulty {
            number,
            fault: (number == 7).then_some((stage, fault)),
        }));
        for (index, output) in (0..).zip(&outputs) {
            match output {
                Ok(output) => assert_eq!(output.0.number, index),
                Err(error) => assert_eq!(index, 7, "{error}"),
            }
        }
        assert!(outputs[7].is_err());
    });
}

#[test]
fn a_job_that_takes_too_long_is_killed() {
    ends(|| {
        let limit = Duration::from_millis(400);
        let builder = ProcessPool::builder(worker_program()).workers(1);
        let pool = builder.job_timeout(limit).build().unwrap();
        let hour = Misbehave::Sleep(3_600_000);
        let outputs = pool.map([Misbehave::Not(1), hour, Misbehave::Not(2)]);
        assert_eq!((number(&outputs[0]), number(&outputs[2])), (1, 2));
        assert!(
            matches!(outputs[1], Err(ProcessError::TimedOut { .. })),
            "{outputs:?}"
        );
    });
}

#[test]
fn long_messages_travel_both_ways_and_prints_do_not_disturb_them() {
    ends(|| {
        let outputs = pool(2).map([
            Misbehave::Zeros(20_000_000),
            Misbehave::Measure("1".repeat(20_000_000)),
            Misbehave::Print("x".repeat(100_000)),
        ]);
        assert_eq!(outputs[0].as_ref().unwrap().len(), 20_000_000);
        assert_eq!(number(&outputs[1]), 20_000_000);
        assert_eq!(number(&outputs[2]), 100_000);
    });
}

#[test]
fn a_killed_pool_ends_its_jobs() {
    ends(|| {
        let pool = pool(2);
        let (listener, holders) = two_that_hold_on();
        std::thread::scope(|scope| {
            let outputs = scope.spawn(|| pool.map(holders));
            let held = [accept(&listener), accept(&listener)];
            pool.kill();
            let outputs = outputs.join().unwrap();
            let is_cancelled =
                |output: &Result<_, _>| matches!(output, Err(ProcessError::Cancelled));
            assert!(outputs.iter().all(is_cancelled), "{outputs:?}");
            held.into_iter().for_each(is_let_go);
        });
    });
}

#[test]
fn a_terminated_process_is_a_crash() {
    ends(|| {
        let (listener, [holder, _]) = two_that_hold_on();
        let process = Process::start(&worker_program(), holder).unwrap();
        let held = accept(&listener);
        process.terminate();
        let error = process.join().unwrap_err();
        assert!(
            matches!(
                error,
                ProcessError::Crashed {
                    has_begun: true,
                    ..
                }
            ),
            "{error:?}"
        );
        is_let_go(held);
    });
}

const PORT: &str = "THREADPROOF_TEST_PORT";

/// This test runs twice: the second time as the parent that is killed.
#[test]
fn a_busy_worker_does_not_outlive_its_killed_parent() {
    if let Ok(port) = std::env::var(PORT) {
        let holder = Misbehave::HoldOn(port.parse().unwrap());
        let process = Process::start(&worker_program(), holder).unwrap();
        drop(process.join());
        return;
    }
    let (listener, port) = listener();
    let test = "pool::a_busy_worker_does_not_outlive_its_killed_parent";
    let mut parent = Command::new(std::env::current_exe().unwrap());
    parent.args(["--exact", test]).env(PORT, port.to_string());
    let mut parent = parent.stdout(Stdio::null()).spawn().unwrap();
    let held = accept(&listener);
    parent.kill().unwrap();
    parent.wait().unwrap();
    is_let_go(held);
}

#[rstest]
#[case::never_says_hello("initialiser-hangs", 1, "said nothing for 1s")]
#[case::initialiser_fails("initialiser-fails", 60, "no such database")]
#[case::initialiser_panics("initialiser-panics", 60, "no such table")]
fn what_cannot_start_is_an_error_that_says_why(
    #[case] argument: &str,
    #[case] seconds: u64,
    #[case] why: &str,
) {
    let program = worker_program().with_args([argument]);
    let error = ends(move || {
        let builder = ProcessPool::builder(program).workers(2);
        let limit = Duration::from_secs(seconds);
        builder.start_timeout(limit).build().unwrap_err()
    });
    assert!(error.to_string().contains(why), "{error}");
}

#[test]
fn a_program_that_is_no_worker_is_an_error_that_names_it() {
    // This one, whose harness takes the argument for a mistake.
    let program = WorkerProgram::at(std::env::current_exe().unwrap());
    let error = Process::start(&program, Misbehave::Not(1)).unwrap_err();
    let file = std::env::current_exe().unwrap();
    assert!(
        error.to_string().contains(&file.display().to_string()),
        "{error}"
    );
    let nothing = WorkerProgram::at("no-such-program");
    let error = Process::start(&nothing, Misbehave::Not(1)).unwrap_err();
    assert!(error.to_string().contains("no-such-program"), "{error}");
}

#[test]
fn a_worker_has_its_arguments_and_its_surroundings() {
    let folder = tempfile::tempdir().unwrap();
    let program = WorkerProgram::at(MISBEHAVE).with_args(["--colour", "never mind"]);
    let program = program
        .env("THE_KEY", "the value")
        .current_dir(folder.path());
    let pool = ProcessPool::builder(program).workers(1).build().unwrap();
    let arguments = String::from_utf8(pool.run(Misbehave::Arguments).unwrap()).unwrap();
    let arguments: Vec<&str> = arguments.lines().collect();
    assert_eq!(arguments[2..], ["--colour", "never mind"]);
    let said = pool
        .run(Misbehave::Surroundings("THE_KEY".to_owned()))
        .unwrap();
    let said = String::from_utf8(said).unwrap();
    let there = said.strip_prefix("the value in ").expect(&said);
    // A folder may have several names: on macOS by a link, on Windows by a prefix.
    let canonical = |folder: &std::path::Path| folder.canonicalize().unwrap();
    assert_eq!(canonical(there.as_ref()), canonical(folder.path()));
}

/// Without shared memory jobs travel one by one, and it is known all the same which had begun.
#[test]
fn what_has_not_begun_is_run_by_another_worker() {
    ends(|| {
        let pool = pool(1);
        let mut outputs = pool.map((0..30).map(|n| match n {
            10 => Misbehave::Exit(String::new(), 3),
            n => Misbehave::Not(n),
        }));
        assert!(
            matches!(
                outputs.remove(10),
                Err(ProcessError::Crashed {
                    has_begun: true,
                    ..
                })
            ),
            "with a ring: {HAS_RING}"
        );
        assert!(
            outputs
                .iter()
                .map(number)
                .eq((0..30).filter(|number| *number != 10))
        );
    });
}

fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Jobs that never end, and that are seen to live as long as their connections do.
fn two_that_hold_on() -> (TcpListener, [Misbehave; 2]) {
    let (listener, port) = listener();
    (listener, [Misbehave::HoldOn(port), Misbehave::HoldOn(port)])
}

/// The connection of a job that runs. Its process holds it until its end, and nobody else does.
fn accept(listener: &TcpListener) -> TcpStream {
    let (mut held, _) = listener.accept().unwrap();
    held.read_exact(&mut [0]).unwrap();
    held
}

#[track_caller]
fn is_let_go(mut held: TcpStream) {
    held.set_read_timeout(Some(PATIENCE)).unwrap();
    match held.read(&mut [0]) {
        // A process that is killed may leave a reset.
        Ok(0) => {}
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
        other => panic!("it lives: {other:?}"),
    }
}
