//! Jobs that sleep really sleep at the same time, also those that nobody expected to.

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use rstest::rstest;
use threadproof::{ThreadPool, scoped_map};

use crate::support::{count, ends};

const NAP: Duration = Duration::from_millis(150);

fn three_naps(workers: usize) -> Duration {
    let pool = ThreadPool::new(count(workers)).unwrap();
    let start = Instant::now();
    let naps = pool.map([NAP; 3], thread::sleep);
    assert_eq!(naps, [Ok(()), Ok(()), Ok(())]);
    start.elapsed()
}

#[test]
fn three_sleeping_jobs_on_three_workers_take_less_than_on_one() {
    let _alone = crate::alone();
    let meeting = Arc::new(Barrier::new(3));
    let met = ends(move || {
        let pool = ThreadPool::new(count(3)).unwrap();
        pool.map([(); 3], move |()| meeting.wait().is_leader())
    });
    assert_eq!(met.len(), 3, "three jobs met, so they ran at once");

    // The best of five: a busy machine makes one round late, but never early.
    let at_once = (0..5).map(|_| three_naps(3)).min().unwrap();
    let one_by_one = three_naps(1);
    assert!(one_by_one >= 3 * NAP, "{one_by_one:?}");
    assert!(at_once >= NAP, "{at_once:?}");
    assert!(
        at_once < one_by_one.mul_f64(0.6),
        "{at_once:?} of {one_by_one:?}"
    );
}

const WORKERS: usize = 8;

fn map_in_a_pool(inputs: Vec<usize>, job: fn(usize)) {
    let pool = ThreadPool::new(count(WORKERS)).unwrap();
    assert!(pool.map(inputs, job).iter().all(Result::is_ok));
}

fn map_in_a_scope(inputs: Vec<usize>, job: fn(usize)) {
    let outputs = scoped_map(count(WORKERS), &inputs, |number| job(*number));
    assert!(outputs.iter().all(Result::is_ok));
}

/// 250 slow jobs in the midst of 10,000 tiny ones, for which workers claim many in one go. What a
/// worker has not begun goes to others that have nothing to do, so all of them share the slow ones:
/// 1.15 times as long as if nothing else were to do, and the test allows 1.5. One worker alone would
/// take 8 times as long.
#[rstest]
#[case::in_a_pool(map_in_a_pool)]
#[case::in_a_scoped_map(map_in_a_scope)]
fn a_slow_cluster_among_tiny_jobs_is_shared(#[case] map: fn(Vec<usize>, fn(usize))) {
    const SLOW: usize = 250;
    fn nap() {
        thread::sleep(Duration::from_millis(1));
    }
    fn job(number: usize) {
        if (5000..5000 + SLOW).contains(&number) {
            nap();
        }
    }
    let _alone = crate::alone();
    // The system's own naps are longer than they were asked to be.
    let start = Instant::now();
    (0..50).for_each(|_| nap());
    let ideal = start.elapsed() / 50 * SLOW as u32 / WORKERS as u32;
    let round = || {
        let inputs = Vec::from_iter(0..10_000);
        let start = Instant::now();
        map(inputs, job);
        start.elapsed()
    };
    let mut best = Duration::MAX;
    // A busy machine makes rounds late, but never early.
    for _ in 0..30 {
        best = best.min(round());
        if best <= ideal.mul_f64(1.5) {
            return;
        }
    }
    panic!("{best:?} at best, where {ideal:?} is ideal");
}

/// A worker that finds nothing to do looks again a few times before it goes to sleep: where a tiny job
/// comes every few microseconds, to be woken would cost more than the job. Counted, not timed: a thread
/// that goes to sleep gives up its core, and the system keeps count of that.
///
/// On one core, so that it does not matter how many the machine has. Of 20,000 jobs some 100 find all
/// workers asleep, however busy the machine; if nobody looks twice it is 6,000 to 19,000.
#[cfg(target_os = "linux")]
#[test]
fn a_worker_looks_again_before_it_goes_to_sleep() {
    use rustix::thread::{CpuSet, sched_getcpu, sched_setaffinity};

    const JOBS: usize = 20_000;
    const WORKERS: usize = 4;
    let _alone = crate::alone();
    let mut one = CpuSet::new();
    one.set(sched_getcpu());
    sched_setaffinity(None, &one).expect("a thread may stay where it is");
    let round = || {
        let builder = ThreadPool::builder().workers(count(WORKERS));
        let pool = builder.name("looks").build().unwrap();
        // Each of them runs.
        let meeting = Arc::new(Barrier::new(WORKERS));
        pool.map([(); WORKERS], move |()| meeting.wait().is_leader());
        let before = sleeps_of("looks-");
        for _ in 0..JOBS {
            drop(pool.submit(|| ()).unwrap());
            let start = Instant::now();
            while start.elapsed() < Duration::from_micros(5) {}
        }
        pool.wait_idle();
        sleeps_of("looks-") - before
    };
    let mut rounds = [(); 3].map(|()| round());
    rounds.sort_unstable();
    assert!(rounds[1] < JOBS / 20, "{rounds:?} sleeps in {JOBS} jobs");
}

/// How often threads whose names begin so have given up their cores to sleep.
#[cfg(target_os = "linux")]
fn sleeps_of(name: &str) -> usize {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let of_thread = |thread: std::io::Result<std::fs::DirEntry>| {
        // Those of other tests may have ended meanwhile.
        let status = std::fs::read_to_string(thread.ok()?.path().join("status")).ok()?;
        let line = |head: &str| status.lines().find_map(|line| line.strip_prefix(head));
        let is_one = line("Name:\t")?.starts_with(name);
        is_one.then(|| {
            line("voluntary_ctxt_switches:\t")
                .unwrap()
                .parse::<usize>()
                .unwrap()
        })
    };
    threads.filter_map(of_thread).sum()
}
