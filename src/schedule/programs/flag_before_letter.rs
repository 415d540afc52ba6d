//! One thread writes a letter and raises a flag; the other looks at the flag, then reads.

use super::{Actor, Cast, Lines, Over, Shared, body, look, shared, verdict, with, words};

#[derive(Default)]
struct Data {
    letter: u32,
    flag: bool,
    /// The reader saw the flag and no letter.
    read_nothing: bool,
}

fn writer_broken(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: writer_broken
    turn.step(|| raise(data))?;
    turn.step(|| write(data))
    // ANCHOR_END: writer_broken
}

fn writer_mended(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: writer_mended
    turn.step(|| write(data))?;
    turn.step(|| raise(data))
    // ANCHOR_END: writer_mended
}

fn reader(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: reader
    if turn.step(|| is_raised(data))? {
        turn.step(|| read(data))?;
    }
    Ok(())
    // ANCHOR_END: reader
}

fn write(data: &Shared<Data>) -> ((), String) {
    with(data, |data| data.letter = 42);
    words("writes 42 into the letter")
}

fn raise(data: &Shared<Data>) -> ((), String) {
    with(data, |data| data.flag = true);
    words("raises the flag")
}

fn is_raised(data: &Shared<Data>) -> (bool, String) {
    match with(data, |data| data.flag) {
        true => (true, "looks: the flag is raised".to_owned()),
        false => (false, "looks: no flag, does not read".to_owned()),
    }
}

fn read(data: &Shared<Data>) -> ((), String) {
    let letter = with(data, |data| {
        data.read_nothing = data.letter == 0;
        data.letter
    });
    ((), format!("reads {letter} in the letter"))
}

pub(super) fn broken() -> Cast {
    cast([writer_broken, reader])
}

pub(super) fn mended() -> Cast {
    cast([writer_mended, reader])
}

fn cast(lines: [Lines<Data>; 2]) -> Cast {
    let data = shared(Data::default());
    Cast {
        bodies: lines.map(|lines| body(&data, lines)).into(),
        asleep: Vec::new(),
        look: look(&data, |data| {
            format!("letter = {}; flag = {}", data.letter, data.flag)
        }),
        judge: Box::new(move || {
            let read_nothing = with(&data, |data| data.read_nothing);
            let good = "no flag was seen without its letter";
            verdict(!read_nothing, good, "the flag was seen, and no letter")
        }),
    }
}
