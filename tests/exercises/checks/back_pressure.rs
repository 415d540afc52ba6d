#[path = "../solutions/back_pressure.rs"]
mod solution;
#[path = "../starters/back_pressure.rs"]
mod starter;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::Exercise;

pub(super) const EXERCISE: Exercise = Exercise {
    name: "back-pressure",
    task: "At most four pages lie between the maker and the reader.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "pages ahead",
};

// ANCHOR: types
pub(super) type Make = Arc<dyn Fn(usize) -> usize + Send + Sync>;
// ANCHOR_END: types

fn check(run: fn(Make, &mut dyn FnMut(usize))) {
    let made = Arc::new(AtomicUsize::new(0));
    let counter = made.clone();
    let reader = thread::current().id();
    let make: Make = Arc::new(move |number| {
        let is_reader = thread::current().id() == reader;
        assert!(
            !is_reader,
            "the pages are to be made on a thread of its own"
        );
        // ORDERING: Relaxed. Only the number counts.
        counter.fetch_add(1, Ordering::Relaxed);
        number
    });
    let (mut n_read, start) = (0, Instant::now());
    run(make, &mut |page| {
        assert_eq!(page, n_read, "the pages are to be read in order");
        n_read += 1;
        // A slow reader: a maker that is not held back is far ahead by then.
        while start.elapsed() < Duration::from_millis(300) {
            thread::yield_now();
        }
        // ORDERING: Relaxed. Only the number counts.
        let ahead = made.load(Ordering::Relaxed) - n_read;
        assert!(
            ahead <= 5,
            "page {page} is being read, and the maker is {ahead} pages ahead"
        );
    });
    assert_eq!(n_read, 100, "a hundred pages are to be read");
}

#[cfg(test)]
mod tests {
    use super::super::what_is_wrong;
    use super::check;

    #[test]
    fn one_thread_for_both_sides_is_refused() {
        let told = what_is_wrong(|| check(|make, read| (0..100).for_each(|n| read(make(n)))));
        let told = told.expect("it is wrong");
        assert!(told.contains("a thread of its own"), "{told}");
    }
}
