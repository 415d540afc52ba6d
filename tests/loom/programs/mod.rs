//! Every small program: all ways in which a few threads make a few calls of one type, each run under
//! loom, and each execution judged by what the calls would do one after the other.
//!
//! A model written by hand proves what its author thought of. Here a type names its calls, and says
//! what each of them does to a state of a few fields; which calls meet is nobody's choice any more.
//!
//! ```text
//!   calls ── enumerate ──▶ programs ── run: loom ──▶ histories ── judge: an order of the calls? ──▶ holds
//!                             ▲                                                     │ none
//!                             └────────────── shrink: fewer calls ◀─────────────────┘
//! ```
//!
//! | file | what it does |
//! |---|---|
//! | `enumerate.rs` | all programs of a size, each once; the programs with one call less |
//! | `run.rs` | one program under loom: what each call answered, and what it could see |
//! | `judge.rs` | looks for an order of the calls that explains a history |
//! | `explore.rs` | all programs, side by side; counts, and makes small what fails |
//! | `print.rs` | a program as code, its history and its schedule as tables |
//!
//! What is judged, of each execution:
//! 1. *answers*: some order of the calls explains all of them, and respects who came before whom;
//! 2. *blocked calls*: in that order exactly these can go on no further at the end;
//! 3. *visibility*: what a call is promised to see in **every** such order, it does see. Each call
//!    writes a cell of its own, and loom knows whose write comes before what.
//!
//! **Steps.** A call is one step or several, since others may come in between: `Event::wait` is two (it
//! is counted, it is released). Otherwise a lost pulse could not be told from a wait that came late.
//!
//! # A new type
//! One file beside `event.rs`, and a line `mod` below. It has the enum of calls and that of answers, the
//! state, and an `impl` of [`Subject`]:
//! - [`call`](Subject::call) makes a call of the real type, [`ways`](Subject::ways) says what it may do
//!   to the state: nothing if it blocks here, several if it has a choice;
//! - [`changes`](Subject::changes) and [`looks`](Subject::looks) keep out programs whose threads have
//!   nothing to do with one another;
//! - if everything is under one lock, [`BEFORE`](Subject::BEFORE) is `Schedule`; of bare atomics it is
//!   `Happens`, and each location is a part of its own ([`PARTS`](Subject::PARTS)), since nobody
//!   promises that two of them are seen to change in one order;
//! - a call with a deadline is [`is_timed`](Subject::is_timed): time passes when nobody can go on;
//! - where the type itself calls back (a job's body), the rows behind the
//!   [`threads`](Subject::threads) are these bodies, from their beginning to their end: see `pool.rs`.
//!
//! Then a test with the sizes, `explore_all::<Type>(tables)`. What was found once stays as
//! `holds::<Type>(program)`, which is a model like any other, so that a break can name it.
//!
//! What the test knows beside the model must be no secret of std's: two threads that meet in a lock of
//! `std`'s are strangers to loom, and it does not try their other order. So what programs share is in
//! `crate::sync`'s locks. The *board*, on which the calls are noted, is looked at by nobody who acts on it.

mod enumerate;
mod explore;
mod judge;
mod print;
mod run;

mod batch;
mod event;
mod job;
mod locked_flags;
mod pool;
mod queue;
mod running;
mod semaphore;
mod stop_flags;
mod turns;

use std::fmt::Debug;
use std::hash::Hash;
use std::ops::Range;

use self::explore::{explore_all, holds, or_larger, table};
use super::harness::Bound;

/// A set of calls of one program, by number.
type Calls = u32;

/// What each thread calls, one after the other.
type Program<C> = Vec<Vec<C>>;

/// What makes one call come before another one for certain.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// It returned before the other one began, in the order of the schedule.
    Schedule,
    /// Its return happens before the other one's beginning, as the memory model has it: a load may
    /// give an old value although the store has returned.
    Happens,
}

/// When a call is made, as far as anybody can see.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Span {
    /// Between its beginning and its return.
    Whole,
    /// At any time before its return: a worker has claimed the job whose body begins.
    UntilReturn,
    /// At any time after its beginning: the body has ended, and then its worker says so.
    FromBeginning,
}

/// Whose call it is.
#[derive(Clone, Copy)]
struct Caller {
    /// The number of the call, over all rows.
    me: usize,
    /// The row of the program that it stands in.
    row: usize,
}

/// One way in which a call can go on from a state.
struct Way<S, A> {
    state: S,
    then: Then<A>,
    /// Whose cells it has learnt to see by this step.
    sees: Calls,
}

enum Then<A> {
    /// Not over: the next step is asked for with this number.
    GoesOn(u8),
    Answers(A),
}

type Ways<S> = Vec<Way<<S as Subject>::State, <S as Subject>::Answer>>;

impl<S, A> Way<S, A> {
    fn answers(state: S, answer: A) -> Self {
        let then = Then::Answers(answer);
        let sees = 0;
        Self { state, then, sees }
    }

    fn goes_on(state: S, at: u8) -> Self {
        let then = Then::GoesOn(at);
        let sees = 0;
        Self { state, then, sees }
    }

    fn seeing(self, sees: Calls) -> Self {
        Self { sees, ..self }
    }
}

/// A type under test: its calls, how they are made of the real one, and what they mean.
trait Subject: Sized + 'static {
    type Call: Copy + Ord + Hash + Debug + Send + Sync + 'static;
    type Answer: Clone + Eq + Hash + Debug + Send + Sync + 'static;
    /// What the calls do, one after the other.
    type State: Clone + Eq + Hash;
    /// What a thread of the program holds of the real type.
    type Real: Clone + 'static;

    const BEFORE: Before;
    /// How many parts of it keep their promises each for itself.
    const PARTS: usize = 1;
    /// Whether a program may end with calls that sleep; else that is a failure.
    const MAY_BLOCK: bool = true;

    fn real(program: &Program<Self::Call>) -> Self::Real;
    fn call(real: &Self::Real, call: Self::Call) -> Self::Answer;
    /// Makes the calls of a row. Other than this if one call lends what the next ones need.
    fn perform(real: &Self::Real, mut calls: Range<usize>) {
        calls.all(|me| run::make::<Self>(me, |call| Self::call(real, call)));
    }

    /// Whether the call's cell is not written at its beginning but by [`run::write`] in its midst.
    fn writes_itself(_: Self::Call) -> bool {
        false
    }

    fn start(program: &Program<Self::Call>) -> Self::State;
    /// What a call may do next, having come to `at` (0: not begun). Nothing: it blocks.
    fn ways(state: &Self::State, caller: Caller, call: Self::Call, at: u8) -> Ways<Self>;
    /// Whether the call has to do with this part.
    fn concerns(_: Self::Call, _part: usize) -> bool {
        true
    }

    /// Whether somebody else could see that the call was made.
    fn changes(call: Self::Call) -> bool;
    /// Whether its answer, or its end, depends on what others did.
    fn looks(call: Self::Call) -> bool;
    fn is_timed(_: Self::Call) -> bool {
        false
    }
    fn span(_: Self::Call) -> Span {
        Span::Whole
    }

    /// Whether a thread may make these calls, whatever the others do.
    fn makes_sense(_row: &[Self::Call]) -> bool {
        true
    }
    /// With what is not written down, such as the beginning and the end of a body.
    fn whole(program: &Program<Self::Call>) -> Program<Self::Call> {
        program.clone()
    }
    /// How many rows are threads from the start; the others are begun by the type itself.
    fn threads(program: &Program<Self::Call>) -> usize {
        program.len()
    }
    /// The program with one call less, in all ways that make sense.
    fn smaller(program: &Program<Self::Call>) -> Vec<Program<Self::Call>> {
        enumerate::with_one_call_less::<Self>(program)
    }
    /// Whose cells each call may be promised to see.
    fn promises(program: &Program<Self::Call>) -> Vec<Calls> {
        judge::promises::<Self>(program)
    }
}

/// The calls of a program, from the first row's to the last one's.
fn calls_of<C: Copy>(program: &Program<C>) -> impl Iterator<Item = (Caller, C)> {
    let rows = program.iter().enumerate();
    let calls = rows.flat_map(|(row, calls)| calls.iter().map(move |call| (row, *call)));
    calls
        .enumerate()
        .map(|(me, (row, call))| (Caller { me, row }, call))
}

/// The numbers of each row's calls.
fn rows_of<C>(program: &Program<C>) -> Vec<Range<usize>> {
    let mut first = 0;
    let row = |calls: &Vec<C>| {
        let row = first..first + calls.len();
        first = row.end;
        row
    };
    program.iter().map(row).collect()
}

fn members(calls: Calls) -> impl Iterator<Item = usize> {
    (0..Calls::BITS as usize).filter(move |me| calls & (1 << me) != 0)
}

fn set_of(calls: impl IntoIterator<Item = usize>) -> Calls {
    calls.into_iter().fold(0, |set, me| set | (1 << me))
}

/// At most one thread is interrupted, once, where it could have gone on; after that loom tries one way to
/// go on. With no interruption a model of bare locks finds nothing; with one, nearly everything: see the
/// book's "Every small program".
const ONCE: Bound = Bound::Preemptions(1);
const TWICE: Bound = Bound::Preemptions(2);
