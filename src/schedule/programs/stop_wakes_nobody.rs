//! A worker looks at its stop flag, then waits for a job; main stops it.

use super::super::Verdict;
use super::{Actor, Cast, Lines, Over, Shared, body, look, shared, when, with, words};

struct Data {
    jobs: u32,
    is_stopped: bool,
    is_closed: bool,
}

fn worker(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: worker
    while !turn.step(|| stopped(data))? {
        recv(turn, data)?;
    }
    Ok(())
    // ANCHOR_END: worker
}

fn main_broken(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: main_broken
    turn.step(|| set(data))
    // ANCHOR_END: main_broken
}

fn main_mended(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: main_mended
    turn.step(|| set(data))?;
    turn.step(|| close(data))
    // ANCHOR_END: main_mended
}

fn stopped(data: &Shared<Data>) -> (bool, String) {
    match with(data, |data| data.is_stopped) {
        true => (true, "looks: stopped, ends".to_owned()),
        false => (false, "looks: not stopped".to_owned()),
    }
}

/// A step stands where this is called.
#[track_caller]
fn recv(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    let job_or_end = when(data, |data| data.jobs > 0 || data.is_closed);
    turn.until(job_or_end, || {
        with(data, |data| match data.jobs {
            0 => words("hears that the queue is closed"),
            _ => {
                data.jobs -= 1;
                words("takes the job and does it")
            }
        })
    })
}

fn set(data: &Shared<Data>) -> ((), String) {
    with(data, |data| data.is_stopped = true);
    words("sets the flag")
}

fn close(data: &Shared<Data>) -> ((), String) {
    with(data, |data| data.is_closed = true);
    words("closes the queue")
}

pub(super) fn broken() -> Cast {
    cast([worker, main_broken])
}

pub(super) fn mended() -> Cast {
    cast([worker, main_mended])
}

fn cast(lines: [Lines<Data>; 2]) -> Cast {
    let data = shared(Data {
        jobs: 1,
        is_stopped: false,
        is_closed: false,
    });
    Cast {
        bodies: lines.map(|lines| body(&data, lines)).into(),
        asleep: Vec::new(),
        look: look(&data, |data| {
            let closed = if data.is_closed { ", closed" } else { "" };
            let Data {
                jobs, is_stopped, ..
            } = data;
            format!("flag = {is_stopped}; jobs = {jobs}{closed}")
        }),
        judge: Box::new(|| Verdict::Good("the worker has ended".to_owned())),
    }
}
