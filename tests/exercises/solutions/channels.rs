//! The reader ends when all senders have ended.

use std::sync::mpsc;
use std::thread;

use super::List;

pub(super) fn solve(lists: Vec<List>) -> u32 {
    let (sender, receiver) = mpsc::channel();
    for list in lists {
        let sender = sender.clone();
        thread::spawn(move || list.for_each(|n| sender.send(n).unwrap()));
    }
    // The clones end with their threads; this one would live to the end of the function.
    drop(sender);
    receiver.into_iter().sum()
}
