//! Check and act as one step.

use std::panic::{AssertUnwindSafe, catch_unwind};

use threadproof::{LockedFlags, Registration};

// ANCHOR: starter
type Flags = LockedFlags<&'static str>;
type Worker<'a> = Registration<'a, &'static str>;

/// Acts, unless the worker was stopped; says whether it did.
/// No `stop` may come in between.
fn starter(flags: &Flags, worker: &Worker<'_>, act: &dyn Fn()) -> bool {
    let is_stopped = flags.is_stopped(worker.key()).expect("it is registered");
    // Your turn: what may another thread do here?
    if !is_stopped {
        act();
    }
    !is_stopped
}
// ANCHOR_END: starter

// ANCHOR: solution
fn solution(_: &Flags, worker: &Worker<'_>, act: &dyn Fn()) -> bool {
    worker.step(act).is_some()
}
// ANCHOR_END: solution

// ANCHOR: test
fn test(act_unless_stopped: fn(&Flags, &Worker<'_>, &dyn Fn()) -> bool) {
    let flags = Flags::new();
    let worker = flags.register("a.txt").expect("the key is free");
    // While a step runs, a `stop` of another thread waits. The thread that steps would wait for
    // ever, so there the call panics, and by that we know.
    let act = || {
        let stopped = catch_unwind(AssertUnwindSafe(|| flags.stop("a.txt")));
        assert!(stopped.is_err(), "it was stopped between check and act");
    };
    assert!(act_unless_stopped(&flags, &worker, &act), "it acts");
    assert_eq!(flags.stop("a.txt"), Ok(true));
    let act = || panic!("it acts after it was stopped");
    assert!(!act_unless_stopped(&flags, &worker, &act));
}
// ANCHOR_END: test

#[test]
fn the_starter_fails_and_the_solution_passes() {
    let because = "it was stopped between check and act";
    super::exercise(
        "check_then_act",
        || test(starter),
        because,
        || test(solution),
    );
}
