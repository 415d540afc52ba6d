//! Six visitors, and two places.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use threadproof::Semaphore;

static INSIDE: AtomicUsize = AtomicUsize::new(0);

fn main() {
    let places = Semaphore::new(NonZeroUsize::new(2).unwrap());
    let visit = || {
        // In Python: `with places:`.
        let _place = places.acquire();
        assert!(INSIDE.fetch_add(1, Ordering::Relaxed) < 2);
        thread::yield_now(); // anybody may come
        INSIDE.fetch_sub(1, Ordering::Relaxed);
    }; // the place is dropped here, and comes back
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(visit);
        }
    });
    println!("all have been inside, at most two at once");
}
