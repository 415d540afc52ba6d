//! std: nobody waits for the thread, and the program ends without it.

use std::thread;
use std::time::Duration;

fn main() {
    thread::spawn(|| {
        thread::sleep(Duration::from_secs(2));
        println!("thread: the file is there");
    });
    println!("main:   done");
}
