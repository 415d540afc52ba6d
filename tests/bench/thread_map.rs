//! A map over threads: rayon, orx-parallel, the crate threadpool, a scope with one claim an input, Python.

use std::num::NonZeroUsize;
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use orx_parallel::{BasicPool, IntoParIter, Par, Runner};
use rayon::prelude::*;
use threadproof::{JobError, ThreadPool, scoped_map};

use crate::harness::{Group, timed};
use crate::machine::{cores, locked};
use crate::python::Python;
use crate::work::{spin, steps};

/// Even loads, a job's length in nanoseconds each and in words, and the goal against rayon.
const EVEN: [(usize, u64, &str, f64); 3] = [
    (1_000_000, 10, "10 ns", 2.5),
    (100_000, 1_000, "1 µs", 1.02),
    (200, 1_000_000, "1 ms", 1.02),
];

// An output of ours and one of a rayon that catches take as many bytes.
const _: () = assert!(size_of::<Result<u64, JobError>>() == size_of::<thread::Result<u64>>());

pub(crate) fn run(group: &mut Group) {
    for name in ["rayon", "orx-parallel", "threadpool"] {
        group.version(name, locked(name).unwrap_or_default());
    }
    let python = Python::start(group, "bench_thread_map.py");
    let workers = NonZeroUsize::new(cores()).unwrap_or(NonZeroUsize::MIN);
    let pools = Pools::new(workers);
    for (jobs, nanoseconds, length, goal) in EVEN {
        let inputs = vec![steps(Duration::from_nanos(nanoseconds)); jobs];
        let name = format!("{jobs} jobs of {length}");
        let case = group.case(name, Duration::from_secs(14));
        let case = case
            .ours("ThreadPool::map", || pools.ours(&inputs))
            .ours("scoped_map", || {
                timed(|| scoped_map(workers, &inputs, |n| spin(*n)))
            })
            .peer("rayon", goal, || pools.rayon(&inputs))
            .peer("orx-parallel", None, || pools.orx(&inputs))
            .peer("threadpool", None, || pools.threadpool(&inputs))
            .peer("std scope", None, || timed(|| std_scope(workers, &inputs)));
        let case = match nanoseconds {
            10 => case
                .peer("rayon that catches, a Result each", 1.2, || {
                    pools.rayon_that_catches(&inputs)
                })
                // How much of it is the memory of outputs that may each be an error.
                .peer("one thread, a Result each", None, || {
                    timed(|| inputs.iter().copied().map(caught).collect::<Vec<_>>())
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
    cluster(group);
    sleeping(group, &python);
    submit(group, &pools, &python);
    unordered(group, &pools, &python);
}

/// The same number of workers for everybody.
struct Pools {
    workers: NonZeroUsize,
    ours: ThreadPool,
    rayon: rayon::ThreadPool,
    orx: BasicPool,
    threadpool: threadpool::ThreadPool,
}

impl Pools {
    fn new(workers: NonZeroUsize) -> Self {
        let rayon = rayon::ThreadPoolBuilder::new().num_threads(workers.get());
        Self {
            workers,
            ours: ThreadPool::new(workers).expect("threads can be started"),
            rayon: rayon.build().expect("threads can be started"),
            // It has no more threads than the machine has cores.
            orx: BasicPool::new(workers.get()),
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

    /// What ours promises, by rayon: a panic costs its own job.
    fn rayon_that_catches(&self, inputs: &[u64]) -> f64 {
        let inputs = inputs.to_vec();
        timed(|| {
            let map = || inputs.into_par_iter().map(caught).collect::<Vec<_>>();
            self.rayon.install(map)
        })
    }

    fn orx(&self, inputs: &[u64]) -> f64 {
        let inputs = inputs.to_vec();
        timed(|| {
            let inputs = inputs.into_par();
            let runner = Runner::adaptive_with_pool(self.orx.clone());
            inputs.runner(runner).map(spin).collect::<Vec<_>>()
        })
    }

    fn threadpool(&self, inputs: &[u64]) -> f64 {
        timed(|| on_threadpool(&self.threadpool, inputs, spin))
    }
}

fn caught(steps: u64) -> thread::Result<u64> {
    catch_unwind(|| spin(steps))
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
        .peer("rayon", None, || pools.rayon(&next(&mut rayon)))
        .peer("threadpool", None, || {
            pools.threadpool(&next(&mut crate_pool))
        })
        .peer("one thread's time, shared out evenly", None, || {
            let inputs = next(&mut alone);
            timed(|| inputs.into_iter().map(spin).collect::<Vec<_>>()) / workers
        })
        .run();
}

/// Neighbours in the middle of the input wait, all others end at once. Eight workers on fewer cores,
/// so these must be jobs that wait: a wait shows who may begin it, a computation who has a core.
fn cluster(group: &mut Group) {
    const JOBS: usize = 10_000;
    const SLOW: usize = 64;
    const NAP: Duration = Duration::from_millis(2);
    fn nap(is_slow: u64) -> u64 {
        if is_slow == 1 {
            thread::sleep(NAP);
        }
        is_slow
    }
    let pools = Pools::new(NonZeroUsize::new(8).unwrap_or(NonZeroUsize::MIN));
    let mut inputs = vec![0; JOBS];
    inputs[(JOBS - SLOW) / 2..(JOBS + SLOW) / 2].fill(1);
    let ideal = (NAP * (SLOW / 8) as u32).as_secs_f64();
    group
        .case(
            format!("{JOBS} jobs, {SLOW} in the middle sleep 2 ms, 8 workers"),
            Duration::from_secs(8),
        )
        .ours("ThreadPool::map", || {
            let inputs = inputs.clone();
            timed(|| pools.ours.map(inputs, nap))
        })
        .ours("scoped_map", || {
            timed(|| scoped_map(pools.workers, &inputs, |n| nap(*n)))
        })
        .peer("rayon", 0.7, || {
            let inputs = inputs.clone();
            timed(|| {
                let map = || inputs.into_par_iter().map(nap).collect::<Vec<_>>();
                pools.rayon.install(map)
            })
        })
        .peer("threadpool", None, || {
            timed(|| on_threadpool(&pools.threadpool, &inputs, nap))
        })
        .limit("ideal", None, ideal)
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
            .limit("ideal", None, ideal)
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
        .peer("threadpool", 0.9, || {
            let inputs: Vec<u64> = (0..JOBS).collect();
            timed(|| on_threadpool(&pools.threadpool, &inputs, |n| n))
        })
        .peer("threadpool, a handle for each job", None, || {
            timed(|| {
                let jobs: Vec<_> = (0..JOBS)
                    .map(|n| handed_out(&pools.threadpool, n))
                    .collect();
                jobs.into_iter().map(joined).collect::<Vec<_>>()
            })
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

/// What a channel for all jobs does not give: one of them can be asked for alone.
type Handle = Arc<(Mutex<Option<u64>>, Condvar)>;

fn handed_out(pool: &threadpool::ThreadPool, number: u64) -> Handle {
    let handle = Handle::default();
    let theirs = handle.clone();
    pool.execute(move || {
        *theirs.0.lock().expect("nothing panics under it") = Some(number);
        theirs.1.notify_one();
    });
    handle
}

fn joined(handle: Handle) -> Option<u64> {
    let output = handle.0.lock().expect("nothing panics under it");
    let waited = handle.1.wait_while(output, |output| output.is_none());
    *waited.expect("nothing panics under it")
}

/// Outputs in the order in which jobs end, with at most so many jobs ahead.
fn unordered(group: &mut Group, pools: &Pools, python: &Python) {
    const JOBS: usize = 10_000;
    const WINDOW: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();
    let inputs = vec![steps(Duration::from_micros(1)); JOBS];
    let call = format!("as_completed {} {JOBS} 1000", pools.workers);
    group
        .case(
            format!("{JOBS} jobs of 1 µs, outputs as they end"),
            Duration::from_secs(8),
        )
        .ours("ThreadPool::map_unordered", || {
            let inputs = inputs.clone();
            timed(|| pools.ours.map_unordered(inputs, WINDOW, spin).count())
        })
        .peer("ThreadPool::map", None, || pools.ours(&inputs))
        .peer("threadpool and a channel", None, || {
            timed(|| on_threadpool(&pools.threadpool, &inputs, spin))
        })
        .peer("rayon and a channel", None, || {
            let inputs = inputs.clone();
            timed(|| {
                let (to, from) = mpsc::channel();
                pools.rayon.spawn(move || {
                    inputs.into_par_iter().for_each_with(to, |to, input| {
                        to.send(spin(input)).expect("the caller listens");
                    });
                });
                from.iter().count()
            })
        })
        .peer_if(python.is_there(), "Python's as_completed", None, || {
            python.seconds(&call)
        })
        .run();
}
