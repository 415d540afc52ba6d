//! Main starts a thread for each of two names; the threads read the name later.

use super::{Actor, Cast, Lines, Over, Shared, body, look, shared, verdict, with};

type Name = &'static str;

#[derive(Default)]
struct Data {
    /// Main's variable.
    name: Name,
    /// What each thread was given.
    own: [Name; 2],
    downloaded: Vec<Name>,
}

/// Places in [`Data::own`].
const A: usize = 0;
const B: usize = 1;

fn thread_broken(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: thread_broken
    turn.first(|| download(data, |data| data.name))
    // ANCHOR_END: thread_broken
}

fn main_broken(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: main_broken
    turn.start('A', || set(data, "office-1.png"))?;
    turn.start('B', || set(data, "office-2.png"))
    // ANCHOR_END: main_broken
}

fn a_mended(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: a_mended
    turn.first(|| download(data, |data| data.own[A]))
    // ANCHOR_END: a_mended
}

fn b_mended(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: b_mended
    turn.first(|| download(data, |data| data.own[B]))
    // ANCHOR_END: b_mended
}

fn main_mended(turn: &Actor, data: &Shared<Data>) -> Result<(), Over> {
    // ANCHOR: main_mended
    turn.start('A', || give(data, A, "office-1.png"))?;
    turn.start('B', || give(data, B, "office-2.png"))
    // ANCHOR_END: main_mended
}

fn download(data: &Shared<Data>, name: impl Fn(&Data) -> Name) -> ((), String) {
    let name = with(data, |data| {
        let name = name(data);
        data.downloaded.push(name);
        name
    });
    ((), format!("downloads {name}"))
}

fn set(data: &Shared<Data>, name: Name) -> ((), String) {
    with(data, |data| data.name = name);
    ((), format!("sets name to {name}, starts a thread"))
}

fn give(data: &Shared<Data>, thread: usize, name: Name) -> ((), String) {
    with(data, |data| data.own[thread] = name);
    ((), format!("starts a thread that has {name}"))
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
            let [a, b] = data.own;
            let names = [("name", data.name), ("own[A]", a), ("own[B]", b)];
            let names = names.iter().filter(|(_, name)| !name.is_empty());
            let names = names.map(|(whose, name)| format!("{whose} = {name}"));
            names.collect::<Vec<_>>().join("; ")
        }),
        judge: Box::new(move || {
            let is_lost = with(&data, |data| !data.downloaded.contains(&"office-1.png"));
            verdict(
                !is_lost,
                "both images were downloaded",
                "office-2.png was downloaded twice, office-1.png never",
            )
        }),
    }
}
