//! std: a thread is started, and its handle is not kept.

use std::thread;
use std::time::Duration;

fn main() {
    thread::spawn(|| {
        thread::sleep(Duration::from_secs(2));
        println!("thread: the file is there");
    });
    println!("main:   done");
}
