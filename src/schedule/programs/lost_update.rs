//! Two threads count: each reads, and then writes one more.

use super::{Actor, Cast, Lines, Over, Shared, body, look, shared, verdict, with};

fn unlocked(turn: &Actor, count: &Shared<u32>) -> Result<(), Over> {
    // ANCHOR: unlocked
    let n = turn.step(|| read(count))?;
    turn.step(|| write(count, n + 1))
    // ANCHOR_END: unlocked
}

fn locked(turn: &Actor, count: &Shared<u32>) -> Result<(), Over> {
    // ANCHOR: locked
    let n = turn.lock("the lock", || read(count))?;
    turn.unlock("the lock", || write(count, n + 1))
    // ANCHOR_END: locked
}

fn read(count: &Shared<u32>) -> (u32, String) {
    let n = with(count, |count| *count);
    (n, format!("reads {n}"))
}

fn write(count: &Shared<u32>, n: u32) -> ((), String) {
    with(count, |count| *count = n);
    ((), format!("writes {n}"))
}

pub(super) fn broken() -> Cast {
    cast(unlocked)
}

pub(super) fn mended() -> Cast {
    cast(locked)
}

fn cast(lines: Lines<u32>) -> Cast {
    let count = shared(0);
    Cast {
        bodies: vec![body(&count, lines), body(&count, lines)],
        asleep: Vec::new(),
        look: look(&count, |count| format!("count = {count}")),
        judge: Box::new(move || {
            let n = with(&count, |count| *count);
            verdict(n == 2, "both updates count", "one update is lost")
        }),
    }
}
