//! The initialiser of a pool, and pools that are not made.

use std::fmt;

use rstest::rstest;
use threadproof::{ThreadPool, ThreadPoolBuilder};

use super::{Cell, Kind, Trouble, still_works};
use crate::support::count;

fn builder(cell: Cell) -> ThreadPoolBuilder {
    let trouble = cell.trouble(Kind::Initialiser);
    let initialiser = move || -> Result<(), String> {
        let _ = &trouble;
        Ok(())
    };
    ThreadPool::builder()
        .workers(count(2))
        .initialised_by(initialiser)
}

#[rstest]
#[case::made(made)]
#[case::forgotten(forgotten)]
#[case::replaced(replaced)]
#[case::no_name_of_a_thread(no_name_of_a_thread)]
#[case::too_large_a_stack(too_large_a_stack)]
#[case::error_of_one_worker(error_of_one_worker)]
#[case::panic_of_one_worker(panic_of_one_worker)]
fn no_initialiser_of_a_pool_s_harms_anybody(
    #[case] place: fn(Cell),
    #[values(Trouble::Panics, Trouble::CallsBack)] trouble: Trouble,
) {
    let kind = Kind::Initialiser;
    Cell { kind, trouble }.in_its_own_process(move |cell| {
        place(cell);
        still_works(&ThreadPool::new(count(2)).unwrap());
    });
}

/// Who drops it last, the worker or who makes the pool, is chance.
fn made(cell: Cell) {
    for _ in 0..200 {
        let pool = builder(cell).build().unwrap();
        assert_eq!(pool.map([1, 2], |n: i32| n), [Ok(1), Ok(2)]);
    }
}

fn forgotten(cell: Cell) {
    drop(builder(cell));
}

fn replaced(cell: Cell) {
    let fine = || -> Result<(), String> { Ok(()) };
    still_works(&builder(cell).initialised_by(fine).build().unwrap());
}

fn no_name_of_a_thread(cell: Cell) {
    let error = builder(cell).name("a zero byte: \0").build().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}

fn too_large_a_stack(cell: Cell) {
    builder(cell).stack_size(1 << 60).build().unwrap_err();
}

/// An error that is itself a value of the caller's.
struct Failed(#[expect(dead_code, reason = "it is only dropped")] Option<super::Troublesome>);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no such database")
    }
}

fn error_of_one_worker(cell: Cell) {
    let trouble = cell.trouble(Kind::Initialiser);
    let initialiser = move || {
        let _ = &trouble;
        Err(Failed(cell.trouble(Kind::Initialiser)))
    };
    let made = ThreadPool::initialised_by(count(2), initialiser);
    let said = made.unwrap_err().to_string();
    let expected = "could not prepare itself: no such database";
    assert!(said.ends_with(expected), "{said}");
}

fn panic_of_one_worker(cell: Cell) {
    let trouble = cell.trouble(Kind::Initialiser);
    let initialiser = move || -> Result<(), String> {
        let _ = &trouble;
        std::panic::panic_any(cell.trouble(Kind::Initialiser))
    };
    let made = ThreadPool::initialised_by(count(2), initialiser);
    let said = made.unwrap_err().to_string();
    assert!(said.ends_with("(a payload that is no text)"), "{said}");
}
