//! At most four pages lie between the maker and the reader.

use std::sync::mpsc;
use std::thread;

use super::Make;

/// Makes a hundred pages on a thread of its own, and reads them here, in
/// order. While a page is being read, at most five more have been made:
/// four that wait, and one that the maker holds.
pub(super) fn solve(make: Make, read: &mut dyn FnMut(usize)) {
    // Your turn: how much room has this channel?
    let (sender, receiver) = mpsc::channel();
    let maker = thread::spawn(move || {
        for number in 0..100 {
            sender.send(make(number)).unwrap();
        }
    });
    receiver.into_iter().for_each(read);
    maker.join().unwrap();
}
