#[path = "../solutions/channels.rs"]
mod solution;
#[path = "../starters/channels.rs"]
mod starter;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use super::{Exercise, PATIENCE, within_patience};

pub(super) const EXERCISE: Exercise = Exercise {
    name: "channels",
    task: "The reader ends when all senders have ended.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "it waits for ever",
};

// ANCHOR: types
pub(super) type List = Box<dyn Iterator<Item = u32> + Send>;
// ANCHOR_END: types

/// The lists that are read at this moment, each by a thread of its own.
#[derive(Default)]
struct Readers {
    n_begun: Mutex<usize>,
    more: Condvar,
    is_missed: AtomicBool,
}

impl Readers {
    /// Waits until each list of so many is read: in vain, if one thread is to read two of them.
    fn begin(&self, n_lists: usize) {
        let mut n_begun = self.n_begun.lock().expect("nobody panics");
        *n_begun += 1;
        self.more.notify_all();
        // ORDERING: Relaxed. Only its own value counts.
        if self.is_missed.load(Ordering::Relaxed) {
            return;
        }
        let waited = self
            .more
            .wait_timeout_while(n_begun, PATIENCE / 2, |n| *n < n_lists);
        if waited.expect("nobody panics").1.timed_out() {
            // ORDERING: Relaxed. Whoever looks has had what this thread sent later, or has joined it.
            self.is_missed.store(true, Ordering::Relaxed);
        }
    }
}

/// It comes after a pause: who takes silence for the end never hears it.
const LATE: u32 = 3;

fn check(sum: fn(Vec<List>) -> u32) {
    let readers = Arc::new(Readers::default());
    let lists = [vec![1, 2, LATE], vec![10, 20], vec![100]];
    let lists = lists.map(|list: Vec<u32>| {
        let readers = readers.clone();
        let mut has_begun = false;
        Box::new(list.into_iter().inspect(move |n| {
            if !std::mem::replace(&mut has_begun, true) {
                readers.begin(3);
            }
            if *n == LATE {
                thread::sleep(PATIENCE / 3);
            }
        })) as List
    });
    let lists = lists.into();
    let total = within_patience("all threads have ended, and it waits for ever", move || {
        sum(lists)
    });
    // ORDERING: Relaxed. See `begin`.
    let is_missed = readers.is_missed.load(Ordering::Relaxed);
    assert!(
        !is_missed,
        "one thread reads the lists, one after the other; each is to have a thread of its own"
    );
    assert!(
        total != 136 - LATE,
        "one list pauses before its last number, and is not heard to its end: the end is guessed"
    );
    assert_eq!(total, 136, "the sum of all lists");
    let nothing = within_patience("without a list it waits for ever", move || sum(Vec::new()));
    assert_eq!(nothing, 0, "the sum of no list");
}

#[cfg(test)]
mod tests {
    use super::super::what_is_wrong;
    use super::{List, check};

    #[test]
    fn who_guesses_the_end_is_told_so() {
        fn guesses(lists: Vec<List>) -> u32 {
            let (sender, receiver) = std::sync::mpsc::channel();
            for list in lists {
                let sender = sender.clone();
                std::thread::spawn(move || list.for_each(|n| _ = sender.send(n)));
            }
            let pause = std::time::Duration::from_millis(200);
            std::iter::from_fn(|| receiver.recv_timeout(pause).ok()).sum()
        }
        let told = what_is_wrong(|| check(guesses)).expect("it is wrong");
        assert!(told.contains("the end is guessed"), "{told}");
    }

    #[test]
    fn one_thread_for_all_lists_is_refused() {
        fn adds_up_itself(lists: Vec<List>) -> u32 {
            lists.into_iter().flatten().sum()
        }
        fn reads_all_in_one_thread(lists: Vec<List>) -> u32 {
            let (sender, receiver) = std::sync::mpsc::channel();
            let all = lists.into_iter().flatten();
            let all: Box<dyn Iterator<Item = u32> + Send> = Box::new(all);
            std::thread::spawn(move || all.for_each(|n| sender.send(n).unwrap()));
            receiver.into_iter().sum()
        }
        let told = [
            what_is_wrong(|| check(adds_up_itself)),
            what_is_wrong(|| check(reads_all_in_one_thread)),
        ];
        for told in told {
            let told = told.expect("it is wrong");
            assert!(told.contains("one after the other"), "{told}");
        }
    }
}
