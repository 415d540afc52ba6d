//! Explores a model, prints how far, and does not believe a search that was cut short.

use std::any::{Any, type_name_of_val};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt::{self, Debug};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use super::steps::Step;
use super::{coin, progress, recorder};

/// Which schedules are explored.
#[derive(Clone, Copy)]
pub(super) enum Bound {
    /// All of them.
    Exhaustive,
    /// Those in which at most so many times a thread is interrupted that could have gone on, and not all
    /// of these: after the last interruption loom makes no more choices between threads. Where a thread
    /// then blocks or ends, it goes on with one of those that can run, always the same one.
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
    let each = {
        let begun = begun.clone();
        move || {
            begin(&begun);
            model();
        }
    };
    let outcome = search(bound, each);
    coin::put_away();

    let schedules = begun.load(Ordering::Relaxed);
    let failure = outcome.as_ref().err().map(|(why, _)| why.as_str());
    print(name, bound, schedules, failure);
    if outcome.is_err() && recorder::is_on() {
        print_steps(&recorder::steps());
    }
    match outcome {
        Err((_, payload)) => resume_unwind(payload),
        Ok(completed) => assert_eq!(completed, Some(schedules), "{name}: {CUT_SHORT}"),
    }
}

pub(super) const CUT_SHORT: &str = "the search was cut short";

/// Each schedule begins with this.
pub(super) fn begin(schedules: &AtomicUsize) {
    coin::put_away();
    recorder::begin();
    progress::begin();
    schedules.fetch_add(1, Ordering::Relaxed);
}

/// Explores a model on this thread. Gives the number of schedules that loom says it has completed, if
/// no limit has ended its search; else why it failed, and the payload.
pub(super) fn search(
    bound: Bound,
    each: impl Fn() + Send + Sync + 'static,
) -> Result<Option<usize>, (String, Box<dyn Any + Send>)> {
    let mut builder = loom::model::Builder::new();
    builder.max_branches = 10_000;
    builder.preemption_bound = match bound {
        Bound::Exhaustive => None,
        Bound::Preemptions(most) => Some(most),
    };
    COMPLETED.set(None);
    LazyLock::force(&PANICS_ARE_HEARD);
    let explore = || catch_unwind(AssertUnwindSafe(|| builder.check(each)));
    let hears_steps = recorder::is_on() || progress::are_listened_for();
    let outcome = tracing::subscriber::with_default(Listener { hears_steps }, explore);
    match (outcome, DEADLOCK.take()) {
        (Ok(()), _) => Ok(COMPLETED.get()),
        (Err(payload), deadlock) => {
            let why = deadlock.unwrap_or_else(|| text_of(payload.as_ref()));
            Err((why, payload))
        }
    }
}

/// A model's line. The last one that a run prints has their total.
pub(super) fn print(name: &str, bound: Bound, schedules: usize, failure: Option<&str>) {
    static TOTAL: Mutex<(usize, usize)> = Mutex::new((0, 0));
    let mut total = TOTAL.lock().unwrap();
    *total = (total.0 + 1, total.1 + schedules);
    let (models, all) = *total;
    let verdict = failure.map_or("holds".to_owned(), |why| format!("fails: {why}"));
    say(&format!(
        "model {name}  bound {bound}  schedules {schedules}  {verdict}  \
         (total: {models} models, {all} schedules)\n"
    ));
}

/// As JSON, in one line.
pub(super) fn print_steps(steps: &[Step]) {
    let steps = serde_json::to_string(steps).expect("texts and numbers");
    say(&format!("steps {steps}\n"));
}

/// Past libtest's capture.
pub(super) fn say(line: &str) {
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
pub(super) fn text_of(payload: &(dyn Any + Send)) -> String {
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
static PANICS_ARE_HEARD: LazyLock<()> = LazyLock::new(|| {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let text = text_of(panic.payload());
        if text.starts_with("deadlock; ") {
            recorder::end();
            DEADLOCK.set(Some(text));
        }
        if !IS_SILENT.get() {
            before(panic);
        }
    }));
});

type Freeze = Box<dyn FnOnce()>;

thread_local! {
    static DEADLOCK: RefCell<Option<String>> = const { RefCell::new(None) };
    static FREEZE: RefCell<Option<Freeze>> = const { RefCell::new(None) };
    static IS_SILENT: Cell<bool> = const { Cell::new(false) };
    static COMPLETED: Cell<Option<usize>> = const { Cell::new(None) };
}

/// From now on panics on this thread print nothing: to ask loom whether something may be read is to
/// have its panic, if not.
pub(super) fn be_silent() {
    IS_SILENT.set(true);
}

/// If this thread's search freezes, the verdict is given by this.
pub(super) fn give_when_frozen(give: impl FnOnce() + 'static) {
    FREEZE.set(Some(Box::new(give)));
}

/// Ends this thread's search: the verdict is given, and the thread stays where it is.
pub(super) fn freeze() -> ! {
    recorder::end();
    if let Some(give) = FREEZE.take() {
        give();
    }
    loop {
        std::thread::park();
    }
}

/// Hears what loom does.
///
/// It says "Completed in 606 iterations" only when no limit has ended its search. To the recorder it
/// tells which thread goes on (by entering its span), and when a thread has fallen asleep.
struct Listener {
    /// Decided here once and not by the thread that is asked, which may be another search's.
    hears_steps: bool,
}

impl tracing::Subscriber for Listener {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        let is_of_steps = match metadata.is_span() {
            true => metadata.name() == "thread",
            false => metadata.target() == "loom::rt::condvar",
        };
        let is_of_end = metadata.is_event() && metadata.target() == "loom::model";
        is_of_end || (is_of_steps && self.hears_steps)
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
