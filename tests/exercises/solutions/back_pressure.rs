//! At most four pages lie between the maker and the reader.

use std::sync::mpsc;
use std::thread;

use super::Make;

pub(super) fn solve(make: Make, read: &mut dyn FnMut(usize)) {
    let (sender, receiver) = mpsc::sync_channel(4);
    let maker = thread::spawn(move || {
        for number in 0..100 {
            // It waits while four pages wait.
            sender.send(make(number)).unwrap();
        }
    });
    receiver.into_iter().for_each(read);
    maker.join().unwrap();
}
