//! A forgotten sender: the channel is never closed.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

fn main() {
    let (sender, receiver) = mpsc::channel();
    let own = sender.clone();
    thread::spawn(move || own.send("the only page").unwrap());
    loop {
        match receiver.recv_timeout(Duration::from_secs(2)) {
            Ok(page) => println!("{page} has come"),
            Err(why) => {
                println!("{why}");
                break;
            }
        }
    }
    drop(sender);
}
