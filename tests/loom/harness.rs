//! Explores a model, prints how far, and does not believe a search that was cut short.

use std::any::type_name_of_val;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt::{self, Debug};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use super::{coin, recorder};

/// Which schedules are explored.
#[derive(Clone, Copy)]
pub(super) enum Bound {
    /// All of them.
    Exhaustive,
    /// Those in which at most so many times a thread is interrupted that could have gone on.
    ///
    /// For two workers of a pool, where all of them are too many. Three are enough as far as we can
    /// tell: of the breaks in `fixtures/mutants` 18 are seen without any interruption, 39 with one,
    /// 54 of 55 with two.
    Preemptions(usize),
}

/// Explores `model`, which belongs to the calling test; every schedule must hold.
///
/// Prints `model event::one  bound none  schedules 606  holds`, with the test's name and what all
/// models came to so far, past libtest's capture.
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
            recorder::begin();
            begun.fetch_add(1, Ordering::Relaxed);
            model();
        }
    };
    COMPLETED.set(None);
    LazyLock::force(&DEADLOCKS_ARE_HEARD);
    let explore = || catch_unwind(AssertUnwindSafe(|| builder.check(each)));
    let outcome = tracing::subscriber::with_default(Listener, explore);
    coin::put_away();

    let schedules = begun.load(Ordering::Relaxed);
    let verdict = match (&outcome, DEADLOCK.take()) {
        (Ok(()), _) => "holds".to_owned(),
        (Err(_), Some(deadlock)) => format!("fails: {deadlock}"),
        (Err(payload), None) => format!("fails: {}", text_of(payload.as_ref())),
    };
    print(name, bound, schedules, &verdict);
    if outcome.is_err() && recorder::is_on() {
        say(&format!("steps {}\n", recorder::steps()));
    }
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

/// The last line that a run prints has its total.
fn print(name: &str, bound: Bound, schedules: usize, verdict: &str) {
    static TOTAL: Mutex<(usize, usize)> = Mutex::new((0, 0));
    let mut total = TOTAL.lock().unwrap();
    *total = (total.0 + 1, total.1 + schedules);
    let (models, all) = *total;
    say(&format!(
        "model {name}  bound {bound}  schedules {schedules}  {verdict}  \
         (total: {models} models, {all} schedules)\n"
    ));
}

/// Past libtest's capture.
fn say(line: &str) {
    // Nobody may be reading any more; the verdict is the test's, too.
    let _ = std::io::stdout().write_all(line.as_bytes());
}

/// `event::one` for a closure inside the test `event::one`.
fn name_of<F>(model: &F) -> &'static str {
    let name = type_name_of_val(model);
    let name = name
        .split_once("loom_models::")
        .map_or(name, |(_, name)| name);
    name.trim_end_matches("::{{closure}}")
}

/// The payload's text in one line.
fn text_of(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    let lines = text.unwrap_or("").lines().map(str::trim);
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    lines.join(", ")
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

/// loom reports a deadlock by a panic, which a pool would take for its job's: it is noted when it is
/// raised. What else panics is known by its payload.
static DEADLOCKS_ARE_HEARD: LazyLock<()> = LazyLock::new(|| {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let text = text_of(panic.payload());
        if text.starts_with("deadlock; ") {
            DEADLOCK.set(Some(text));
            recorder::end();
        }
        before(panic);
    }));
});

thread_local! {
    static DEADLOCK: RefCell<Option<String>> = const { RefCell::new(None) };
    static COMPLETED: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Hears what loom does.
///
/// It says "Completed in 606 iterations" only when no limit has ended its search. To the recorder it
/// tells which thread goes on (by entering its span), and when a thread has fallen asleep.
struct Listener;

impl tracing::Subscriber for Listener {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        let is_of_steps = match metadata.is_span() {
            true => metadata.name() == "thread",
            false => metadata.target() == "loom::rt::condvar",
        };
        let is_of_end = metadata.is_event() && metadata.target() == "loom::model";
        is_of_end || (is_of_steps && recorder::is_on())
    }

    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut Message);
    }

    /// The thread's number is its span's, but for the zero that a span's number cannot be.
    fn new_span(&self, thread: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        let mut number = Number(0);
        thread.record(&mut number);
        tracing::span::Id::from_u64(number.0 + 1)
    }

    fn enter(&self, thread: &tracing::span::Id) {
        recorder::goes_on(thread.into_u64() as usize - 1);
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

struct Number(u64);

impl tracing::field::Visit for Number {
    fn record_u64(&mut self, _: &tracing::field::Field, number: u64) {
        self.0 = number;
    }

    fn record_debug(&mut self, _: &tracing::field::Field, _: &dyn Debug) {}
}

struct Message;

impl tracing::field::Visit for Message {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn Debug) {
        if field.name() != "message" {
            return;
        }
        let text = format!("{value:?}");
        match &text.split(' ').collect::<Vec<_>>()[..] {
            ["Completed", "in", number, "iterations"] => COMPLETED.set(number.parse().ok()),
            ["Condvar::wait"] => recorder::fell_asleep(),
            _ => {}
        }
    }
}
