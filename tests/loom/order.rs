//! D7: which download begins next, with loom's threads as downloads.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use super::harness::{Bound, holds};
use super::recorder::Data;
use crate::order::{Order, Turn};
use crate::sync::thread;

/// Three threads take a download each and do this before they let go; the numbers as they began.
fn three_begin(at_once: usize, work: impl Fn() + Clone + 'static) -> Vec<usize> {
    let order = Arc::new(Order::new(NonZeroUsize::new(at_once).unwrap()));
    // Std's: known to the test, no step of the model.
    let begun = Arc::new(Mutex::new(Vec::new()));
    let download = {
        let begun = begun.clone();
        move || {
            let (turn, permit) = order.begin(|| None::<()>);
            let Turn::New(number) = turn else {
                unreachable!("nothing waits for another attempt")
            };
            begun.lock().unwrap().push(number);
            work();
            drop(permit);
        }
    };
    let others = [(); 2].map(|()| thread::spawn(download.clone()));
    download();
    others.into_iter().for_each(|other| other.join().unwrap());
    std::mem::take(&mut begun.lock().unwrap())
}

/// D7: each begins when the one before it has let go, and sees what that one wrote.
#[test]
fn one_at_a_time_downloads_begin_in_the_order_given() {
    holds(Bound::Exhaustive, || {
        let data = Data::new();
        assert_eq!(three_begin(1, move || data.write(1)), [0, 1, 2]);
    });
}

/// D7: the counter is what two of them share then.
#[test]
fn two_at_a_time_each_download_begins_once() {
    holds(Bound::Preemptions(3), || {
        let mut begun = three_begin(2, || ());
        begun.sort_unstable();
        assert_eq!(begun, [0, 1, 2]);
    });
}
