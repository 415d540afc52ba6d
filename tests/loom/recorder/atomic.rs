//! loom's atomics, each step noted.

use super::{Location, note, object};

pub(crate) use std::sync::atomic::Ordering;

macro_rules! atomic {
    ($name:ident, $value:ty, $kind:literal) => {
        #[derive(Debug)]
        pub(crate) struct $name {
            name: String,
            inner: loom::sync::atomic::$name,
            /// The last value in the order of the schedule; a load may well give an older one.
            latest: std::sync::Mutex<$value>,
        }

        impl Default for $name {
            #[track_caller]
            fn default() -> Self {
                Self::new(<$value>::default())
            }
        }

        #[allow(
            dead_code,
            reason = "a break of the source may do what the source does not"
        )]
        impl $name {
            #[track_caller]
            pub(crate) fn new(value: $value) -> Self {
                let name = object($kind, Location::caller());
                let inner = loom::sync::atomic::$name::new(value);
                let latest = std::sync::Mutex::new(value);
                Self {
                    name,
                    inner,
                    latest,
                }
            }

            fn now_is(&self, value: $value) {
                *self.latest.lock().unwrap() = value;
            }

            #[track_caller]
            pub(crate) fn load(&self, ordering: Ordering) -> $value {
                let value = self.inner.load(ordering);
                let stale = match value == *self.latest.lock().unwrap() {
                    true => "",
                    false => ", stale",
                };
                let said = format_args!("{value}, {ordering:?}{stale}");
                note("load", &self.name, said, Location::caller());
                value
            }

            #[track_caller]
            pub(crate) fn store(&self, value: $value, ordering: Ordering) {
                self.inner.store(value, ordering);
                self.now_is(value);
                let said = format_args!("{value}, {ordering:?}");
                note("store", &self.name, said, Location::caller());
            }

            #[track_caller]
            pub(crate) fn swap(&self, value: $value, ordering: Ordering) -> $value {
                let before = self.inner.swap(value, ordering);
                self.now_is(value);
                let said = format_args!("{before} → {value}, {ordering:?}");
                note("swap", &self.name, said, Location::caller());
                before
            }

            #[track_caller]
            pub(crate) fn fetch_update(
                &self,
                success: Ordering,
                failure: Ordering,
                mut update: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                let mut after = None;
                let update = |value| {
                    after = update(value);
                    after
                };
                let answer = self.inner.fetch_update(success, failure, update);
                let (Ok(before) | Err(before)) = answer;
                let said = match after {
                    Some(after) => {
                        self.now_is(after);
                        format!("{before} → {after}, {success:?}")
                    }
                    None => format!("left at {before}, {failure:?}"),
                };
                note("update", &self.name, said, Location::caller());
                answer
            }
        }
    };
}

atomic!(AtomicBool, bool, "flag");
atomic!(AtomicUsize, usize, "counter");

#[allow(
    dead_code,
    reason = "a break of the source may do what the source does not"
)]
impl AtomicUsize {
    #[track_caller]
    pub(crate) fn fetch_add(&self, more: usize, ordering: Ordering) -> usize {
        let before = self.inner.fetch_add(more, ordering);
        let after = before.wrapping_add(more);
        self.now_is(after);
        let said = format_args!("{before} → {after}, {ordering:?}");
        note("fetch add", &self.name, said, Location::caller());
        before
    }
}
