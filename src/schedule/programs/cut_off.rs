//! A daemon replaces a file; main ends, and the program with it.

use super::super::Verdict;
use super::{Actor, Cast, Lines, Over, Shared, body, look, shared, with, words};

/// What is in `office.png`, and in a file beside it.
struct Data {
    image: &'static str,
    beside: &'static str,
}

fn daemon_broken(turn: &Actor, disk: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: daemon_broken
    turn.step(|| open(disk))?;
    turn.step(|| write_half(disk))?;
    turn.step(|| write_rest(disk))
    // ANCHOR_END: daemon_broken
}

fn daemon_mended(turn: &Actor, disk: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: daemon_mended
    turn.step(|| half_beside(disk))?;
    turn.step(|| rest_beside(disk))?;
    turn.step(|| rename(disk))
    // ANCHOR_END: daemon_mended
}

fn main(turn: &Actor, _: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: main
    turn.exit()
    // ANCHOR_END: main
}

fn open(disk: &Shared<Data>) -> ((), String) {
    with(disk, |disk| disk.image = "empty");
    words("opens office.png, which empties it")
}

fn write_half(disk: &Shared<Data>) -> ((), String) {
    with(disk, |disk| disk.image = "half of the new one");
    words("writes the first half")
}

fn write_rest(disk: &Shared<Data>) -> ((), String) {
    with(disk, |disk| disk.image = "the new one");
    words("writes the second half")
}

fn half_beside(disk: &Shared<Data>) -> ((), String) {
    with(disk, |disk| disk.beside = "half of the new one");
    words("writes the first half beside it")
}

fn rest_beside(disk: &Shared<Data>) -> ((), String) {
    with(disk, |disk| disk.beside = "the new one");
    words("writes the second half beside it")
}

fn rename(disk: &Shared<Data>) -> ((), String) {
    with(disk, |disk| disk.image = std::mem::take(&mut disk.beside));
    words("renames it to office.png")
}

pub(super) fn broken() -> Cast {
    cast([daemon_broken, main])
}

pub(super) fn mended() -> Cast {
    cast([daemon_mended, main])
}

fn cast(lines: [Lines<Data>; 2]) -> Cast {
    let disk = shared(Data {
        image: "the old one",
        beside: "",
    });
    Cast {
        bodies: lines.map(|lines| body(&disk, lines)).into(),
        asleep: Vec::new(),
        look: look(&disk, |disk| match disk.beside {
            "" => format!("office.png = {}", disk.image),
            beside => format!("office.png = {}; beside it = {beside}", disk.image),
        }),
        judge: Box::new(move || {
            let image = with(&disk, |disk| disk.image);
            let words = format!("office.png is {image}");
            match image {
                "the old one" | "the new one" => Verdict::Good(words),
                _ => Verdict::Bad(words),
            }
        }),
    }
}
