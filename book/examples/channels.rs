//! Three threads send a page each, and main receives.

use std::sync::mpsc;
use std::thread;

fn main() {
    let (sender, receiver) = mpsc::channel();
    for n in 1..=3 {
        let sender = sender.clone();
        thread::spawn(move || sender.send(format!("page {n}")).unwrap()); // ①
    }
    drop(sender); // ②
    for page in receiver {
        // ③
        println!("{page} has come");
    }
    println!("no sender is left");
}
