//! Main sends three jobs, and drops the sender at once.

use std::sync::mpsc;
use std::thread;

fn main() {
    let (jobs, inbox) = mpsc::channel();
    let worker = thread::spawn(move || {
        for job in inbox {
            println!("worker: job {job}");
        }
        println!("worker: the queue is closed and empty");
    });
    (1..=3).for_each(|job| jobs.send(job).unwrap());
    // "No more jobs."
    drop(jobs);
    worker.join().unwrap();
    println!("main:   the worker has ended");
}
