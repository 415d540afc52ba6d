//! A worker looks at its stop flag, then takes a step; main stops it meanwhile.

use super::{Actor, Cast, Lines, Over, Shared, body, look, shared, verdict, with, words};

#[derive(Default)]
struct Data {
    is_stopped: bool,
    stepped_after_stop: bool,
}

fn worker_broken(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: worker_broken
    if turn.step(|| is_stopped(data))? {
        return Ok(());
    }
    turn.step(|| take_a_step(data))
    // ANCHOR_END: worker_broken
}

fn main_broken(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: main_broken
    turn.step(|| stop(data))
    // ANCHOR_END: main_broken
}

fn worker_mended(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: worker_mended
    if turn.lock("the lock", || is_stopped(data))? {
        return turn.unlock("the lock", || words("ends"));
    }
    turn.unlock("the lock", || take_a_step(data))
    // ANCHOR_END: worker_mended
}

fn main_mended(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: main_mended
    turn.locked("the lock", || stop(data))
    // ANCHOR_END: main_mended
}

fn is_stopped(data: &Shared<Data>) -> (bool, String) {
    match with(data, |data| data.is_stopped) {
        true => (true, "looks: stopped".to_owned()),
        false => (false, "looks: not stopped".to_owned()),
    }
}

fn take_a_step(data: &Shared<Data>) -> ((), String) {
    with(data, |data| data.stepped_after_stop = data.is_stopped);
    words("takes a step")
}

fn stop(data: &Shared<Data>) -> ((), String) {
    with(data, |data| data.is_stopped = true);
    words("stops the worker")
}

pub(super) fn broken() -> Cast {
    cast([worker_broken, main_broken])
}

pub(super) fn mended() -> Cast {
    cast([worker_mended, main_mended])
}

fn cast(lines: [Lines<Data>; 2]) -> Cast {
    let data = shared(Data::default());
    Cast {
        bodies: lines.map(|lines| body(&data, lines)).into(),
        asleep: Vec::new(),
        look: look(&data, |data| format!("is_stopped = {}", data.is_stopped)),
        judge: Box::new(move || {
            let is_late = with(&data, |data| data.stepped_after_stop);
            verdict(!is_late, "no step after the stop", "a step after the stop")
        }),
    }
}
