//! D11: the back-off against doubling by hand.

use std::time::Duration;

use proptest::prelude::*;
use threadproof::back_off::BackOff;

proptest! {
    #[test]
    fn each_wait_is_twice_the_one_before_or_the_cap(
        first in (0u32..36).prop_map(|doublings| 1u64 << doublings),
        cap in 0u64..=86_400,
        attempts in 1u32..200,
    ) {
        let (first, cap) = (Duration::from_nanos(first), Duration::from_secs(cap));
        let by_hand = (1..attempts).fold(first.min(cap), |wait, _| (wait * 2).min(cap));
        prop_assert_eq!(BackOff::new(first, cap).wait(attempts, None), by_hand);
    }

    #[test]
    fn waits_never_shrink_and_never_exceed_the_cap(
        first in any::<Duration>(),
        cap in any::<Duration>(),
        attempts in any::<u32>(),
        more in any::<u32>(),
    ) {
        let back_off = BackOff::new(first, cap);
        let (wait, later) = (back_off.wait(attempts, None), back_off.wait(attempts.saturating_add(more), None));
        prop_assert!(wait <= later && later <= cap);
    }

    #[test]
    fn of_the_server_s_word_and_the_back_off_the_longer_wins(
        first in any::<Duration>(),
        attempts in any::<u32>(),
        asked in any::<Duration>(),
    ) {
        let wait = BackOff::new(first, first).wait(attempts, Some(asked));
        prop_assert_eq!(wait, first.max(asked));
    }
}
