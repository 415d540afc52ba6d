//! D11. Python has none in its library; the words follow
//! <https://urllib3.readthedocs.io/en/stable/reference/urllib3.util.html#urllib3.util.Retry>.

use std::time::Duration;

use rstest::rstest;
use threadproof::back_off::BackOff;

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[rstest]
#[case::first(1, 200)]
#[case::doubled(2, 400)]
#[case::again(3, 800)]
#[case::last_below_the_cap(6, 6_400)]
#[case::capped(7, 10_000)]
#[case::as_often_as_can_be_counted(u32::MAX, 10_000)]
#[case::none_failed_counts_as_one(0, 200)]
fn by_default_waits_double_from_200_ms_to_10_s(#[case] attempts: u32, #[case] expected: u64) {
    assert_eq!(BackOff::default().wait(attempts, None), ms(expected));
}

#[rstest]
#[case::at_once(Duration::ZERO)]
#[case::sooner(ms(199))]
#[case::longer_than_the_cap(Duration::from_secs(3600))]
#[case::for_ever(Duration::MAX)]
fn the_server_can_ask_for_a_longer_wait_and_for_no_shorter_one(
    #[case] retry_after: Duration,
    #[values(1, 9)] attempts: u32,
) {
    let back_off = BackOff::default();
    assert_eq!(
        back_off.wait(attempts, Some(retry_after)),
        back_off.wait(attempts, None).max(retry_after)
    );
}

/// The factor once stopped at 2³², after four seconds of a wait that began with a nanosecond.
#[test]
fn the_shortest_first_wait_reaches_the_cap() {
    let (nanosecond, hour) = (Duration::from_nanos(1), Duration::from_secs(3600));
    let back_off = BackOff::new(nanosecond, hour);
    assert_eq!(back_off.wait(41, None), Duration::from_nanos(1 << 40));
    assert_eq!(back_off.wait(43, None), hour);
}

#[rstest]
#[case::cap_below_the_first(BackOff::new(ms(500), ms(100)), ms(100))]
#[case::no_wait_at_all(BackOff::new(ms(0), ms(100)), ms(0))]
#[case::no_cap(BackOff::new(Duration::MAX, Duration::MAX), Duration::MAX)]
fn the_first_wait_is_within_the_cap(#[case] back_off: BackOff, #[case] expected: Duration) {
    assert_eq!(back_off.wait(1, None), expected);
    assert_eq!(back_off.wait(u32::MAX, None), expected);
}
