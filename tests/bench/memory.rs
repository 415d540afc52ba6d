//! What a queued job, a worker and a map need. Each is measured in a process of its own, which has
//! touched nothing else.

use std::fs;
use std::num::NonZeroUsize;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use threadproof::{ProcessPool, Shutdown, ThreadPool, WorkerProgram, scoped_map};

use crate::harness::{Group, Unit};
use crate::machine::{cores, locked, memory};
use crate::python::Python;
use crate::work::Square;

const JOBS: usize = 1_000_000;
const WORKERS: usize = 16;

pub(crate) fn run(group: &mut Group) {
    group.version("rayon", locked("rayon").unwrap_or_default());
    let python = Python::start(group, "bench_process_pool.py");
    let jobs = JOBS as f64;
    let (million, each) = ("a map of 1000000", "one of 1000000 queued jobs");
    for (case, name, need, parts) in [
        (each, "ThreadPool::submit", Need::Submitted, jobs),
        (each, "ThreadPool::map", Need::Queued, jobs),
        (million, "ThreadPool::map", Need::Map, 1.0),
        (million, "scoped_map", Need::Scoped, 1.0),
        (million, "rayon", Need::Rayon, 1.0),
        (million, "ThreadPool::map_lazy", Need::Lazy, 1.0),
        (
            million,
            "ProcessPool::map, the parent",
            Need::Processes,
            1.0,
        ),
        ("one of 16 workers", "ThreadPool", Need::Threads, 16.0),
    ] {
        if let Some(&[bytes]) = in_process(need).as_deref() {
            group.value(case, name, (bytes / parts).max(0.0), Unit::Bytes);
        }
    }
    let python = (python.is_there()).then(|| python.run(&format!("memory {WORKERS}")));
    if let Some([parent, own]) = in_process(Need::Workers).as_deref() {
        for (place, case, bytes) in [
            (0, "one of 16 worker processes, in the parent", parent),
            (1, "one of 16 worker processes, its own", own),
        ] {
            let ours = ("ProcessPool", &[*bytes][..]);
            match &python {
                Some(theirs) => {
                    let theirs = ("Pool, fork", &theirs[place..=place]);
                    group.ratio(case, ours, theirs, Unit::Bytes, None);
                }
                None => group.no_ratio(case, ours, "Pool, fork", Unit::Bytes, None),
            }
        }
    }
}

/// What is to be measured.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Need {
    Submitted,
    Queued,
    Map,
    Scoped,
    Rayon,
    Lazy,
    Processes,
    Threads,
    Workers,
}

/// The argument of a program that measures one need and prints the bytes. It is no worker process,
/// which could not start workers of its own.
pub(crate) const NEED: &str = "--need";

fn in_process(need: Need) -> Option<Vec<f64>> {
    let program = std::env::current_exe().expect("the bench's own program");
    let mut command = Command::new(program);
    let need = serde_json::to_string(&need).expect("a name");
    let output = command.args([NEED, &need]).output().ok()?;
    serde_json::from_slice(&output.stdout).ok()
}

/// The bytes, or nothing if they cannot be told.
pub(crate) fn print(need: &str) -> ExitCode {
    let Ok(need) = serde_json::from_str(need) else {
        return ExitCode::FAILURE;
    };
    let bytes: Vec<f64> = match need {
        Need::Submitted | Need::Queued => queued(need).into_iter().collect(),
        Need::Threads => threads().into_iter().collect(),
        Need::Workers => workers().unwrap_or_default(),
        _ => peak(need).into_iter().collect(),
    };
    println!("{bytes:?}");
    ExitCode::SUCCESS
}

/// A million jobs behind one that does not end.
fn queued(need: Need) -> Option<f64> {
    let pool = Arc::new(ThreadPool::new(NonZeroUsize::MIN).ok()?);
    let (open, door) = mpsc::channel::<()>();
    let first = pool.submit(move || door.recv().is_ok()).ok()?;
    let (_, before) = memory()?;
    let after = match need {
        Need::Submitted => {
            let jobs: Vec<_> = (0..JOBS).map(|n| pool.submit(move || n)).collect();
            let (_, after) = memory()?;
            drop(jobs);
            after
        }
        _ => {
            let inputs: Vec<usize> = (0..JOBS).collect();
            let theirs = pool.clone();
            let map = thread::spawn(move || theirs.map(inputs, |n| n).len());
            while pool.report().queued < JOBS as u64 {
                thread::yield_now();
            }
            let (_, after) = memory()?;
            pool.cancel_queued();
            map.join().ok()?;
            after
        }
    };
    drop(open);
    drop(first.join());
    Some(after - before)
}

/// The most that a map of a million needs at any moment, with its inputs and outputs: 8 MB each if they
/// are bare numbers.
fn peak(need: Need) -> Option<f64> {
    let workers = NonZeroUsize::new(cores())?;
    let numbers = 0..JOBS as u64;
    let before = match need {
        Need::Map | Need::Lazy => {
            let pool = ThreadPool::new(workers).ok()?;
            // Threads and their allocators are there.
            drop(pool.map(0..1_000, |n| n));
            let (_, before) = memory()?;
            match need {
                Need::Map => drop(pool.map(numbers, |n| n)),
                _ => drop(pool.map_lazy(numbers, NonZeroUsize::new(64)?, |n| n).last()),
            }
            before
        }
        Need::Scoped => {
            let (_, before) = memory()?;
            let numbers: Vec<u64> = numbers.collect();
            drop(scoped_map(workers, &numbers, |n| *n));
            before
        }
        Need::Rayon => {
            rayon::join(|| (), || ());
            let (_, before) = memory()?;
            let numbers: Vec<u64> = numbers.collect();
            drop(numbers.into_par_iter().collect::<Vec<_>>());
            before
        }
        _ => {
            let pool = process_pool(3)?;
            drop(pool.map((0..1_000).map(Square)));
            let (_, before) = memory()?;
            drop(pool.map((0..JOBS as i64).map(Square)));
            before
        }
    };
    Some(memory()?.0 - before)
}

fn process_pool(workers: usize) -> Option<ProcessPool> {
    let program = WorkerProgram::current().ok()?;
    let pool = ProcessPool::builder(program).workers(workers);
    pool.build().ok()
}

/// A thread that has run a job.
fn threads() -> Option<f64> {
    let (_, before) = memory()?;
    let pool = ThreadPool::new(NonZeroUsize::new(WORKERS)?).ok()?;
    let nap = |_| thread::sleep(Duration::from_millis(5));
    drop(pool.map(0..4 * WORKERS, nap));
    let (_, after) = memory()?;
    pool.shutdown(Shutdown::Drain);
    Some(after - before)
}

/// What the parent needs a worker, and what a worker has that no other process shares.
fn workers() -> Option<Vec<f64>> {
    let (_, before) = memory()?;
    let pool = process_pool(WORKERS)?;
    drop(pool.map((0..1_000).map(Square)));
    let (_, after) = memory()?;
    let own: Option<Vec<f64>> = pool.pids().into_iter().map(private).collect();
    let own = own?.into_iter().sum::<f64>();
    let workers = WORKERS as f64;
    Some(vec![(after - before).max(0.0) / workers, own / workers])
}

/// The bytes that are gone with the process.
fn private(pid: u32) -> Option<f64> {
    let pages = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let lines = pages.lines().filter(|line| line.starts_with("Private_"));
    let kib = lines.filter_map(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    Some(kib.sum::<f64>() * 1024.0)
}
