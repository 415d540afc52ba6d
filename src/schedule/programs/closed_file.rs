//! A thread reads two lines of a file that main has opened and will close.

use super::{Actor, Cast, Lines, Over, Shared, body, look, shared, verdict, with, words};

#[derive(Default)]
struct Data {
    is_closed: bool,
    lines_read: u32,
}

fn reader(turn: &Actor, file: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: reader
    if turn.step(|| read(file))? {
        turn.step(|| read(file))?;
    }
    Ok(())
    // ANCHOR_END: reader
}

fn main_broken(turn: &Actor, file: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: main_broken
    turn.step(own_work)?;
    turn.step(|| close(file))
    // ANCHOR_END: main_broken
}

fn main_mended(turn: &Actor, file: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: main_mended
    turn.step(own_work)?;
    turn.join('A')?;
    turn.step(|| close(file))
    // ANCHOR_END: main_mended
}

fn read(file: &Shared<Data>) -> (bool, String) {
    with(file, |file| {
        if file.is_closed {
            return (false, "fails: the file is closed".to_owned());
        }
        file.lines_read += 1;
        (true, format!("reads line {}", file.lines_read))
    })
}

fn own_work() -> ((), String) {
    words("does its own work")
}

fn close(file: &Shared<Data>) -> ((), String) {
    with(file, |file| file.is_closed = true);
    words("closes the file")
}

pub(super) fn broken() -> Cast {
    cast([reader, main_broken])
}

pub(super) fn mended() -> Cast {
    cast([reader, main_mended])
}

fn cast(lines: [Lines<Data>; 2]) -> Cast {
    let file = shared(Data::default());
    Cast {
        bodies: lines.map(|lines| body(&file, lines)).into(),
        asleep: Vec::new(),
        look: look(&file, |file| match file.is_closed {
            true => "the file is closed".to_owned(),
            false => "the file is open".to_owned(),
        }),
        judge: Box::new(move || {
            let n = with(&file, |file| file.lines_read);
            let bad = format!("the file was closed under the thread, which has {n} of 2 lines");
            verdict(n == 2, "the thread has read both lines", &bad)
        }),
    }
}
