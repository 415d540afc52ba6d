//! A thread looks at a flag, then goes to sleep; main sets the flag and notifies.

use super::super::Verdict;
use super::{Actor, Cast, Lines, Over, Shared, body, look, shared, with, words};

fn waiter_broken(turn: &Actor, flag: &Shared<bool>) -> Result<(), Over> {
    // ANCHOR: waiter_broken
    if turn.step(|| is_set(flag))? {
        return Ok(());
    }
    turn.sleep(None, "falls asleep")?;
    turn.wake("the lock", || words("wakes up"))
    // ANCHOR_END: waiter_broken
}

fn main_broken(turn: &Actor, flag: &Shared<bool>) -> Result<(), Over> {
    // ANCHOR: main_broken
    turn.step(|| set(flag))?;
    turn.notify_all(|| words("notifies"))
    // ANCHOR_END: main_broken
}

fn waiter_mended(turn: &Actor, flag: &Shared<bool>) -> Result<(), Over> {
    // ANCHOR: waiter_mended
    if turn.lock("the lock", || is_set(flag))? {
        return turn.unlock("the lock", || words("gives the lock back"));
    }
    turn.sleep(Some("the lock"), "falls asleep, giving the lock back")?;
    turn.wake("the lock", || words("wakes up"))
    // ANCHOR_END: waiter_mended
}

fn main_mended(turn: &Actor, flag: &Shared<bool>) -> Result<(), Over> {
    // ANCHOR: main_mended
    turn.locked("the lock", || set(flag))?;
    turn.notify_all(|| words("notifies"))
    // ANCHOR_END: main_mended
}

fn is_set(flag: &Shared<bool>) -> (bool, String) {
    match with(flag, |flag| *flag) {
        true => (true, "looks: set".to_owned()),
        false => (false, "looks: not set".to_owned()),
    }
}

fn set(flag: &Shared<bool>) -> ((), String) {
    with(flag, |flag| *flag = true);
    words("sets the flag")
}

pub(super) fn broken() -> Cast {
    cast([waiter_broken, main_broken])
}

pub(super) fn mended() -> Cast {
    cast([waiter_mended, main_mended])
}

fn cast(lines: [Lines<bool>; 2]) -> Cast {
    let flag = shared(false);
    Cast {
        bodies: lines.map(|lines| body(&flag, lines)).into(),
        asleep: Vec::new(),
        look: look(&flag, |flag| format!("flag = {flag}")),
        judge: Box::new(|| Verdict::Good("the waiter saw the flag".to_owned())),
    }
}
