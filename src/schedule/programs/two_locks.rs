//! Two threads take the same two locks.

use super::super::Verdict;
use super::{Actor, Cast, Lines, Over, Shared, body, look, shared, words};

fn one_then_two(turn: &Actor, _: &Shared<()>) -> Result<(), Over> {
    // ANCHOR: one_then_two
    take(turn, "lock 1")?;
    take(turn, "lock 2")?;
    give(turn, "lock 2")?;
    give(turn, "lock 1")
    // ANCHOR_END: one_then_two
}

fn two_then_one(turn: &Actor, _: &Shared<()>) -> Result<(), Over> {
    // ANCHOR: two_then_one
    take(turn, "lock 2")?;
    take(turn, "lock 1")?;
    give(turn, "lock 1")?;
    give(turn, "lock 2")
    // ANCHOR_END: two_then_one
}

/// A step stands where this is called.
#[track_caller]
fn take(turn: &Actor, lock: &'static str) -> Result<(), Over> {
    turn.lock(lock, || words(&format!("takes {lock}")))
}

#[track_caller]
fn give(turn: &Actor, lock: &'static str) -> Result<(), Over> {
    turn.unlock(lock, || words(&format!("gives {lock} back")))
}

pub(super) fn broken() -> Cast {
    cast([one_then_two, two_then_one])
}

pub(super) fn mended() -> Cast {
    cast([one_then_two, one_then_two])
}

fn cast(lines: [Lines<()>; 2]) -> Cast {
    let nothing = shared(());
    Cast {
        bodies: lines.map(|lines| body(&nothing, lines)).into(),
        asleep: Vec::new(),
        look: look(&nothing, |()| String::new()),
        judge: Box::new(|| Verdict::Good("both had both locks".to_owned())),
    }
}
