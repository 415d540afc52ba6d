//! Threads that `start` starts, and what becomes of their handles.

use std::cell::RefCell;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use rstest::rstest;
use threadproof::{Event, JoinError, Running, start, start_daemon};

use super::{Cell, Kind, Told, Trouble, Value};
use crate::support::until;

/// The number of the one job, which is one of the troublesome.
const ONE: usize = 1;

/// Told when the thread is about to be gone, after it has dropped what it held.
struct AtEnd(Arc<Event>);

impl Drop for AtEnd {
    fn drop(&mut self) {
        self.0.set();
    }
}

/// A body that ends once its gate is open, its gate, and the end of its thread.
fn body(cell: Cell) -> (impl FnOnce() -> Value, Arc<Event>, Arc<Event>) {
    thread_local!(static AT_END: RefCell<Option<AtEnd>> = const { RefCell::new(None) });
    let (gate, gone) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let (theirs, at_end) = (gate.clone(), AtEnd(gone.clone()));
    let capture = cell.trouble(Kind::Capture);
    let body = move || {
        let _ = &capture;
        AT_END.set(Some(at_end));
        theirs.wait();
        cell.run(cell.input(ONE))
    };
    (body, gate, gone)
}

fn told(outcome: Result<Value, JoinError>) -> Told {
    match outcome {
        Ok(output) => Told::of(Ok(output)),
        Err(JoinError::Panicked(_)) => Told::Panicked,
        Err(JoinError::WouldDeadlock) => Told::Refused,
        Err(other) => panic!("{other}"),
    }
}

/// What a body has captured is dropped by the body itself.
fn expected(cell: Cell) -> Told {
    match cell.kind {
        Kind::Capture => Told::Panicked,
        _ => cell.ran(ONE),
    }
}

#[rstest]
#[case::joined(joined)]
#[case::joined_with_a_timeout(joined_with_a_timeout)]
#[case::joined_by_itself(joined_by_itself)]
#[case::handle_dropped(handle_dropped)]
#[case::handle_dropped_after_the_end(handle_dropped_after_the_end)]
#[case::detached(detached)]
#[case::detached_after_the_end(detached_after_the_end)]
#[case::daemon(daemon)]
#[case::not_started(not_started)]
fn no_value_of_a_thread_s_harms_anybody(
    #[case] place: fn(Cell),
    #[values(Kind::Input, Kind::Output, Kind::Payload, Kind::Capture)] kind: Kind,
) {
    let trouble = Trouble::Panics;
    Cell { kind, trouble }.in_its_own_process(move |cell| {
        place(cell);
        assert_eq!(start("next", || 7).unwrap().join(), Ok(7));
    });
}

fn joined(cell: Cell) {
    let (body, gate, _) = body(cell);
    let running = start("one", body).unwrap();
    gate.set();
    assert_eq!(told(running.join()), expected(cell));
}

fn joined_with_a_timeout(cell: Cell) {
    let (body, gate, _) = body(cell);
    let running = start("one", body).unwrap();
    let running = running.join_timeout(Duration::ZERO).unwrap_err();
    gate.set();
    let outcome = running.join_timeout(Duration::MAX).unwrap();
    assert_eq!(told(outcome), expected(cell));
}

fn joined_by_itself(cell: Cell) {
    let (body, gate, gone) = body(cell);
    let (give, take) = mpsc::channel::<Running<Value>>();
    let joins = move || {
        assert_eq!(told(take.recv().unwrap().join()), Told::Refused);
        body()
    };
    give.send(start("one", joins).unwrap()).unwrap();
    gate.set();
    gone.wait();
}

fn handle_dropped(cell: Cell) {
    let (body, gate, gone) = body(cell);
    let running = start("one", body).unwrap();
    gate.set();
    drop(running);
    gone.wait();
}

fn handle_dropped_after_the_end(cell: Cell) {
    let (body, gate, gone) = body(cell);
    let running = start("one", body).unwrap();
    gate.set();
    gone.wait();
    drop(running);
}

fn detached(cell: Cell) {
    let (body, gate, gone) = body(cell);
    let daemon = start("one", body).unwrap().detach();
    gate.set();
    gone.wait();
    until(|| daemon.is_finished());
}

fn detached_after_the_end(cell: Cell) {
    let (body, gate, gone) = body(cell);
    let running = start("one", body).unwrap();
    gate.set();
    gone.wait();
    drop(running.detach());
}

fn daemon(cell: Cell) {
    let (body, gate, gone) = body(cell);
    let daemon = start_daemon("one", move || std::mem::forget(body())).unwrap();
    gate.set();
    gone.wait();
    until(|| daemon.is_finished());
}

fn not_started(cell: Cell) {
    let (body, _gate, _) = body(cell);
    assert!(start("a zero byte: \0", body).is_err());
}
