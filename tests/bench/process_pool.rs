//! A pool of processes: Python's two, Pebble, loky, mpire, procspawn, and a bare pipe as the limit of a
//! round trip.

use std::io::{Read, Write};
use std::num::NonZeroUsize;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use procspawn::JoinHandle;
use threadproof::{ProcessError, ProcessPool, Shutdown, Work, WorkerProgram};

use crate::harness::{Case, Group, timed};
use crate::machine::locked;
use crate::python::Python;
use crate::work::{ECHO, Echo, Square, THREAD};

const WORKERS: usize = 3;
const SQUARES: i64 = 100_000;
/// Jobs that travel one by one.
const SINGLE: i64 = 10_000;
const WINDOW: NonZeroUsize = NonZeroUsize::new(100).unwrap();
/// A round trip is too short for the clock alone.
const TRIPS: usize = 200;
/// The three of Python's package index. Each goes its own way: Pebble and mpire fork, loky starts anew.
const PACKAGES: [&str; 3] = ["pebble", "loky", "mpire"];

fn pool(workers: usize) -> ProcessPool {
    let program = WorkerProgram::current().expect("the bench's own program");
    let pool = ProcessPool::builder(program).workers(workers).build();
    pool.expect("workers start")
}

pub(crate) fn run(group: &mut Group) {
    let python = Python::start(group, "bench_process_pool.py");
    group.version("procspawn", locked("procspawn").unwrap_or_default());
    start(group, &python);
    #[cfg(target_os = "linux")]
    trip_on_one_core(group);
    trip(group, &python);
    let ours = pool(WORKERS);
    squares(group, &python, &ours);
    single(group, &python, &ours);
    echoes(group, &python, &ours);
}

/// A peer in Python, and the goal against it.
trait PythonPeers<'a>: Sized {
    fn python(self, python: &'a Python, name: &str, goal: Option<f64>, call: String) -> Self;

    /// The three packages, asked for `{name}_{call}`.
    fn packages(self, python: &'a Python, call: &str) -> Self;
}

impl<'a> PythonPeers<'a> for Case<'a> {
    fn python(self, python: &'a Python, name: &str, goal: Option<f64>, call: String) -> Self {
        self.peer_if(python.is_there(), name, goal, move || python.seconds(&call))
    }

    fn packages(mut self, python: &'a Python, call: &str) -> Self {
        for name in PACKAGES {
            let call = format!("{name}_{call}");
            self = self.peer_if(python.has(name), name, None, move || python.seconds(&call));
        }
        self
    }
}

fn start(group: &mut Group, python: &Python) {
    group
        .case("three workers up, used and down", Duration::from_secs(14))
        .ours("ProcessPool", || {
            timed(|| {
                let pool = pool(WORKERS);
                let outputs = pool.map((0..3).map(Square)).len();
                (outputs, pool.shutdown(Shutdown::Drain))
            })
        })
        .peer("the same program three times, ended at once", 1.15, || {
            timed(|| {
                let mut children: Vec<_> = (0..WORKERS).map(|_| Bare::start()).collect();
                children.iter_mut().for_each(Bare::end);
            })
        })
        .peer(
            "the same, with a round trip and a thread each",
            None,
            || {
                timed(|| {
                    let children = (0..WORKERS).map(|_| Bare::start_with(&[ECHO, THREAD]));
                    let mut children: Vec<_> = children.collect();
                    for child in &mut children {
                        child.trip();
                    }
                    children.iter_mut().for_each(Bare::end);
                })
            },
        )
        .python(python, "Pool, fork", None, format!("start_fork {WORKERS}"))
        .python(
            python,
            "Pool, spawn",
            None,
            format!("start_spawn {WORKERS}"),
        )
        .python(
            python,
            "ProcessPoolExecutor",
            None,
            format!("start_executor {WORKERS}"),
        )
        .packages(python, &format!("start {WORKERS}"))
        .peer("procspawn", None, || {
            timed(|| {
                let pool = spawning(WORKERS);
                let jobs: Vec<_> = (0..3).map(|n| pool.spawn(n, square)).collect();
                let outputs: Vec<_> = jobs.into_iter().map(JoinHandle::join).collect();
                pool.shutdown();
                outputs
            })
        })
        .run();
}

/// The kernel puts two processes that talk to each other on one core or on two, as it thinks at the moment, and a
/// trip from core to core takes five times as long. So here there is one.
#[cfg(target_os = "linux")]
fn trip_on_one_core(group: &mut Group) {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    let Ok(all) = sched_getaffinity(None) else {
        return;
    };
    let last = (0..CpuSet::MAX_CPU).rev().find(|core| all.is_set(*core));
    let mut one_core = CpuSet::new();
    last.into_iter().for_each(|core| one_core.set(core));
    if sched_setaffinity(None, &one_core).is_err() {
        return;
    }
    let (one, mut bare) = (pool(1), Bare::start());
    let each = |took: f64| took / TRIPS as f64;
    group
        .case("one round trip, on one core", Duration::from_secs(3))
        .ours("ProcessPool::run", || {
            let trips = || (0..TRIPS).map(|_| one.run(Square(7))).collect::<Vec<_>>();
            each(timed(trips))
        })
        .peer("bare pipe", 2.0, || {
            each(timed(|| {
                (0..TRIPS).map(|_| bare.trip()).collect::<Vec<_>>()
            }))
        })
        .run();
    sched_setaffinity(None, &all).expect("it was so before");
}

fn trip(group: &mut Group, python: &Python) {
    let (one, alone, mut bare) = (pool(1), spawning(1), Bare::start());
    let each = |took: f64| took / TRIPS as f64;
    group
        .case("one round trip", Duration::from_secs(8))
        .ours("ProcessPool::run", || {
            let trips = || (0..TRIPS).map(|_| one.run(Square(7))).collect::<Vec<_>>();
            each(timed(trips))
        })
        .peer("bare pipe", None, || {
            each(timed(|| {
                (0..TRIPS).map(|_| bare.trip()).collect::<Vec<_>>()
            }))
        })
        .peer("procspawn", None, || {
            let trip = || alone.spawn(7, square).join();
            each(timed(|| (0..TRIPS).map(|_| trip()).collect::<Vec<_>>()))
        })
        .python(
            python,
            "Pool.apply",
            Some(0.05),
            format!("trips_pool {TRIPS}"),
        )
        .python(
            python,
            "ProcessPoolExecutor.submit",
            None,
            format!("trips_executor {TRIPS}"),
        )
        .packages(python, &format!("trips {TRIPS}"))
        .run();
    group
        .case(
            "one round trip, submitted and joined",
            Duration::from_secs(3),
        )
        .ours("ProcessPool::submit", || {
            let trip = || one.submit(Square(7)).map(|job| job.join());
            each(timed(|| (0..TRIPS).map(|_| trip()).collect::<Vec<_>>()))
        })
        .peer("ProcessPool::run", None, || {
            each(timed(|| {
                (0..TRIPS).map(|_| one.run(Square(7))).collect::<Vec<_>>()
            }))
        })
        .python(
            python,
            "ProcessPoolExecutor.submit",
            None,
            format!("trips_executor {TRIPS}"),
        )
        .run();
}

fn squares(group: &mut Group, python: &Python, ours: &ProcessPool) {
    group
        .case(format!("{SQUARES} squares"), Duration::from_secs(14))
        .ours("ProcessPool::map", || {
            timed(|| ours.map((0..SQUARES).map(Square)))
        })
        .peer("one thread, and what postcard costs", None, || timed(coded))
        .python(
            python,
            "Pool.map",
            Some(0.2),
            format!("squares_pool {WORKERS} {SQUARES}"),
        )
        .python(
            python,
            "ProcessPoolExecutor.map, chunks of 1000",
            None,
            format!("squares_executor {WORKERS} {SQUARES}"),
        )
        .packages(python, &format!("squares {WORKERS} {SQUARES}"))
        .run();
}

/// Where chunks cannot help: each job is handed in alone, or each output is wanted as it comes.
fn single(group: &mut Group, python: &Python, ours: &ProcessPool) {
    group
        .case(
            format!("{SINGLE} squares submitted one by one"),
            Duration::from_secs(12),
        )
        .ours("ProcessPool::submit", || {
            timed(|| {
                let jobs: Vec<_> = (0..SINGLE).map(|n| ours.submit(Square(n))).collect();
                let outputs = jobs.into_iter().map(|job| job.map(|job| job.join()));
                outputs.collect::<Vec<_>>()
            })
        })
        .python(
            python,
            "Pool.apply_async",
            None,
            format!("submit_pool {WORKERS} {SINGLE}"),
        )
        .python(
            python,
            "ProcessPoolExecutor.submit",
            None,
            format!("submit_executor {WORKERS} {SINGLE}"),
        )
        .packages(python, &format!("submit {WORKERS} {SINGLE}"))
        .run();
    group
        .case(
            format!("{SINGLE} squares, outputs as they end"),
            Duration::from_secs(10),
        )
        .ours("ProcessPool::map_unordered", || {
            let squares = || (0..SINGLE).map(Square);
            timed(|| ours.map_unordered(squares(), WINDOW).count())
        })
        .python(
            python,
            "Pool.imap_unordered",
            None,
            format!("unordered_pool {WORKERS} {SINGLE}"),
        )
        .python(
            python,
            "ProcessPoolExecutor, as_completed",
            None,
            format!("unordered_executor {WORKERS} {SINGLE}"),
        )
        .run();
}

fn echoes(group: &mut Group, python: &Python, ours: &ProcessPool) {
    for (name, bytes, jobs, goal) in [
        ("1000 × 64 KiB there and back", 64 << 10, 1000, None),
        ("200 × 1 MiB there and back", 1 << 20, 200, Some(0.12)),
    ] {
        let payload = vec![7u8; bytes];
        let size = bytes.to_string();
        let bare = (0..WORKERS).map(|_| Bare::start_with(&[ECHO, &size]));
        let mut bare: Vec<_> = bare.collect();
        let inputs = || {
            let echo = |_| Echo(serde_bytes::ByteBuf::from(payload.clone()));
            (0..jobs).map(echo).collect::<Vec<_>>()
        };
        let case = group.case(name, Duration::from_secs(12));
        let case = case
            .ours("ProcessPool::map", || {
                let inputs = inputs();
                timed(|| ours.map(inputs))
            })
            .peer("one thread, and what postcard costs", None, || {
                let inputs = inputs();
                timed(|| inputs.into_iter().map(coded_echo).collect::<Vec<_>>())
            })
            .peer("bare pipes, nothing encoded", None, || {
                let inputs = inputs();
                timed(|| bare_echoes(&mut bare, &inputs))
            })
            .python(
                python,
                "Pool.map",
                goal,
                format!("echo_pool {WORKERS} {jobs} {bytes}"),
            )
            .python(
                python,
                "ProcessPoolExecutor.map",
                None,
                format!("echo_executor {WORKERS} {jobs} {bytes}"),
            );
        // Each of the packages takes seconds for it.
        let case = match goal {
            Some(_) => case.packages(python, &format!("echo {WORKERS} {jobs} {bytes}")),
            None => case,
        };
        case.run();
    }
}

/// The pool of the crate procspawn.
fn spawning(workers: usize) -> procspawn::Pool {
    procspawn::Pool::new(workers).expect("workers start")
}

fn square(number: i64) -> i64 {
    Square(number).run()
}

/// Each input and each output encoded and decoded, as on the way to a process and back.
fn coded() -> Vec<Result<i64, ProcessError>> {
    let mut bytes = [0; 16];
    let mut there_and_back = |number: i64| {
        let coded = postcard::to_slice(&number, &mut bytes).expect("ten bytes are enough");
        postcard::from_bytes::<i64>(coded).expect("it was just encoded")
    };
    let mut job = |number| Square(there_and_back(number)).run();
    let outputs: Vec<i64> = (0..SQUARES).map(&mut job).collect();
    outputs.into_iter().map(|n| Ok(there_and_back(n))).collect()
}

/// The same bytes by children that give them back, with a thread for each: what the way alone costs.
fn bare_echoes(children: &mut [Bare], inputs: &[Echo]) -> Vec<Vec<Vec<u8>>> {
    let shares = inputs.chunks(inputs.len().div_ceil(children.len()));
    std::thread::scope(|scope| {
        let threads = children.iter_mut().zip(shares).map(|(child, share)| {
            scope.spawn(move || share.iter().map(|echo| child.echo(&echo.0)).collect())
        });
        let threads: Vec<_> = threads.collect();
        let outputs = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
        outputs.map(|share| share.expect("no panic")).collect()
    })
}

/// An input and an output in memory of their own at each end, and encoded in between.
fn coded_echo(input: Echo) -> serde_bytes::ByteBuf {
    let bytes = postcard::to_stdvec(&input).expect("there is memory");
    let input: Echo = postcard::from_bytes(&bytes).expect("it was just encoded");
    let bytes = postcard::to_stdvec(&input.run()).expect("there is memory");
    postcard::from_bytes(&bytes).expect("it was just encoded")
}

/// A child that gives back what it reads, over two pipes.
struct Bare(Child);

impl Bare {
    fn start() -> Self {
        Self::start_with(&[ECHO])
    }

    fn start_with(arguments: &[&str]) -> Self {
        let program = std::env::current_exe().expect("the bench's own program");
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        Self(child.expect("the bench's own program starts"))
    }

    fn trip(&mut self) -> [u8; 8] {
        let (to, from) = (self.0.stdin.as_mut(), self.0.stdout.as_mut());
        let (to, from) = (to.expect("it is piped"), from.expect("it is piped"));
        let mut bytes = [7; 8];
        to.write_all(&bytes).expect("the child reads");
        from.read_exact(&mut bytes).expect("the child writes");
        bytes
    }

    /// As many bytes as it was started for.
    fn echo(&mut self, bytes: &[u8]) -> Vec<u8> {
        let (to, from) = (self.0.stdin.as_mut(), self.0.stdout.as_mut());
        let (to, from) = (to.expect("it is piped"), from.expect("it is piped"));
        to.write_all(bytes).expect("the child reads");
        let mut back = vec![0; bytes.len()];
        from.read_exact(&mut back).expect("the child writes");
        back
    }

    /// Its input ends, and so it does.
    fn end(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        self.end();
    }
}
