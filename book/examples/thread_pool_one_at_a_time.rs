//! Three threads, one queue; each job says how many run beside it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;

fn main() {
    let (jobs, queue) = mpsc::channel();
    (1..=4).for_each(|job| jobs.send(job).unwrap());
    drop(jobs);
    let (queue, running) = (Mutex::new(queue), AtomicUsize::new(0));
    let work = || {
        while let Ok(job) = queue.lock().unwrap().recv() {
            let others = running.fetch_add(1, Ordering::Relaxed);
            thread::yield_now(); // the others may come
            println!("Hello {job}, beside {others} others");
            running.fetch_sub(1, Ordering::Relaxed);
        }
    };
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(work); // a copy for each thread
        }
    });
}
