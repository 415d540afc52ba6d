//! A pool of processes: Python's two, and a bare pipe as the limit of a round trip.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use procspawn::JoinHandle;
use threadproof::{ProcessError, ProcessPool, Shutdown, Work, WorkerProgram};

use crate::harness::{Group, timed};
use crate::machine::locked;
use crate::python::Python;
use crate::work::{ECHO, Echo, Square};

const WORKERS: usize = 3;
const SQUARES: i64 = 100_000;
/// A round trip is too short for the clock alone.
const TRIPS: usize = 200;

fn pool(workers: usize) -> ProcessPool {
    let program = WorkerProgram::current().expect("the bench's own program");
    let pool = ProcessPool::builder(program).workers(workers).build();
    pool.expect("workers start")
}

pub(crate) fn run(group: &mut Group) {
    let python = Python::start(group, "bench_process_pool.py");
    group.version("procspawn", locked("procspawn").unwrap_or_default());
    let there = python.is_there();
    let peer = |call: String| {
        let python = &python;
        move || python.seconds(&call)
    };
    group
        .case("three workers up, used and down", Duration::from_secs(12))
        .ours("ProcessPool", || {
            timed(|| {
                let pool = pool(WORKERS);
                let outputs = pool.map((0..3).map(Square)).len();
                (outputs, pool.shutdown(Shutdown::Drain))
            })
        })
        .peer_if(
            there,
            "Pool, fork",
            0.25,
            peer(format!("start_fork {WORKERS}")),
        )
        .peer_if(
            there,
            "Pool, spawn",
            None,
            peer(format!("start_spawn {WORKERS}")),
        )
        .peer_if(
            there,
            "ProcessPoolExecutor",
            None,
            peer(format!("start_executor {WORKERS}")),
        )
        .peer("procspawn", None, || {
            timed(|| {
                let pool = spawning(WORKERS);
                let jobs: Vec<_> = (0..3).map(|n| pool.spawn(n, square)).collect();
                let outputs: Vec<_> = jobs.into_iter().map(JoinHandle::join).collect();
                pool.shutdown();
                outputs
            })
        })
        .peer("the same program three times, ended at once", None, || {
            timed(|| {
                let mut children: Vec<_> = (0..WORKERS).map(|_| Bare::start()).collect();
                children.iter_mut().for_each(Bare::end);
            })
        })
        .run();

    let one = pool(1);
    let (mut bare, mut behind) = (Bare::start(), Bare::start());
    let alone = spawning(1);
    group
        .case("one round trip", Duration::from_secs(6))
        .ours("ProcessPool::map of one", || {
            let trips = || (0..TRIPS).map(|_| one.map([Square(7)])).collect::<Vec<_>>();
            timed(trips) / TRIPS as f64
        })
        .peer("bare pipe", 4.0, || {
            timed(|| (0..TRIPS).map(|_| bare.trip()).collect::<Vec<_>>()) / TRIPS as f64
        })
        .peer("bare pipe, asked by a second thread", None, || {
            let (ask, asked) = mpsc::channel();
            let (tell, told) = mpsc::channel();
            thread::scope(|scope| {
                let bare = &mut behind;
                scope.spawn(move || asked.iter().all(|()| tell.send(bare.trip()).is_ok()));
                let trip = |_| ask.send(()).is_ok() && told.recv().is_ok();
                let took = timed(|| (0..TRIPS).all(trip)) / TRIPS as f64;
                drop(ask);
                took
            })
        })
        .peer("procspawn", None, || {
            let trips = || {
                (0..TRIPS)
                    .map(|_| alone.spawn(7, square).join())
                    .collect::<Vec<_>>()
            };
            timed(trips) / TRIPS as f64
        })
        .peer_if(
            there,
            "Pool.apply",
            0.2,
            peer(format!("trips_pool {TRIPS}")),
        )
        .peer_if(
            there,
            "ProcessPoolExecutor.submit",
            None,
            peer(format!("trips_executor {TRIPS}")),
        )
        .run();
    drop(one);

    let ours = pool(WORKERS);
    group
        .case("100000 squares", Duration::from_secs(12))
        .ours("ProcessPool::map", || {
            timed(|| ours.map((0..SQUARES).map(Square)))
        })
        .peer("one thread, and what postcard costs", None, || timed(coded))
        .peer_if(
            there,
            "Pool.map",
            0.1,
            peer(format!("squares_pool {WORKERS} {SQUARES}")),
        )
        .peer_if(
            there,
            "ProcessPoolExecutor.map, chunks of 1000",
            None,
            peer(format!("squares_executor {WORKERS} {SQUARES}")),
        )
        .run();
    for (name, bytes, jobs, goal) in [
        ("1000 × 64 KiB there and back", 64 << 10, 1000, None),
        ("200 × 1 MiB there and back", 1 << 20, 200, Some(0.1)),
    ] {
        let payload = vec![7u8; bytes];
        let inputs = || {
            let echo = |_| Echo(serde_bytes::ByteBuf::from(payload.clone()));
            (0..jobs).map(echo).collect::<Vec<_>>()
        };
        group
            .case(name, Duration::from_secs(10))
            .ours("ProcessPool::map", || {
                let inputs = inputs();
                timed(|| ours.map(inputs))
            })
            .peer_if(
                there,
                "Pool.map",
                goal,
                peer(format!("echo_pool {WORKERS} {jobs} {bytes}")),
            )
            .peer_if(
                there,
                "ProcessPoolExecutor.map",
                None,
                peer(format!("echo_executor {WORKERS} {jobs} {bytes}")),
            )
            .run();
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

/// A child that gives back what it reads, over two pipes.
struct Bare(Child);

impl Bare {
    fn start() -> Self {
        let program = std::env::current_exe().expect("the bench's own program");
        let child = Command::new(program)
            .arg(ECHO)
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
