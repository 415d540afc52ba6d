//! <https://docs.python.org/3/library/stdtypes.html#dict>: K1.

use std::collections::HashMap;

use proptest::collection::vec;
use proptest::prelude::*;
use threadproof::{StopFlags, UnknownKey};

#[derive(Clone, Copy, Debug)]
enum Call {
    Stop(u8),
    IsStopped(u8),
    StopAll,
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let key = 0..8u8;
    let call = prop_oneof![
        6 => key.clone().prop_map(Call::Stop),
        6 => key.prop_map(Call::IsStopped),
        1 => Just(Call::StopAll),
    ];
    vec(call, 0..50)
}

proptest! {
    /// K1: the oracle is a map; keys may come twice, calls may name keys that never came.
    #[test]
    fn flags_are_a_map_with_fixed_keys(keys in vec(0..8u8, 0..8), calls in calls()) {
        let mut model: HashMap<u8, bool> = keys.iter().map(|key| (*key, false)).collect();
        let flags = StopFlags::new(keys);
        for call in calls {
            match call {
                Call::Stop(key) => {
                    let expected = model.get_mut(&key).map(|flag| !std::mem::replace(flag, true));
                    prop_assert_eq!(flags.stop(&key), expected.ok_or(unknown(key)));
                }
                Call::IsStopped(key) => {
                    let expected = model.get(&key).copied().ok_or(unknown(key));
                    prop_assert_eq!(flags.is_stopped(&key), expected);
                }
                Call::StopAll => {
                    flags.stop_all();
                    model.values_mut().for_each(|flag| *flag = true);
                }
            }
        }
        for key in 0..8 {
            let expected = model.get(&key).copied().ok_or(unknown(key));
            prop_assert_eq!(flags.is_stopped(&key), expected);
        }
    }
}

fn unknown(key: u8) -> UnknownKey {
    let key = key.to_string();
    UnknownKey { key }
}
