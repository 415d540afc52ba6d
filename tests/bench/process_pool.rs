//! A pool of processes: Python's two, and a bare pipe as the limit of a round trip.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use threadproof::{ProcessPool, Shutdown, WorkerProgram};

use crate::harness::{Group, timed};
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
        .missing("procspawn", None)
        .run();

    let one = pool(1);
    let mut bare = Bare::start();
    group
        .case("one round trip", Duration::from_secs(6))
        .ours("ProcessPool::map of one", || {
            let trips = || (0..TRIPS).map(|_| one.map([Square(7)])).collect::<Vec<_>>();
            timed(trips) / TRIPS as f64
        })
        .peer("bare pipe", 4.0, || {
            timed(|| (0..TRIPS).for_each(|_| bare.trip())) / TRIPS as f64
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

    fn trip(&mut self) {
        let (to, from) = (self.0.stdin.as_mut(), self.0.stdout.as_mut());
        let (to, from) = (to.expect("it is piped"), from.expect("it is piped"));
        let mut bytes = [7; 8];
        to.write_all(&bytes).expect("the child reads");
        from.read_exact(&mut bytes).expect("the child writes");
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
