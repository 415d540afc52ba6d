//! Main starts a thread for each of two names; the threads read the name later.

use std::collections::BTreeMap;

use super::{Actor, Cast, Lines, Over, Shared, body, look, shared, verdict, with};

type Text = &'static str;

#[derive(Default)]
struct Data {
    /// The file's name in each variable: one for all, or one for each thread.
    variables: BTreeMap<Text, Text>,
    downloaded: Vec<Text>,
}

fn thread_broken(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: thread_broken
    turn.first(|| download(data, "name"))
    // ANCHOR_END: thread_broken
}

fn main_broken(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: main_broken
    turn.start('A', || set(data, "name", "one.png"))?;
    turn.start('B', || set(data, "name", "two.png"))
    // ANCHOR_END: main_broken
}

fn a_mended(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: a_mended
    turn.first(|| download(data, "name_a"))
    // ANCHOR_END: a_mended
}

fn b_mended(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: b_mended
    turn.first(|| download(data, "name_b"))
    // ANCHOR_END: b_mended
}

fn main_mended(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: main_mended
    turn.start('A', || set(data, "name_a", "one.png"))?;
    turn.start('B', || set(data, "name_b", "two.png"))
    // ANCHOR_END: main_mended
}

fn download(data: &Shared<Data>, variable: Text) -> ((), String) {
    let name = with(data, |data| {
        let name = data.variables.get(variable).copied().unwrap_or("nothing");
        data.downloaded.push(name);
        name
    });
    ((), format!("downloads {name}"))
}

fn set(data: &Shared<Data>, variable: Text, name: Text) -> ((), String) {
    with(data, |data| data.variables.insert(variable, name));
    ((), format!("{variable} = {name}, starts a thread"))
}

pub(super) fn broken() -> Cast {
    cast([thread_broken, thread_broken, main_broken])
}

pub(super) fn mended() -> Cast {
    cast([a_mended, b_mended, main_mended])
}

fn cast(lines: [Lines<Data>; 3]) -> Cast {
    let data = shared(Data::default());
    Cast {
        bodies: lines.map(|lines| body(&data, lines)).into(),
        asleep: Vec::new(),
        look: look(&data, |data| {
            let variables = data.variables.iter();
            let told = variables.map(|(variable, name)| format!("{variable} = {name}"));
            told.collect::<Vec<_>>().join("; ")
        }),
        judge: Box::new(move || {
            let is_there = with(&data, |data| data.downloaded.contains(&"one.png"));
            let bad = "two.png was downloaded twice, one.png never";
            verdict(is_there, "both images were downloaded", bad)
        }),
    }
}
