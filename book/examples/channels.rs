//! Three threads send, one receives, and the loop ends by itself.

use std::sync::mpsc;
use std::thread;

fn main() {
    let (sender, receiver) = mpsc::channel();
    for n in 1..=3 {
        let sender = sender.clone();
        thread::spawn(move || sender.send(format!("page {n}")).unwrap());
    }
    drop(sender); // else the loop below would wait for ever
    for page in receiver {
        println!("{page} has come");
    }
    println!("no sender is left");
}
