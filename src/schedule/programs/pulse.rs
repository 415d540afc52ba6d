//! Main sets an event and clears it at once while a thread waits for it.

use super::super::Verdict;
use super::{Actor, Cast, Lines, Over, Shared, body, look, shared, with, words};

#[derive(Default)]
struct Data {
    is_set: bool,
    sets: u32,
}

fn waiter_broken(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: waiter_broken
    while !turn.wake("the lock", || is_set(data))? {
        turn.sleep(None, "falls asleep again")?;
    }
    Ok(())
    // ANCHOR_END: waiter_broken
}

fn waiter_mended(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: waiter_mended
    while !turn.wake("the lock", || is_set_or_was(data))? {
        turn.sleep(None, "falls asleep again")?;
    }
    Ok(())
    // ANCHOR_END: waiter_mended
}

fn main(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: main
    turn.notify_all(|| set(data))?;
    turn.locked("the lock", || clear(data))
    // ANCHOR_END: main
}

fn is_set(data: &Shared<Data>) -> (bool, String) {
    released(with(data, |data| data.is_set))
}

/// The waiter sleeps before main does anything, and it saw no set when it fell asleep.
fn is_set_or_was(data: &Shared<Data>) -> (bool, String) {
    released(with(data, |data| data.is_set || data.sets != 0))
}

fn released(is_released: bool) -> (bool, String) {
    let words = match is_released {
        true => "wakes up: released",
        false => "wakes up: not set",
    };
    (is_released, words.to_owned())
}

fn set(data: &Shared<Data>) -> ((), String) {
    with(data, |data| {
        data.is_set = true;
        data.sets += 1;
    });
    words("sets the event and notifies")
}

fn clear(data: &Shared<Data>) -> ((), String) {
    with(data, |data| data.is_set = false);
    words("clears the event")
}

pub(super) fn broken() -> Cast {
    cast([waiter_broken, main])
}

pub(super) fn mended() -> Cast {
    cast([waiter_mended, main])
}

fn cast(lines: [Lines<Data>; 2]) -> Cast {
    let data = shared(Data::default());
    Cast {
        bodies: lines.map(|lines| body(&data, lines)).into(),
        asleep: vec![0],
        look: look(&data, |data| {
            let Data { is_set, sets } = data;
            format!("is_set = {is_set}; sets = {sets}")
        }),
        judge: Box::new(|| Verdict::Good("the waiter was released".to_owned())),
    }
}
