#[path = "../solutions/check_then_act.rs"]
mod solution;
#[path = "../starters/check_then_act.rs"]
#[allow(unused_variables, reason = "a solution may need fewer of them")]
mod starter;

use std::panic::{AssertUnwindSafe, catch_unwind};
use threadproof::{LockedFlags, Registration};

use super::Exercise;

pub(super) const EXERCISE: Exercise = Exercise {
    name: "check-then-act",
    task: "Check and act are one step.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "it was stopped between check and act",
};

type Flags = LockedFlags<&'static str>;
type Worker<'a> = Registration<'a, &'static str>;

fn check(act_unless_stopped: fn(&Flags, &Worker<'_>, &dyn Fn()) -> bool) {
    let flags = Flags::new();
    let worker = flags.register("a.txt").expect("the key is free");
    // While a step runs, a `stop` of another thread waits. The thread that steps would wait for
    // ever, so there the call panics, and by that we know.
    let act = || {
        let stopped = catch_unwind(AssertUnwindSafe(|| flags.stop("a.txt")));
        assert!(stopped.is_err(), "it was stopped between check and act");
    };
    assert!(act_unless_stopped(&flags, &worker, &act), "it does not act");
    assert_eq!(flags.stop("a.txt"), Ok(true));
    let act = || panic!("it acts after it was stopped");
    assert!(
        !act_unless_stopped(&flags, &worker, &act),
        "it says that it acted"
    );
}
