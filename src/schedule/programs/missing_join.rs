//! Two threads put a result in a list each; main joins, and reads the list.

use super::{Actor, Cast, Lines, Over, Shared, body, look, shared, verdict, with};

#[derive(Default)]
struct Data {
    results: Vec<&'static str>,
    read: usize,
}

fn thread_a(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: thread_a
    turn.step(|| put(data, "a"))
    // ANCHOR_END: thread_a
}

fn thread_b(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: thread_b
    turn.step(|| put(data, "b"))
    // ANCHOR_END: thread_b
}

fn main_broken(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: main_broken
    turn.join('B')?;
    turn.step(|| read(data))
    // ANCHOR_END: main_broken
}

fn main_mended(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: main_mended
    turn.join('A')?;
    turn.join('B')?;
    turn.step(|| read(data))
    // ANCHOR_END: main_mended
}

fn put(data: &Shared<Data>, result: &'static str) -> ((), String) {
    with(data, |data| data.results.push(result));
    ((), format!("puts {result} in the list"))
}

fn read(data: &Shared<Data>) -> ((), String) {
    let n = with(data, |data| {
        data.read = data.results.len();
        data.read
    });
    ((), format!("reads the list: {n} of 2 results"))
}

pub(super) fn broken() -> Cast {
    cast([thread_a, thread_b, main_broken])
}

pub(super) fn mended() -> Cast {
    cast([thread_a, thread_b, main_mended])
}

fn cast(lines: [Lines<Data>; 3]) -> Cast {
    let data = shared(Data::default());
    Cast {
        bodies: lines.map(|lines| body(&data, lines)).into(),
        asleep: Vec::new(),
        look: look(&data, |data| {
            format!("results = [{}]", data.results.join(", "))
        }),
        judge: Box::new(move || {
            let n = with(&data, |data| data.read);
            verdict(
                n == 2,
                "main has both results",
                "main has one result of two",
            )
        }),
    }
}
