//! Workers that shout or die while nobody looks, and what that may cost: X3, X13.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rstest::rstest;
use threadproof::{ProcessError, ProcessPool, ProcessPoolBuilder, Shutdown, WorkerProgram};

use crate::support::{
    MISBEHAVE, Misbehave, Slow, ends, in_a_process_of_its_own, leaves_nothing, number, runs_told,
    until, worker_program,
};

fn builder(workers: usize) -> ProcessPoolBuilder {
    ProcessPool::builder(worker_program()).workers(workers)
}

/// The lock of std's `stderr` is the program's, whose holder may wait for the pool.
#[test]
fn a_worker_that_shouts_needs_no_lock_of_the_program_s_stderr() {
    leaves_nothing(|| {
        let pool = builder(1).build().unwrap();
        let job = pool.submit(Misbehave::Shout(10, 100)).unwrap();
        let shut = io::stderr().lock();
        assert!(ends(move || job.join()).is_ok());
        drop(shut);
    });
}

/// In a process of its own stderr is a pipe that nobody reads, and it is full.
fn with_a_full_stderr(body: impl FnOnce()) {
    in_a_process_of_its_own(|| {
        let before = io::stderr().as_fd().try_clone_to_owned().unwrap();
        let (reader, writer) = io::pipe().unwrap();
        rustix::io::ioctl_fionbio(&writer, true).unwrap();
        let mut filler = File::from(writer.try_clone().map(std::os::fd::OwnedFd::from).unwrap());
        while filler.write(&[b'-'; 4096]).is_ok() {}
        rustix::io::ioctl_fionbio(&writer, false).unwrap();
        rustix::stdio::dup2_stderr(&writer).unwrap();
        body();
        rustix::stdio::dup2_stderr(before).unwrap();
        drop(reader);
    });
}

/// The worker that shouts waits, and nobody else.
#[test]
fn a_stderr_that_nobody_reads_holds_up_the_shouter_alone() {
    with_a_full_stderr(|| {
        let pool = builder(2).build().unwrap();
        let shouter = pool.submit(Misbehave::Shout(1 << 20, 0)).unwrap();
        let other = pool.submit(Misbehave::Sleep(100)).unwrap();
        assert!(ends(move || other.join()).is_ok());
        assert!(!shouter.is_finished());
        let shouter = shouter.join_timeout(Duration::from_millis(50)).unwrap_err();
        pool.kill();
        let ended = ends(move || shouter.join());
        assert!(matches!(ended, Err(ProcessError::Cancelled)));
        ends(move || pool.shutdown(Shutdown::Drain));
    });
}

/// What it has left behind holds the other end of its stderr, and fills it for ever.
#[test]
fn a_death_does_not_wait_for_who_goes_on_shouting() {
    with_a_full_stderr(|| {
        let pool = builder(1).build().unwrap();
        let ended = ends(move || (pool.run(Misbehave::LeaveAShouter), pool));
        assert!(matches!(ended.0, Err(ProcessError::Crashed { .. })));
    });
}

/// A relay whose worker has gone, and which still takes what there is to send.
#[test]
fn a_relay_that_swallows_the_rest_of_an_input_is_given_up() {
    let relay = r#"stdbuf -o0 head -c 200000 | "$0" "$@"; exec >&-; exec cat > /dev/null"#;
    let program = WorkerProgram::at(MISBEHAVE).wrapped_by(["sh", "-c", relay]);
    leaves_nothing(move || {
        let pool = ProcessPool::builder(program).workers(1).build().unwrap();
        let long = Misbehave::Measure("1".repeat(10_000_000));
        let ended = ends(move || pool.run(long));
        assert!(
            matches!(ended, Err(ProcessError::Crashed { .. })),
            "{ended:?}"
        );
    });
}

/// While the caller reads a long output, workers answer and die: both are heard of in one look, and no job
/// is handed to the dead.
#[rstest]
#[case::alone(false)]
#[case::behind_a_shell(true)]
fn who_has_answered_and_died_gets_no_more_jobs(#[case] is_wrapped: bool) {
    leaves_nothing(move || {
        let mut program = worker_program();
        if is_wrapped {
            program = program.wrapped_by(["sh", "-c", r#""$0" "$@"; exit $?"#]);
        }
        let pool = ProcessPool::builder(program).workers(2).build().unwrap();
        let jobs = (0..6).map(|number| Slow {
            number,
            running: 0,
            reading: if number == 0 { 400 } else { 0 },
            dies: number < 3,
        });
        let outputs = pool
            .map(jobs)
            .into_iter()
            .map(|output| output.map(|slow| slow.0));
        assert_eq!(
            outputs.collect::<Result<Vec<_>, _>>(),
            Ok(Vec::from_iter(0..6))
        );
    });
}

/// Others' jobs run meanwhile, and their time does.
#[test]
fn submitted_jobs_run_while_a_map_reads_its_outputs() {
    leaves_nothing(|| {
        let told = tempfile::NamedTempFile::new().unwrap();
        let pool = builder(1).build().unwrap();
        std::thread::scope(|scope| {
            let slow = Slow {
                number: 1,
                running: 300,
                reading: 3000,
                dies: false,
            };
            let map = scope.spawn(|| pool.map([slow]));
            until(|| pool.report().running == 1);
            for n in 0..3 {
                drop(pool.submit(Misbehave::Tell(told.path().to_owned(), n)));
            }
            let start = Instant::now();
            until(|| runs_told(told.path()).len() == 3);
            assert!(start.elapsed() < Duration::from_millis(1500), "in vain");
            assert!(map.join().unwrap()[0].is_ok());
        });
    });
}

#[rstest]
#[case::too_many_workers(builder(usize::MAX))]
#[case::too_long_a_preparation(builder(1).prepared_by(Misbehave::Print("-".repeat(9000))).max_frame(8000))]
fn what_cannot_be_built_is_an_error(#[case] builder: ProcessPoolBuilder) {
    let error = builder.build().unwrap_err();
    assert!(
        matches!(error, ProcessError::Start(_) | ProcessError::Encode(_)),
        "{error}"
    );
}

#[test]
fn the_longest_message_may_be_said_after_the_preparation() {
    leaves_nothing(|| {
        let long = Misbehave::Measure("-".repeat(70 << 20));
        let pool = builder(1).prepared_by(long).max_frame(80 << 20).build();
        assert_eq!(number(&pool.unwrap().run(Misbehave::Not(1))), 1);
    });
}
