//! The reader ends when all senders have ended.

use std::sync::mpsc;
use std::thread;

/// The sum of what one thread for each list sends.
pub(super) fn solve(lists: Vec<Vec<u32>>) -> u32 {
    let (sender, receiver) = mpsc::channel();
    for list in lists {
        let sender = sender.clone();
        thread::spawn(move || list.into_iter().for_each(|n| sender.send(n).unwrap()));
    }
    // Your turn: when is this channel closed?
    receiver.into_iter().sum()
}
