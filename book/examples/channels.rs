//! Three threads send, one receives, and the loop ends by itself.

use std::sync::mpsc;
use std::thread;

fn main() {
    let (sender, receiver) = mpsc::channel();
    for n in 1..=3 {
        let sender = sender.clone();
        let send = move || sender.send(format!("page {n}"));
        thread::spawn(move || send().unwrap()); // ①
    }
    drop(sender); // ② else it would wait for ever
    for page in receiver {
        println!("{page} has come"); // ③
    }
    println!("no sender is left");
}
