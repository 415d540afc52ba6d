//! A worker registers its flag while main stops all.

use super::{Actor, Cast, Lines, Over, Shared, body, look, shared, verdict, with, words};

#[derive(Default)]
struct Data {
    all_stopped: bool,
    is_registered: bool,
    is_stopped: bool,
}

fn worker_broken(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: worker_broken
    let is_stopped = turn.step(|| all_stopped(data))?;
    turn.step(|| register(data, is_stopped))
    // ANCHOR_END: worker_broken
}

fn main_broken(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: main_broken
    turn.step(|| stop_all(data))
    // ANCHOR_END: main_broken
}

fn worker_mended(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: worker_mended
    let is_stopped = turn.lock("the lock", || all_stopped(data))?;
    turn.unlock("the lock", || register(data, is_stopped))
    // ANCHOR_END: worker_mended
}

fn main_mended(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: main_mended
    turn.locked("the lock", || stop_all(data))
    // ANCHOR_END: main_mended
}

fn all_stopped(data: &Shared<Data>) -> (bool, String) {
    match with(data, |data| data.all_stopped) {
        true => (true, "looks: all stopped".to_owned()),
        false => (false, "looks: not all stopped".to_owned()),
    }
}

fn register(data: &Shared<Data>, is_stopped: bool) -> ((), String) {
    with(data, |data| {
        data.is_registered = true;
        data.is_stopped = is_stopped;
    });
    words(match is_stopped {
        true => "registers as stopped",
        false => "registers as running",
    })
}

fn stop_all(data: &Shared<Data>) -> ((), String) {
    let is_registered = with(data, |data| {
        data.all_stopped = true;
        data.is_stopped |= data.is_registered;
        data.is_registered
    });
    words(match is_registered {
        true => "stops all: the worker",
        false => "stops all: nobody is there",
    })
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
        look: look(&data, |data| {
            let flag = match (data.is_registered, data.is_stopped) {
                (false, _) => "none",
                (true, false) => "running",
                (true, true) => "stopped",
            };
            format!("all_stopped = {}; flag = {flag}", data.all_stopped)
        }),
        judge: Box::new(move || {
            let is_stopped = with(&data, |data| data.is_stopped);
            verdict(
                is_stopped,
                "the worker is stopped",
                "the worker was never stopped",
            )
        }),
    }
}
