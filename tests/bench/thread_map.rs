//! An ordered map over threads: rayon, the crate threadpool, a scope with one claim an input, Python.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use threadproof::{JobError, Process, Shutdown, ThreadPool, Work, WorkerProgram, scoped_map};

use crate::harness::{Group, Unit, timed};
use crate::machine::{cores, locked, memory};
use crate::python::Python;
use crate::work::{spin, steps};

/// Even loads, a job's length in nanoseconds each, and the goal against rayon.
const EVEN: [(usize, u64); 3] = [(1_000_000, 10), (100_000, 1_000), (1_000, 1_000_000)];

pub(crate) fn run(group: &mut Group) {
    for name in ["rayon", "threadpool"] {
        group.version(name, locked(name).unwrap_or_default());
    }
    let python = Python::start(group, "bench_thread_map.py");
    let workers = NonZeroUsize::new(cores()).unwrap_or(NonZeroUsize::MIN);
    let pools = Pools::new(workers);
    for (jobs, nanoseconds) in EVEN {
        let one = Duration::from_nanos(nanoseconds);
        let inputs = vec![steps(one); jobs];
        let name = format!("{jobs} jobs of {one:?}");
        let case = group.case(name, Duration::from_secs(12));
        let case = case
            .ours("ThreadPool::map", || pools.ours(&inputs))
            .ours("scoped_map", || {
                timed(|| scoped_map(workers, &inputs, |n| spin(*n)))
            })
            .peer("rayon", 1.03, || pools.rayon(&inputs))
            .peer("threadpool", None, || pools.threadpool(&inputs))
            .peer("std scope", None, || timed(|| std_scope(workers, &inputs)));
        let case = match nanoseconds {
            // How much of it is the memory of outputs that may each be an error.
            10 => case
                .peer("rayon, of Results", None, || {
                    pools.rayon_of_results(&inputs)
                })
                .peer("one thread, of Results", None, || {
                    timed(|| inputs.iter().map(|n| with_error(*n)).collect::<Vec<_>>())
                }),
            // Python's own cost for a million jobs is minutes.
            1_000_000 => {
                let call = format!("busy {workers} {jobs} {nanoseconds}");
                let python = &python;
                case.peer_if(python.is_there(), "Python", None, move || {
                    python.seconds(&call)
                })
            }
            _ => case,
        };
        case.run();
    }
    skewed(group, &pools);
    sleeping(group, &python);
    submit(group, &pools, &python);
    queued(group);
}

/// The same number of workers for everybody.
struct Pools {
    workers: NonZeroUsize,
    ours: ThreadPool,
    rayon: rayon::ThreadPool,
    threadpool: threadpool::ThreadPool,
}

impl Pools {
    fn new(workers: NonZeroUsize) -> Self {
        let rayon = rayon::ThreadPoolBuilder::new().num_threads(workers.get());
        Self {
            workers,
            ours: ThreadPool::new(workers).expect("threads can be started"),
            rayon: rayon.build().expect("threads can be started"),
            threadpool: threadpool::ThreadPool::new(workers.get()),
        }
    }

    fn ours(&self, inputs: &[u64]) -> f64 {
        let inputs = inputs.to_vec();
        timed(|| self.ours.map(inputs, spin))
    }

    fn rayon(&self, inputs: &[u64]) -> f64 {
        let inputs = inputs.to_vec();
        timed(|| {
            let map = || inputs.into_par_iter().map(spin).collect::<Vec<_>>();
            self.rayon.install(map)
        })
    }

    fn rayon_of_results(&self, inputs: &[u64]) -> f64 {
        let inputs = inputs.to_vec();
        timed(|| {
            let map = || inputs.into_par_iter().map(with_error).collect::<Vec<_>>();
            self.rayon.install(map)
        })
    }

    fn threadpool(&self, inputs: &[u64]) -> f64 {
        timed(|| on_threadpool(&self.threadpool, inputs, spin))
    }
}

/// An output as our maps give it.
fn with_error(steps: u64) -> Result<u64, JobError> {
    Ok(spin(steps))
}

/// As its documentation does it: a job an input, and a channel.
fn on_threadpool(pool: &threadpool::ThreadPool, inputs: &[u64], job: fn(u64) -> u64) -> Vec<u64> {
    let (to, from) = mpsc::channel();
    for (index, input) in inputs.iter().copied().enumerate() {
        let to = to.clone();
        pool.execute(move || to.send((index, job(input))).expect("the caller listens"));
    }
    let mut outputs = vec![0; inputs.len()];
    for (index, output) in from.iter().take(inputs.len()) {
        outputs[index] = output;
    }
    outputs
}

/// What one writes without a pool: scoped threads, and a counter that hands out one input a time.
fn std_scope(workers: NonZeroUsize, inputs: &[u64]) -> Vec<u64> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut outputs = Vec::new();
        while let Some((index, input)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            inputs.get(index).map(|input| (index, *input))
        } {
            outputs.push((index, spin(input)));
        }
        outputs
    };
    let mut outputs = vec![0; inputs.len()];
    thread::scope(|scope| {
        let threads: Vec<_> = (0..workers.get()).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            for (index, output) in thread.join().expect("spinning does not panic") {
                outputs[index] = output;
            }
        }
    });
    outputs
}

/// One job of 3,000 takes a thousand times as long: another one each round.
fn skewed(group: &mut Group, pools: &Pools) {
    const JOBS: usize = 3_000;
    let one = steps(Duration::from_micros(10));
    let load = |round: usize| {
        let mut inputs = vec![one; JOBS];
        inputs[(round * 1_129 + 2_400) % JOBS] *= 1_000;
        inputs
    };
    // Everybody counts for himself, so in one round all have the same load.
    let (mut ours, mut scoped, mut rayon, mut crate_pool, mut alone) = (0, 0, 0, 0, 0);
    let workers = pools.workers.get() as f64;
    let next = |round: &mut usize| {
        *round += 1;
        load(*round)
    };
    group
        .case(
            "3000 jobs of 10 µs, one of them of 10 ms",
            Duration::from_secs(10),
        )
        .ours("ThreadPool::map", || pools.ours(&next(&mut ours)))
        .ours("scoped_map", || {
            let inputs = next(&mut scoped);
            timed(|| scoped_map(pools.workers, &inputs, |n| spin(*n)))
        })
        .peer("rayon", 0.65, || pools.rayon(&next(&mut rayon)))
        .peer("threadpool", None, || {
            pools.threadpool(&next(&mut crate_pool))
        })
        .peer("one thread's time, shared out evenly", None, || {
            let inputs = next(&mut alone);
            timed(|| inputs.into_iter().map(spin).collect::<Vec<_>>()) / workers
        })
        .run();
}

fn sleeping(group: &mut Group, python: &Python) {
    const JOBS: usize = 100;
    const NAP: Duration = Duration::from_millis(20);
    fn nap(_: u64) -> u64 {
        thread::sleep(NAP);
        0
    }
    let all: &[usize] = if group.is_quick { &[32] } else { &[3, 8, 32] };
    for &number in all {
        let workers = NonZeroUsize::new(number).unwrap_or(NonZeroUsize::MIN);
        let pools = Pools::new(workers);
        let inputs = [0; JOBS];
        let ideal = (NAP * JOBS.div_ceil(number) as u32).as_secs_f64();
        let call = format!("sleep {number} {JOBS} {}", NAP.as_secs_f64());
        group
            .case(
                format!("100 jobs that sleep 20 ms, {number} workers"),
                Duration::from_secs(5),
            )
            .ours("ThreadPool::map", || timed(|| pools.ours.map(inputs, nap)))
            .limit("ideal", 1.02, move |_| ideal)
            .peer("rayon", None, || {
                let map = || inputs.into_par_iter().map(nap).collect::<Vec<_>>();
                timed(|| pools.rayon.install(map))
            })
            .peer("threadpool", None, || {
                timed(|| on_threadpool(&pools.threadpool, &inputs, nap))
            })
            .peer_if(python.is_there(), "Python", None, || python.seconds(&call))
            .run();
    }
}

/// Jobs handed in one by one, and waited for.
fn submit(group: &mut Group, pools: &Pools, python: &Python) {
    const JOBS: u64 = 100_000;
    let call = format!("submit {} {JOBS}", pools.workers);
    group
        .case(
            format!("{JOBS} jobs submitted one by one"),
            Duration::from_secs(8),
        )
        .ours("ThreadPool::submit", || {
            timed(|| {
                let jobs: Vec<_> = (0..JOBS).map(|n| pools.ours.submit(move || n)).collect();
                let join = |job: Result<threadproof::Job<u64>, _>| job.map(|job| job.join());
                jobs.into_iter().map(join).collect::<Vec<_>>()
            })
        })
        .peer("threadpool", 0.8, || {
            let inputs: Vec<u64> = (0..JOBS).collect();
            timed(|| on_threadpool(&pools.threadpool, &inputs, |n| n))
        })
        .peer("rayon::spawn", None, || {
            timed(|| {
                let (to, from) = mpsc::channel();
                for n in 0..JOBS {
                    let to = to.clone();
                    pools
                        .rayon
                        .spawn(move || to.send(n).expect("the caller listens"));
                }
                drop(to);
                from.iter().collect::<Vec<_>>()
            })
        })
        .peer_if(python.is_there(), "Python", None, || python.seconds(&call))
        .run();
}

/// A queue of so many jobs that cannot begin: the memory of each, in a process of its own.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Queue {
    Submitted(usize),
    Eager(usize),
    Lazy(usize),
}

impl Work for Queue {
    type Output = Option<f64>;
    const NAME: &'static str = "queue";

    fn run(self) -> Option<f64> {
        let pool = Arc::new(ThreadPool::new(NonZeroUsize::MIN).ok()?);
        let (open, door) = mpsc::channel::<()>();
        let first = pool.submit(move || door.recv().is_ok()).ok()?;
        let (_, before) = memory()?;
        let after = match self {
            Queue::Submitted(jobs) => {
                let jobs: Vec<_> = (0..jobs).map(|n| pool.submit(move || n)).collect();
                let (_, after) = memory()?;
                drop(jobs);
                after
            }
            Queue::Eager(jobs) => {
                let inputs: Vec<usize> = (0..jobs).collect();
                let theirs = pool.clone();
                let map = thread::spawn(move || theirs.map(inputs, |n| n).len());
                thread::sleep(Duration::from_millis(100));
                let (_, after) = memory()?;
                pool.cancel_queued();
                map.join().ok()?;
                after
            }
            Queue::Lazy(jobs) => {
                let window = NonZeroUsize::new(64)?;
                let mut outputs = pool.map_lazy(0..jobs, window, |n| n);
                let taker = thread::spawn(move || outputs.next());
                thread::sleep(Duration::from_millis(100));
                let (_, after) = memory()?;
                pool.cancel_queued();
                drop(taker.join());
                after
            }
        };
        drop(open);
        drop(first.join());
        if let Some(pool) = Arc::into_inner(pool) {
            pool.shutdown(Shutdown::CancelQueued);
        }
        Some(after - before)
    }
}

fn queued(group: &mut Group) {
    const JOBS: usize = 1_000_000;
    let ways = [
        ("submit", Queue::Submitted(JOBS)),
        ("ThreadPool::map", Queue::Eager(JOBS)),
        ("ThreadPool::map_lazy", Queue::Lazy(JOBS)),
    ];
    let Ok(program) = WorkerProgram::current() else {
        return;
    };
    for (name, queue) in ways {
        let process = Process::start(&program, queue);
        if let Ok(Some(bytes)) = process.and_then(Process::join) {
            let case = "memory of 1000000 queued jobs";
            group.value(case, name, bytes.max(0.0), Unit::Bytes, None);
        }
    }
}
