//! The guard lives through the job, and so one job runs at a time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;

static RUNNING: AtomicUsize = AtomicUsize::new(0);

fn main() {
    let (jobs, queue) = mpsc::channel();
    (1..=4).for_each(|job| jobs.send(job).unwrap());
    drop(jobs);
    let queue = Mutex::new(queue);
    let work = || {
        while let Ok(job) = queue.lock().unwrap().recv() {
            let others = RUNNING.fetch_add(1, Ordering::Relaxed);
            thread::yield_now(); // the others may come
            println!("Hello {job}, beside {others} others");
            RUNNING.fetch_sub(1, Ordering::Relaxed);
        }
    };
    thread::scope(|scope| (0..3).for_each(|_| drop(scope.spawn(work))));
}
