//! The reader ends when all senders have ended.

use std::sync::mpsc;
use std::thread;

use super::List;

/// The sum of what one thread for each list sends.
pub(super) fn solve(lists: Vec<List>) -> u32 {
    let (sender, receiver) = mpsc::channel();
    for list in lists {
        let sender = sender.clone();
        thread::spawn(move || list.for_each(|n| sender.send(n).unwrap()));
    }
    // Your turn: when is this channel closed?
    receiver.into_iter().sum()
}
