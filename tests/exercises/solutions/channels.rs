//! The reader ends when all senders have ended.

use std::sync::mpsc;
use std::thread;

pub(super) fn solve(lists: Vec<Vec<u32>>) -> u32 {
    let (sender, receiver) = mpsc::channel();
    for list in lists {
        let sender = sender.clone();
        thread::spawn(move || list.into_iter().for_each(|n| sender.send(n).unwrap()));
    }
    // The clones end with their threads; this one would live to the end of the function.
    drop(sender);
    receiver.into_iter().sum()
}
