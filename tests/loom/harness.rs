//! Explores a model, prints how far, and does not believe a search that was cut short.

use std::any::type_name_of_val;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt::{self, Debug};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::sync::coin;

/// Which schedules are explored.
#[derive(Clone, Copy)]
pub(super) enum Bound {
    /// All of them.
    Exhaustive,
    /// Those in which at most so many threads are interrupted where they could go on.
    Preemptions(usize),
}

/// Explores `model`, which belongs to the calling test; every schedule must hold.
///
/// Prints `model event::one  bound none  schedules 606  holds`, with the test's name, past libtest's
/// capture.
pub(super) fn holds<F: Fn() + Send + Sync + 'static>(bound: Bound, model: F) {
    holds_as(name_of(&model), bound, model);
}

/// As [`holds`], for a model that does not stand in the test itself.
pub(super) fn holds_as(name: &str, bound: Bound, model: impl Fn() + Send + Sync + 'static) {
    let begun = Arc::new(AtomicUsize::new(0));
    let mut builder = loom::model::Builder::new();
    builder.max_branches = 10_000;
    builder.preemption_bound = match bound {
        Bound::Exhaustive => None,
        Bound::Preemptions(most) => Some(most),
    };
    let each = {
        let begun = begun.clone();
        move || {
            coin::put_away();
            begun.fetch_add(1, Ordering::Relaxed);
            model();
        }
    };
    COMPLETED.set(None);
    let explore = || catch_unwind(AssertUnwindSafe(|| builder.check(each)));
    let outcome = tracing::subscriber::with_default(Listener, explore);
    coin::put_away();

    let schedules = begun.load(Ordering::Relaxed);
    let verdict = match &outcome {
        Ok(()) => "holds".to_owned(),
        Err(payload) => format!("fails: {}", text_of(payload.as_ref())),
    };
    let line = format!("model {name}  bound {bound}  schedules {schedules}  {verdict}\n");
    let _ = std::io::stdout().write_all(line.as_bytes());
    if let Err(payload) = outcome {
        resume_unwind(payload);
    }
    let completed = COMPLETED.get();
    assert_eq!(
        completed,
        Some(schedules),
        "{name}: the search was cut short"
    );
}

/// `event::one` for a closure inside the test `event::one`.
fn name_of<F>(model: &F) -> &'static str {
    let name = type_name_of_val(model);
    let name = name
        .split_once("loom_models::")
        .map_or(name, |(_, name)| name);
    name.trim_end_matches("::{{closure}}")
}

fn text_of(payload: &(dyn std::any::Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    text.and_then(|text| text.trim().lines().next())
        .unwrap_or("")
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exhaustive => f.write_str("none"),
            Self::Preemptions(most) => write!(f, "{most}"),
        }
    }
}

/// What the schedules of a model came to: a model that never sees a case proves nothing of it.
#[derive(Clone)]
pub(super) struct Seen<T>(Arc<Mutex<BTreeSet<T>>>);

impl<T: Ord + Debug> Seen<T> {
    pub(super) fn new() -> Self {
        Self(Arc::default())
    }

    pub(super) fn add(&self, case: T) {
        self.0.lock().unwrap().insert(case);
    }

    #[track_caller]
    pub(super) fn are_exactly<const N: usize>(&self, cases: [T; N]) {
        assert_eq!(*self.0.lock().unwrap(), BTreeSet::from(cases));
    }
}

/// Data that nothing guards: loom fails the model if a read does not come after the write.
#[derive(Clone)]
pub(super) struct Data(Arc<loom::cell::Cell<u32>>);

impl Data {
    #[expect(
        clippy::arc_with_non_send_sync,
        reason = "loom runs all threads of a model on one real thread, and the race is the question"
    )]
    pub(super) fn new() -> Self {
        Self(Arc::new(loom::cell::Cell::new(0)))
    }

    #[track_caller]
    pub(super) fn write(&self, value: u32) {
        self.0.set(value);
    }

    #[track_caller]
    pub(super) fn read(&self) -> u32 {
        self.0.get()
    }
}

thread_local! {
    static COMPLETED: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Hears loom say "Completed in 606 iterations"; it says nothing when a limit ends its search.
struct Listener;

impl tracing::Subscriber for Listener {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target() == "loom::model"
    }

    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut Message);
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

struct Message;

impl tracing::field::Visit for Message {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn Debug) {
        let text = format!("{value:?}");
        let words: Vec<&str> = text.split(' ').collect();
        if let ("message", ["Completed", "in", number, "iterations"]) = (field.name(), &words[..]) {
            COMPLETED.set(number.parse().ok());
        }
    }
}
