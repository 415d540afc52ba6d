//! A channel with room for two pages.

use std::sync::mpsc::{TrySendError, sync_channel};

fn main() {
    let (sender, receiver) = sync_channel(2);
    for page in 1..=3 {
        match sender.try_send(page) {
            Ok(()) => println!("page {page}: queued"),
            Err(TrySendError::Full(page)) => println!("page {page}: no room, wait"),
            Err(TrySendError::Disconnected(_)) => println!("nobody reads any more"),
        }
    }
    println!(
        "page {}: read, and there is room again",
        receiver.recv().unwrap()
    );
    drop(receiver);
    println!("{:?}", sender.try_send(4));
}
