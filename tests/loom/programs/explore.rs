//! All programs of a type, side by side; what fails is made small and shown.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use super::run::{Verdict, run};
use super::{Bound, Program, Subject, enumerate, print};
use crate::loom_models::harness::{self, say};
use crate::loom_models::{progress, recorder};

/// How many programs are explored at the same time: each is one busy thread.
const SIDE_BY_SIDE: usize = 2;

/// So many failing programs are made small, and so many different ones of these are shown in full.
const MADE_SMALL: usize = 20;
const SHOWN: usize = 3;

/// All programs of one size, made of the same calls.
pub(super) struct Table<C> {
    /// The type, and the calls.
    pub(super) name: String,
    pub(super) size: String,
    pub(super) bound: Bound,
    pub(super) programs: Vec<Program<C>>,
}

/// All programs of these calls whose threads make so many of them.
pub(super) fn table<S: Subject>(
    name: &str,
    calls: &[S::Call],
    size: &[usize],
    bound: Bound,
) -> Table<S::Call> {
    let each: Vec<String> = size.iter().map(ToString::to_string).collect();
    Table {
        name: name.to_owned(),
        size: each.join("+"),
        bound,
        programs: enumerate::programs::<S>(calls, size),
    }
}

/// Larger programs are explored instead of the usual ones if the environment says `PROGRAMS=larger`.
pub(super) fn or_larger<T>(usual: T, larger: T) -> T {
    match std::env::var("PROGRAMS").is_ok_and(|asked| asked == "larger") {
        true => larger,
        false => usual,
    }
}

/// Explores all programs of these tables; every one must hold.
pub(super) fn explore_all<S: Subject>(tables: impl IntoIterator<Item = Table<S::Call>>) {
    let failures: usize = tables.into_iter().map(explore::<S>).sum();
    assert_eq!(failures, 0, "programs that fail");
}

/// Explores these programs and prints a line; shows the first that fail, and says how many do.
fn explore<S: Subject>(table: Table<S::Call>) -> usize {
    let (executions, mut failures) = explore_each::<S>(table.bound, table.programs.clone());
    failures.sort_unstable();
    table.print(executions, failures.len());
    let mut shown = Vec::new();
    for index in failures.iter().take(MADE_SMALL) {
        let small = shrink::<S>(table.programs[*index].clone(), table.bound);
        if !shown.contains(&small) {
            match shown.len() {
                0..SHOWN => say(&format!("\n{}\n", in_full::<S>(&small, table.bound))),
                _ => say(&format!("also {}\n", print::code::<S>(&small))),
            }
            shown.push(small);
        }
    }
    failures.len()
}

impl<C> Table<C> {
    /// `programs event::every_program  Event: set, wait  2+1+1  bound 1  programs 159  executions 2548
    /// holds`, and what all came to so far.
    fn print(&self, executions: usize, failures: usize) {
        static TOTAL: Mutex<(usize, usize)> = Mutex::new((0, 0));
        let Self {
            name, size, bound, ..
        } = self;
        let programs = self.programs.len();
        let mut total = TOTAL.lock().unwrap();
        *total = (total.0 + programs, total.1 + executions);
        let (all, executed) = *total;
        let verdict = match failures {
            0 => "holds".to_owned(),
            failures => format!("fails: {failures} programs"),
        };
        let test = this_test();
        say(&format!(
            "programs {test}  {name}  {size}  bound {bound}  programs {programs}  \
             executions {executions}  {verdict}  \
             (total: {all} programs, {executed} executions)\n"
        ));
    }
}

/// libtest names each test's thread after it.
fn this_test() -> String {
    let name = thread::current().name().unwrap_or("").to_owned();
    name.trim_start_matches("loom_models::").to_owned()
}

/// A program that was found once, kept as a model of the calling test.
pub(super) fn holds<S: Subject>(program: Program<S::Call>) {
    holds_within::<S>(Bound::Exhaustive, program);
}

/// As [`holds`], where all schedules are too many.
pub(super) fn holds_within<S: Subject>(bound: Bound, program: Program<S::Call>) {
    let verdict = try_one::<S>(&program, bound, recorder::is_on());
    let why = verdict.failure.as_ref().map(|failure| &*failure.why);
    harness::print(&this_test(), bound, verdict.executions, why);
    if let Some(failure) = verdict.failure {
        if recorder::is_on() {
            harness::print_steps(&failure.steps);
        }
        panic!("{}", in_full::<S>(&program, bound));
    }
}

/// Calls are dropped as long as the program still fails.
fn shrink<S: Subject>(mut program: Program<S::Call>, bound: Bound) -> Program<S::Call> {
    let fails = |program: &Program<S::Call>| try_one::<S>(program, bound, false).failure.is_some();
    while let Some(smaller) = S::smaller(&program).into_iter().find(fails) {
        program = smaller;
    }
    program
}

/// The program, what became of its calls, and its schedule.
fn in_full<S: Subject>(program: &Program<S::Call>, bound: Bound) -> String {
    let verdict = try_one::<S>(program, bound, true);
    let failure = verdict.failure.expect("it has failed before");
    print::failure::<S>(program, verdict.executions, &failure)
}

fn try_one<S: Subject>(program: &Program<S::Call>, bound: Bound, with_steps: bool) -> Verdict {
    let work = Arc::new(Work::<S> {
        programs: vec![program.clone()],
        next: AtomicUsize::new(0),
        bound,
        with_steps,
    });
    let (give, take) = channel();
    start(&work, &give);
    drop(give);
    take.recv().expect("one program, one verdict").verdict
}

/// How many executions they had, and which failed.
fn explore_each<S: Subject>(bound: Bound, programs: Vec<Program<S::Call>>) -> (usize, Vec<usize>) {
    let number = programs.len();
    let work = Arc::new(Work::<S> {
        programs,
        next: AtomicUsize::new(0),
        bound,
        with_steps: false,
    });
    let (give, take) = channel();
    (0..SIDE_BY_SIDE).for_each(|_| start(&work, &give));
    let (mut executions, mut failures) = (0, Vec::new());
    for said in take.iter().take(number) {
        executions += said.verdict.executions;
        if said.verdict.failure.is_some() {
            failures.push(said.program);
        }
        if said.is_frozen {
            start(&work, &give);
        }
    }
    (executions, failures)
}

/// What the exploring threads share.
struct Work<S: Subject> {
    programs: Vec<Program<S::Call>>,
    next: AtomicUsize,
    bound: Bound,
    with_steps: bool,
}

struct Said {
    program: usize,
    verdict: Verdict,
    /// The thread that explored it does not come back.
    is_frozen: bool,
}

/// A thread of std's of its own, since a deadlock freezes it.
fn start<S: Subject>(work: &Arc<Work<S>>, give: &Sender<Said>) {
    let (work, give) = (work.clone(), give.clone());
    thread::spawn(move || {
        harness::be_silent();
        progress::listen();
        if work.with_steps {
            recorder::turn_on();
        }
        loop {
            let program = work.next.fetch_add(1, Ordering::Relaxed);
            let Some(calls) = work.programs.get(program) else {
                break;
            };
            let say = move |give: &Sender<Said>, verdict, is_frozen| {
                // Nobody listens any more if the test has failed otherwise.
                let _ = give.send(Said {
                    program,
                    verdict,
                    is_frozen,
                });
            };
            let at_deadlock = give.clone();
            let run = || {
                run::<S>(calls, work.bound, move |verdict| {
                    say(&at_deadlock, verdict, true)
                })
            };
            // A mistake of ours must not be waited for.
            let verdict = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|payload| {
                Verdict::of_a_mistake(&harness::text_of(payload.as_ref()))
            });
            say(&give, verdict, false);
        }
    });
}
