//! Orders of steps, enumerated and replayed on real threads.

use rstest::rstest;
use threadproof::schedule::{PROGRAMS, Program};

#[rstest]
#[case("late-name", (3, 2), 3)]
#[case("missing-join", (4, 1), 3)]
#[case("closed-file", (6, 3), 3)]
#[case("cut-off", (4, 2), 4)]
#[case("lost-update", (6, 4), 2)]
#[case("flag-used-again", (5, 2), 5)]
#[case("check-then-act", (3, 1), 2)]
#[case("flag-before-letter", (4, 1), 3)]
#[case("lost-wake-up", (5, 1), 4)]
#[case("pulse", (2, 1), 2)]
#[case("register-versus-stop-all", (3, 1), 2)]
#[case("two-locks", (6, 2), 2)]
#[case("full-queue", (5, 3), 5)]
#[case("stop-wakes-nobody", (4, 1), 8)]
#[case("submit-versus-shutdown", (6, 1), 4)]
fn some_orders_break_the_broken_version_and_none_the_mended(
    #[case] name: &str,
    #[case] (orders, bad): (usize, usize),
    #[case] mended_orders: usize,
) {
    let program = Program::named(name).unwrap();
    let runs = program.broken.orders();
    let found_bad = runs.iter().filter(|run| !run.verdict.is_good()).count();
    assert_eq!((runs.len(), found_bad), (orders, bad));
    let runs = program.mended.orders();
    assert_eq!(runs.len(), mended_orders);
    assert!(runs.iter().all(|run| run.verdict.is_good()));
}

#[test]
fn every_order_can_be_replayed_and_ends_the_same_way() {
    for version in PROGRAMS.iter().flat_map(Program::versions) {
        for run in version.orders() {
            for _ in 0..20 {
                assert_eq!(version.replay(&run.schedule).as_ref(), Ok(&run));
            }
        }
    }
}

#[test]
fn orders_are_sorted_and_all_different() {
    for version in PROGRAMS.iter().flat_map(Program::versions) {
        let schedules: Vec<_> = version
            .orders()
            .into_iter()
            .map(|run| run.schedule)
            .collect();
        assert!(
            schedules.is_sorted_by(|one, next| one < next),
            "{schedules:?}"
        );
    }
}
