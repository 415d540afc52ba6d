//! K2 in every small program. Each key keeps its promises for itself: nobody promises in which order
//! a thread sees two flags rise.

use std::sync::Arc;

use super::{
    Before, Bound, Caller, Calls, ONCE, Program, Subject, TWICE, Way, Ways, explore_all, holds,
    or_larger, table,
};
use crate::StopFlags;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Call {
    Stop(&'static str),
    StopAll,
    IsStopped(&'static str),
}

use Call::{IsStopped, Stop, StopAll};

const KEYS: [&str; 2] = ["a", "b"];

/// One flag: who has raised it.
struct Flags;

impl Subject for Flags {
    type Call = Call;
    type Answer = Option<bool>;
    type State = Calls;
    type Real = Arc<StopFlags<&'static str>>;

    const BEFORE: Before = Before::Happens;
    const PARTS: usize = KEYS.len();

    fn real(_: &Program<Call>) -> Self::Real {
        Arc::new(StopFlags::new(KEYS))
    }

    fn call(flags: &Self::Real, call: Call) -> Option<bool> {
        match call {
            Stop(key) => flags.stop(key).ok(),
            IsStopped(key) => flags.is_stopped(key).ok(),
            StopAll => {
                flags.stop_all();
                None
            }
        }
    }

    fn start(_: &Program<Call>) -> Calls {
        0
    }

    // ANCHOR: ways
    fn ways(raised_by: &Calls, caller: Caller, call: Call, _: u8) -> Ways<Self> {
        let (is_raised, with_me) = (*raised_by != 0, raised_by | (1 << caller.me));
        vec![match call {
            Stop(_) => Way::answers(with_me, Some(!is_raised)),
            StopAll => Way::answers(with_me, None),
            IsStopped(_) => Way::answers(*raised_by, Some(is_raised)).seeing(*raised_by),
        }]
    }
    // ANCHOR_END: ways

    fn concerns(call: Call, part: usize) -> bool {
        match call {
            Stop(key) | IsStopped(key) => key == KEYS[part],
            StopAll => true,
        }
    }

    fn changes(call: Call) -> bool {
        !matches!(call, IsStopped(_))
    }

    fn looks(call: Call) -> bool {
        !matches!(call, StopAll)
    }
}

/// K2
#[test]
fn every_program() {
    let name = "StopFlags: stop, stop_all, is_stopped";
    let all = [
        Stop("a"),
        Stop("b"),
        StopAll,
        IsStopped("a"),
        IsStopped("b"),
    ];
    let four = &[Stop("a"), StopAll, IsStopped("a"), IsStopped("b")];
    let of = |calls: &[Call], size: &[usize], bound| table::<Flags>(name, calls, size, bound);
    explore_all::<Flags>(or_larger(
        vec![
            of(&all, &[2, 2], ONCE),
            of(&all, &[2, 1, 1], ONCE),
            of(four, &[2, 2, 1], ONCE),
        ],
        vec![
            of(&all, &[2, 2], Bound::Exhaustive),
            of(&all, &[2, 1, 1], TWICE),
            of(&all, &[2, 2, 2], ONCE),
        ],
    ));
}

// ANCHOR: found
/// Found by `every_program`.
#[test]
fn stop_all_after_stop_keeps_what_was_written_before_stop() {
    holds::<Flags>(vec![vec![Stop("a")], vec![StopAll], vec![IsStopped("a")]]);
}
// ANCHOR_END: found
