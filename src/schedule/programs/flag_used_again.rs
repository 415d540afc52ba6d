//! Main stops a worker, and at once starts the next one.

use super::{Actor, Cast, Lines, Over, Shared, body, look, shared, verdict, with, words};

#[derive(Default)]
struct Data {
    is_stopped: bool,
    next_was_started: bool,
    /// The first worker read on beside the next.
    two_run: bool,
}

fn worker(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: worker
    for page in 1..=2 {
        if turn.step(|| stopped_or_read(data, page))? {
            break;
        }
    }
    Ok(())
    // ANCHOR_END: worker
}

fn main_broken(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: main_broken
    turn.step(|| set(data))?;
    turn.step(|| clear_and_start(data))
    // ANCHOR_END: main_broken
}

fn main_mended(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: main_mended
    turn.step(|| set(data))?;
    turn.step(|| start_with_its_own(data))
    // ANCHOR_END: main_mended
}

fn stopped_or_read(data: &Shared<Data>, page: u32) -> (bool, String) {
    with(data, |data| {
        data.two_run |= data.next_was_started && !data.is_stopped;
        match data.is_stopped {
            true => (true, "looks: stopped, ends".to_owned()),
            false => (false, format!("looks: not stopped, reads page {page}")),
        }
    })
}

fn set(data: &Shared<Data>) -> ((), String) {
    with(data, |data| data.is_stopped = true);
    words("sets the flag")
}

fn clear_and_start(data: &Shared<Data>) -> ((), String) {
    with(data, |data| {
        data.is_stopped = false;
        data.next_was_started = true;
    });
    words("clears the flag and starts the next worker")
}

fn start_with_its_own(data: &Shared<Data>) -> ((), String) {
    with(data, |data| data.next_was_started = true);
    words("starts the next worker, with a flag of its own")
}

pub(super) fn broken() -> Cast {
    cast([worker, main_broken])
}

pub(super) fn mended() -> Cast {
    cast([worker, main_mended])
}

fn cast(lines: [Lines<Data>; 2]) -> Cast {
    let data = shared(Data::default());
    Cast {
        bodies: lines.map(|lines| body(&data, lines)).into(),
        asleep: Vec::new(),
        look: look(&data, |data| format!("flag = {}", data.is_stopped)),
        judge: Box::new(move || {
            let two_run = with(&data, |data| data.two_run);
            verdict(!two_run, "one worker runs", "two workers run")
        }),
    }
}
