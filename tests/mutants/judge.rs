//! A break that nobody sees, or that is seen for another reason, is reported. No model is run here.

use rstest::rstest;

use crate::mutant::Mutant;
use crate::workspace::Said;

const PATCH: &str = "\
claim: E2
broken: `set` wakes one waiter
fails: event::set_releases_every_waiter
how: deadlock

--- a/src/event.rs
+++ b/src/event.rs
@@ -1,2 +1,2 @@
-//! A line
+//! Another line
 that src/event.rs does not have
";

const LINE: &str = "model event::set_releases_every_waiter  bound none  schedules 19  ";

#[rstest]
#[case::nobody_sees_it("holds", "holds in all 19 schedules")]
#[case::for_another_reason("fails: left: 1, right: 2", "for another reason: `left: 1, right: 2`")]
fn is_reported(#[case] verdict: &str, #[case] complaint: &str) {
    let text = format!("{LINE}{verdict}  (total: 1 models, 19 schedules)\n");
    let mutant = Mutant::parse("notify-one", PATCH);
    let judged = mutant.judge(&Said::parse(text, "notify-one")).err();
    assert!(
        judged.as_ref().is_some_and(|why| why.contains(complaint)),
        "{judged:?}"
    );
}

#[test]
fn test_that_does_not_exist_is_reported() {
    let text = "running 0 tests\n".to_owned();
    let mutant = Mutant::parse("notify-one", PATCH);
    let judged = mutant.judge(&Said::parse(text, "notify-one")).err();
    assert!(judged.is_some_and(|why| why.contains("no model event::set_releases_every_waiter")));
}

#[test]
#[should_panic(expected = "src/event.rs has changed, so make the same break in it again")]
fn patch_that_does_not_apply_is_reported() {
    Mutant::parse("notify-one", PATCH).copy();
}

#[test]
#[should_panic(expected = "notify-one: say how the test fails")]
fn header_without_a_reason_is_reported() {
    Mutant::parse("notify-one", &PATCH.replace("deadlock", ""));
}
