//! X14 in every small program of whoever waits and drives: each job runs, whoever waits for it or nobody,
//! its outcome is taken once, and everybody hears of the end.
//!
//! The rows that are written down are the threads that call. Behind them stands the background thread,
//! and behind that each job, from its beginning to its end: whoever drives runs it.

mod every;
mod state;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use self::every::makes_sense;
use self::state::State;
use super::event::has_time_passed;
use super::{Before, Caller, Program, Span, Subject, Ways, calls_of, enumerate, run};
use crate::Event;
use crate::loom_models::{coin, crew};
use crate::sync::Deadline;
use crate::turns::{self, Crew, Then};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Call {
    /// Submits the job, and goes on.
    Tell(u64),
    /// Submits it, waits for it, and comes back.
    Ask(u64),
    Wait(u64),
    /// For a second, and not at all.
    WaitTimeout(u64),
    Poll(u64),
    /// For the first of all jobs.
    WaitForAny,
    Close,
    /// Not of the turns: waits until the job has run, and a second passes.
    UntilRun(u64),
    TimePasses,
    /// The end of a row that has come back. Not written down, nor is what follows.
    Leave,
    /// The background thread's life.
    Drive,
    Begin(u64),
    End(u64),
}

use Call::*;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Answer {
    Done,
    Refused,
    Took(u64),
    /// It is over, and the outcome not there.
    IsOver,
    TimedOut,
    /// Timed out, and no time had passed.
    TooEarly,
}

struct Turns;

#[derive(Clone)]
struct Real {
    turns: Arc<turns::Turns<crew::Jobs>>,
    jobs: BTreeSet<u64>,
    have_run: Arc<BTreeMap<u64, Event>>,
}

/// All that are submitted, in the order of the calls.
fn jobs_of(program: &Program<Call>) -> impl Iterator<Item = u64> {
    program.iter().flatten().filter_map(|call| match call {
        Tell(job) | Ask(job) => Some(*job),
        _ => None,
    })
}

/// An outcome of these jobs, or that there will be none.
fn take(crew: &mut crew::Jobs, mut jobs: impl Iterator<Item = u64>) -> Option<Answer> {
    let taken = jobs.find_map(|job| crew.take(job).map(|()| Answer::Took(job)));
    taken.or(crew.has_ended().then_some(Answer::IsOver))
}

impl Real {
    fn wait(&self, job: u64, timeout: Duration) -> Answer {
        let deadline = Deadline::after(timeout);
        let one = |crew: &mut crew::Jobs| take(crew, [job].into_iter());
        let answer = self.turns.wait(job, &deadline, Then::Leaves, one);
        answer.unwrap_or(match timeout.is_zero() || has_time_passed() {
            true => Answer::TimedOut,
            false => Answer::TooEarly,
        })
    }

    fn ask(&self, job: u64) -> Answer {
        let is_taken = Cell::new(true);
        let say = |crew: &mut crew::Jobs| is_taken.set(crew.submit(job));
        let one = |crew: &mut crew::Jobs| match is_taken.get() {
            true => take(crew, [job].into_iter()),
            false => Some(Answer::Refused),
        };
        let answer = self.turns.ask(say, job, one);
        answer.expect("it waits for ever")
    }
}

impl Subject for Turns {
    type Call = Call;
    type Answer = Answer;
    type State = State;
    type Real = Real;

    const BEFORE: Before = Before::Schedule;

    fn real(program: &Program<Call>) -> Real {
        if program.iter().flatten().any(|call| *call == TimePasses) {
            coin::lay_out();
        }
        let awaited = program.iter().flatten().filter_map(|call| match call {
            UntilRun(job) => Some((*job, Event::new())),
            _ => None,
        });
        let have_run = Arc::new(awaited.collect::<BTreeMap<_, _>>());
        let begins = calls_of(program).filter_map(|(caller, call)| match call {
            Begin(job) => Some((job, [caller.me, caller.me + 1])),
            _ => None,
        });
        let rows: BTreeMap<_, _> = begins.collect();
        let events = have_run.clone();
        let run = move |job: u64| {
            let [begin, end] = rows[&job];
            run::make::<Self>(begin, |_| Answer::Done);
            if let Some(event) = events.get(&job) {
                event.set();
            }
            run::make::<Self>(end, |_| Answer::Done);
        };
        Real {
            turns: crew::turns(run),
            jobs: jobs_of(program).collect(),
            have_run,
        }
    }

    fn call(real: &Real, call: Call) -> Answer {
        let turns = &real.turns;
        match call {
            Tell(job) => {
                if !turns.tell(|crew| crew.submit(job)) {
                    return Answer::Refused;
                }
            }
            Ask(job) => return real.ask(job),
            Wait(job) => return real.wait(job, Duration::MAX),
            WaitTimeout(job) => return real.wait(job, Duration::from_secs(1)),
            Poll(job) => return real.wait(job, Duration::ZERO),
            WaitForAny => {
                let all = || real.jobs.iter().copied();
                let answer = turns.wait_for_any(all().collect(), |crew| take(crew, all()));
                return answer.expect("it waits for ever");
            }
            Close => turns.tell(crew::Jobs::close),
            UntilRun(job) => real.have_run[&job].wait(),
            TimePasses => coin::toss_here(),
            Leave => turns.leave(|_| {}),
            Drive => turns.drive_in_the_background(),
            Begin(_) | End(_) => {}
        }
        Answer::Done
    }

    fn start(program: &Program<Call>) -> State {
        State::new(program)
    }

    fn ways(state: &State, caller: Caller, call: Call, at: u8) -> Ways<Self> {
        state.way_of(caller, call, at).into_iter().collect()
    }

    fn changes(_: Call) -> bool {
        true
    }

    fn looks(_: Call) -> bool {
        true
    }

    fn is_timed(call: Call) -> bool {
        matches!(call, WaitTimeout(_))
    }

    fn span(call: Call) -> Span {
        match call {
            Begin(_) => Span::UntilReturn,
            End(_) => Span::FromBeginning,
            _ => Span::Whole,
        }
    }

    /// With the background.
    fn threads(program: &Program<Call>) -> usize {
        let background = program.iter().position(|row| row[..] == [Drive]);
        background.expect("a row of its own") + 1
    }

    fn whole(program: &Program<Call>) -> Program<Call> {
        let with_its_end = |row: &Vec<Call>| {
            let end = every::comes_back(row, row.len()).then_some(Leave);
            row.iter().copied().chain(end).collect()
        };
        let callers = program.iter().map(with_its_end);
        let jobs: BTreeSet<u64> = jobs_of(program).collect();
        let jobs = jobs.into_iter().map(|job| vec![Begin(job), End(job)]);
        callers.chain([vec![Drive]]).chain(jobs).collect()
    }

    fn smaller(program: &Program<Call>) -> Vec<Program<Call>> {
        let mut smaller = enumerate::with_one_call_less::<Self>(program);
        smaller.retain(makes_sense);
        smaller
    }
}
