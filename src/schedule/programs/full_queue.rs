//! A worker puts the links that it finds into the queue that it reads.

use std::collections::VecDeque;

use super::super::Verdict;
use super::{Actor, Cast, Lines, Over, Shared, body, look, shared, when, with, words};

const ROOM: usize = 2;

/// Page 1 has two links, page 2 has none.
const TO_READ: usize = 4;

#[derive(Default)]
struct Data {
    queue: VecDeque<&'static str>,
    /// How many the worker has read.
    read: usize,
}

fn worker_broken(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: worker_broken
    recv(turn, data)?;
    send(turn, data, "link 1")?;
    send(turn, data, "link 2")?;
    while is_more(data) {
        recv(turn, data)?;
    }
    Ok(())
    // ANCHOR_END: worker_broken
}

fn worker_mended(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: worker_mended
    recv(turn, data)?;
    try_send(turn, data, "link 1")?;
    try_send(turn, data, "link 2")?;
    while is_more(data) {
        recv(turn, data)?;
    }
    Ok(())
    // ANCHOR_END: worker_mended
}

fn main(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: main
    send(turn, data, "page 1")?;
    send(turn, data, "page 2")
    // ANCHOR_END: main
}

/// A step stands where this is called.
#[track_caller]
fn send(turn: &Actor, data: &Shared<Data>, what: &'static str) -> Result<(), Over> {
    let has_room = when(data, |data| data.queue.len() < ROOM);
    turn.until(has_room, || put(data, what))
}

#[track_caller]
fn try_send(turn: &Actor, data: &Shared<Data>, what: &'static str) -> Result<(), Over> {
    turn.step(|| {
        if with(data, |data| data.queue.len() < ROOM) {
            return put(data, what);
        }
        with(data, |data| data.read += 1);
        words(&format!("no room: reads {what} at once"))
    })
}

#[track_caller]
fn recv(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    let has_one = when(data, |data| !data.queue.is_empty());
    turn.until(has_one, || {
        let what = with(data, |data| {
            data.read += 1;
            data.queue.pop_front().expect("it has waited for one")
        });
        words(&format!("takes {what} out and reads it"))
    })
}

fn put(data: &Shared<Data>, what: &'static str) -> ((), String) {
    with(data, |data| data.queue.push_back(what));
    words(&format!("puts {what} into the queue"))
}

/// The worker's own count: nobody else changes it.
fn is_more(data: &Shared<Data>) -> bool {
    with(data, |data| data.read < TO_READ)
}

pub(super) fn broken() -> Cast {
    cast([worker_broken, main])
}

pub(super) fn mended() -> Cast {
    cast([worker_mended, main])
}

fn cast(lines: [Lines<Data>; 2]) -> Cast {
    let data = shared(Data::default());
    Cast {
        bodies: lines.map(|lines| body(&data, lines)).into(),
        asleep: Vec::new(),
        look: look(&data, |data| {
            let queue: Vec<_> = data.queue.iter().copied().collect();
            format!("queue = [{}]", queue.join(", "))
        }),
        judge: Box::new(|| Verdict::Good("all four have been read".to_owned())),
    }
}
