//! One program under loom: its threads make their calls and note on the board what came of it.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::judge::{Record, judge};
use super::{Before, Bound, Calls, Program, Span, Subject, print, rows_of, set_of};
use crate::loom_models::progress::Stuck;
use crate::loom_models::steps::{Ended, Step};
use crate::loom_models::{coin, harness, progress, recorder};

/// What a program came to.
pub(super) struct Verdict {
    pub(super) executions: usize,
    pub(super) failure: Option<Failure>,
}

pub(super) struct Failure {
    pub(super) why: String,
    /// What became of the calls.
    pub(super) history: String,
    /// If the recorder was on.
    pub(super) steps: Vec<Step>,
    pub(super) ended: Ended,
}

impl Verdict {
    /// The exploring itself panicked.
    pub(super) fn of_a_mistake(why: &str) -> Self {
        let failure = Failure {
            why: why.to_owned(),
            history: String::new(),
            steps: Vec::new(),
            ended: Ended::Otherwise,
        };
        Self {
            executions: 0,
            failure: Some(failure),
        }
    }
}

/// Where the threads of one schedule note their calls.
struct Board<S: Subject> {
    plan: Arc<Plan<S>>,
    records: RefCell<Vec<Record<S::Answer>>>,
    /// Who has written its first cell.
    written: Cell<Calls>,
    /// Whose return others may know of.
    returned: Cell<Calls>,
    /// Of each call, written as it begins, or in its midst, and as it has returned.
    cells: Vec<[loom::cell::UnsafeCell<()>; 2]>,
}

/// A program, and what is known of it beforehand.
struct Plan<S: Subject> {
    program: Program<S::Call>,
    calls: Vec<S::Call>,
    rows: Vec<Range<usize>>,
    promises: Vec<Calls>,
}

// Std's: loom runs all threads of a model on one real thread, and what a job's body captures must be
// `Send`, which loom's cells are not.
std::thread_local! {
    static BOARD: RefCell<Option<Rc<dyn Any>>> = const { RefCell::new(None) };
}

fn board<S: Subject>() -> Rc<Board<S>> {
    let board = BOARD.with_borrow(Clone::clone).expect("a program runs");
    board.downcast().expect("the program's own")
}

/// Explores one program on this thread. If it hangs and must not, `give` gets the verdict, and this
/// does not return.
pub(super) fn run<S: Subject>(
    program: &Program<S::Call>,
    bound: Bound,
    give: impl FnOnce(Verdict) + 'static,
) -> Verdict {
    let program = S::whole(program);
    let plan = Arc::new(Plan::<S> {
        calls: program.iter().flatten().copied().collect(),
        rows: rows_of(&program),
        promises: S::promises(&program),
        program,
    });
    let executions = Arc::new(AtomicUsize::new(0));
    let count = executions.clone();
    harness::give_when_frozen(move || {
        give(Verdict {
            executions: count.load(Ordering::Relaxed),
            failure: Some(failure::<S>("hangs".to_owned(), Ended::Stuck)),
        });
    });

    BOARD.set(None);
    let held = Arc::new(Mutex::new(HashSet::new()));
    let each = {
        let (executions, held) = (executions.clone(), held.clone());
        move || {
            // Here, and not at its end: a worker may go on after the last call has returned.
            accuse_if_wrong::<S>(&held);
            harness::begin(&executions);
            one_schedule(&plan);
        }
    };
    let outcome = harness::search(bound, each);
    let outcome = outcome.map_err(|(why, _)| why).and_then(|completed| {
        let last = catch_unwind(AssertUnwindSafe(|| accuse_if_wrong::<S>(&held)));
        let is_wrong = last.map_err(|payload| harness::text_of(payload.as_ref()));
        is_wrong.map(|()| completed)
    });
    let executions = executions.load(Ordering::Relaxed);
    let why = match outcome {
        Ok(completed) if completed == Some(executions) => None,
        Ok(_) => Some(harness::CUT_SHORT.to_owned()),
        Err(why) => Some(why),
    };
    let ended = match progress::are_abandoned() {
        true => Ended::Stuck,
        false => Ended::Otherwise,
    };
    let failure = why.map(|why| failure::<S>(why, ended));
    coin::put_away();
    Verdict {
        executions,
        failure,
    }
}

/// What the board has of the last schedule.
fn failure<S: Subject>(why: String, ended: Ended) -> Failure {
    let board = board::<S>();
    Failure {
        why,
        history: print::history(&board.plan.program, &board.records.borrow()),
        steps: recorder::steps(),
        ended,
    }
}

/// Judges what the board has of the schedule before, once a history. Panics if it is wrong.
fn accuse_if_wrong<S: Subject>(held: &Mutex<HashSet<Vec<Record<S::Answer>>>>) {
    let Some(board) = BOARD.with_borrow(Clone::clone) else {
        return;
    };
    let board: Rc<Board<S>> = board.downcast().expect("the program's own");
    let history = board.records.borrow();
    let mut held = held.lock().unwrap();
    if !held.contains(&*history) {
        if let Err(why) = judge::<S>(&board.plan.program, &history) {
            panic!("{why}");
        }
        held.insert(history.clone());
    }
}

fn one_schedule<S: Subject>(plan: &Arc<Plan<S>>) {
    let calls = plan.calls.len();
    let nothing = Record {
        has_begun: false,
        answer: None,
        before: 0,
        sees: 0,
    };
    let cells = || [(); 2].map(|()| loom::cell::UnsafeCell::new(()));
    BOARD.set(Some(Rc::new(Board {
        plan: plan.clone(),
        records: RefCell::new(vec![nothing; calls]),
        written: Cell::new(0),
        returned: Cell::new(0),
        cells: (0..calls).map(|_| cells()).collect(),
    })));

    let threads = S::threads(&plan.program);
    progress::watch(match plan.calls.iter().any(|call| S::is_timed(*call)) {
        _ if !S::MAY_BLOCK => Stuck::Never,
        true => Stuck::AsleepForLong,
        false => Stuck::Asleep,
    });
    let real = S::real(&plan.program);
    let start = |calls: &Range<usize>| {
        let (real, calls) = (real.clone(), calls.clone());
        recorder::thread::spawn(move || {
            S::perform(&real, calls);
        })
    };
    let threads: Vec<_> = plan.rows[..threads].iter().map(start).collect();
    drop(real);
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    progress::finished();
}

/// The numbers of the calls in a row.
pub(super) fn row<S: Subject>(row: usize) -> Range<usize> {
    board::<S>().plan.rows[row].clone()
}

/// The row that a call stands in.
pub(super) fn place_of<S: Subject>(me: usize) -> usize {
    let board = board::<S>();
    let place = board.plan.rows.iter().position(|row| row.contains(&me));
    place.expect("each call stands in a row")
}

/// Makes a call and notes what came of it; `false` if it slept and nothing could wake it.
pub(super) fn make<S: Subject>(me: usize, make: impl FnOnce(S::Call) -> S::Answer) -> bool {
    let board = board::<S>();
    let call = board.plan.calls[me];
    recorder::note_call("call", format_args!("{call:?}"), "");
    board.begin(me);
    match catch_unwind(AssertUnwindSafe(|| make(call))) {
        Ok(answer) => {
            recorder::note_call(
                "answer",
                format_args!("{call:?}"),
                format_args!("{answer:?}"),
            );
            board.end(me, answer);
            true
        }
        Err(payload) if payload.is::<progress::Abandoned>() => false,
        Err(payload) => resume_unwind(payload),
    }
}

/// Writes the cell of a call, in its midst.
pub(super) fn write<S: Subject>(me: usize) {
    board::<S>().write(me);
}

impl<S: Subject> Board<S> {
    fn begin(&self, me: usize) {
        let before = match (S::span(self.plan.calls[me]), S::BEFORE) {
            (Span::UntilReturn, _) => 0,
            (_, Before::Schedule) => self.returned.get(),
            (_, Before::Happens) => self.known_to(me),
        };
        let mut records = self.records.borrow_mut();
        (records[me].has_begun, records[me].before) = (true, before);
        if !S::writes_itself(self.plan.calls[me]) {
            self.write(me);
        }
    }

    fn write(&self, me: usize) {
        self.cells[me][0].with_mut(|_| ());
        self.written.set(self.written.get() | (1 << me));
    }

    fn end(&self, me: usize, answer: S::Answer) {
        let written = self.written.get();
        let own = set_of(self.row_of(me));
        let of_others = self.visible(self.plan.promises[me] & written & !own, 0);
        let mut records = self.records.borrow_mut();
        records[me].sees = of_others | (own & written);
        records[me].answer = Some(answer);
        if S::span(self.plan.calls[me]) != Span::FromBeginning {
            self.returned.set(self.returned.get() | (1 << me));
            self.cells[me][1].with_mut(|_| ());
        }
    }

    /// The calls whose return happens before now, on the thread that is about to make this one. It has
    /// learnt of others only if it has looked at something.
    fn known_to(&self, me: usize) -> Calls {
        let returned = self.returned.get();
        let mut earlier = self.row_of(me).start..me;
        let own = set_of(earlier.clone());
        let has_looked = earlier.any(|call| S::looks(self.plan.calls[call]));
        let of_others = match has_looked {
            true => self.visible(returned & !own, 1),
            false => 0,
        };
        returned & own | of_others
    }

    fn row_of(&self, me: usize) -> Range<usize> {
        let row = self.plan.rows.iter().find(|row| row.contains(&me));
        row.expect("each call stands in a row").clone()
    }

    /// Whose cells the running thread may read. A race is a panic of loom's: here, an answer.
    ///
    /// A cell is written once, so it does not matter that loom counts a read that has panicked as going
    /// on.
    fn visible(&self, of: Calls, which: usize) -> Calls {
        let can_be_read = |them: &usize| {
            let read = || self.cells[*them][which].with(|_| ());
            catch_unwind(AssertUnwindSafe(read)).is_ok()
        };
        set_of(super::members(of).filter(can_be_read))
    }
}
