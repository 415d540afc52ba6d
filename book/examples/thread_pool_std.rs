//! A pool by hand: three threads take jobs from one queue.

use std::sync::{Mutex, mpsc};
use std::thread;

fn main() {
    let (jobs, queue) = mpsc::channel();
    (1..=4).for_each(|job| jobs.send(job).unwrap());
    drop(jobs);
    let queue = Mutex::new(queue);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    // The guard is dropped at the end of this `let`.
                    let job = queue.lock().unwrap().recv();
                    match job {
                        Ok(job) => println!("Hello {job}"),
                        Err(_) => break, // no sender is left
                    }
                }
            });
        }
    });
}
