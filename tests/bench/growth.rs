//! How cost grows with jobs, workers, waiting threads and keys.

use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use threadproof::{Event, LockedFlags, Shutdown, StopFlags, ThreadPool, scoped_map};

use crate::harness::{Group, timed};
use crate::machine::cores;
use crate::stop_latency::bare_condvar;
use crate::work::{spin, steps};

pub(crate) fn run(group: &mut Group) {
    let time = Duration::from_secs(4);
    let workers = NonZeroUsize::new(cores()).unwrap_or(NonZeroUsize::MIN);
    let pool = ThreadPool::new(workers).expect("threads can be started");
    let jobs = [10_000, 100_000, 1_000_000];
    let one = steps(Duration::from_nanos(10));
    let map = |n: usize| timed(|| pool.map(vec![one; n], spin));
    group.slope("ThreadPool::map, jobs", &jobs, time, map);
    let map = |n: usize| {
        let inputs = vec![one; n];
        timed(|| scoped_map(workers, &inputs, |n| spin(*n)))
    };
    group.slope("scoped_map, jobs", &jobs, time, map);
    let submit = |n: usize| {
        timed(|| {
            let jobs: Vec<_> = (0..n).map(|n| pool.submit(move || n)).collect();
            let join = |job: Result<threadproof::Job<usize>, _>| job.map(|job| job.join());
            jobs.into_iter().map(join).collect::<Vec<_>>()
        })
    };
    group.slope(
        "ThreadPool::submit, jobs",
        &[1_000, 10_000, 100_000],
        time,
        submit,
    );

    let sizes = [4, 16, 64];
    let up_and_down = |n: usize| {
        let workers = NonZeroUsize::new(n).unwrap_or(NonZeroUsize::MIN);
        timed(|| ThreadPool::new(workers).map(|pool| pool.shutdown(Shutdown::Drain)))
    };
    group.slope("a pool up and down, workers", &sizes, time, up_and_down);

    let bare = |n: usize| {
        timed(|| {
            let threads: Vec<_> = (0..n).map(|_| thread::spawn(|| {})).collect();
            threads.into_iter().for_each(|thread| drop(thread.join()));
        })
    };
    group.slope("std threads up and down", &sizes, time, bare);

    let waiting = [16, 64, 256];
    let release = |threads: usize| {
        let event = Event::new();
        thread::scope(|scope| {
            let wait = || event.wait();
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(wait)).collect();
            while event.n_waiting() < threads.len() {
                thread::yield_now();
            }
            timed(|| {
                event.set();
                threads.into_iter().for_each(|thread| drop(thread.join()));
            })
        })
    };
    group.slope(
        "Event::set until all have ended, threads",
        &waiting,
        time,
        release,
    );

    group.slope(
        "a bare Condvar until all have ended, threads",
        &waiting,
        time,
        |threads| bare_condvar(threads).1,
    );

    let keys = [1_000, 10_000, 100_000];
    // As many looks whatever the size, so that the time is that of one.
    const LOOKS: usize = 100_000;
    let look = |n: usize| {
        let flags = StopFlags::new(0..n);
        let look = |step: usize| flags.is_stopped(&(step % n)).is_ok_and(|stopped| stopped);
        timed(|| (0..LOOKS).filter(|step| look(*step)).count()) / LOOKS as f64
    };
    group.slope("StopFlags::is_stopped, keys", &keys, time, look);
    let stop_all = |n: usize| {
        let flags = StopFlags::new(0..n);
        timed(|| flags.stop_all())
    };
    group.slope("StopFlags::stop_all, keys", &keys, time, stop_all);
    let look = |n: usize| {
        let flags = LockedFlags::new();
        let keys: Vec<_> = (0..n).map(|key| flags.register(key)).collect();
        let look = |step: usize| flags.is_stopped(&(step % n)).is_ok_and(|stopped| stopped);
        let took = timed(|| (0..LOOKS).filter(|step| look(*step)).count());
        drop(keys);
        took / LOOKS as f64
    };
    group.slope("LockedFlags::is_stopped, keys", &keys, time, look);
    let stop_all = |n: usize| {
        let flags = LockedFlags::new();
        let keys: Vec<_> = (0..n).map(|key| flags.register(key)).collect();
        let took = timed(|| flags.stop_all());
        drop(keys);
        took
    };
    group.slope("LockedFlags::stop_all, keys", &keys, time, stop_all);
}
