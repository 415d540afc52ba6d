//! Two threads take the same two locks.

use super::super::Verdict;
use super::{Actor, Cast, Lines, Over, Shared, body, look, shared, words};

fn one_then_two(turn: &Actor, _: &Shared<()>) -> Result<(), Over> {
    // ANCHOR: one_then_two
    turn.lock("lock 1", || words("takes lock 1"))?;
    turn.lock("lock 2", || words("takes lock 2"))?;
    turn.unlock("lock 2", || words("gives lock 2 back"))?;
    turn.unlock("lock 1", || words("gives lock 1 back"))
    // ANCHOR_END: one_then_two
}

fn two_then_one(turn: &Actor, _: &Shared<()>) -> Result<(), Over> {
    // ANCHOR: two_then_one
    turn.lock("lock 2", || words("takes lock 2"))?;
    turn.lock("lock 1", || words("takes lock 1"))?;
    turn.unlock("lock 1", || words("gives lock 1 back"))?;
    turn.unlock("lock 2", || words("gives lock 2 back"))
    // ANCHOR_END: two_then_one
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
