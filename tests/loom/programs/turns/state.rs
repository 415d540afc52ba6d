//! What the calls mean: jobs that run by themselves, one outcome each, and an end.

use super::super::{Caller, Calls, Program, Way, calls_of};
use super::Answer;
use super::Call::{self, *};
use crate::loom_models::crew::SLOW;

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct State {
    jobs: Vec<Job>,
    is_closed: bool,
    closed_by: Calls,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Job {
    number: u64,
    stage: Stage,
    /// The call that is its end.
    end: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Stage {
    Unknown,
    /// By this call.
    Submitted(usize),
    Runs,
    Ended,
    Taken,
}

impl State {
    pub(super) fn new(program: &Program<Call>) -> Self {
        let job = |(caller, call): (Caller, Call)| match call {
            End(number) => Some(Job {
                number,
                stage: Stage::Unknown,
                end: caller.me,
            }),
            _ => None,
        };
        Self {
            jobs: calls_of(program).filter_map(job).collect(),
            is_closed: false,
            closed_by: 0,
        }
    }

    /// Nothing: it blocks.
    pub(super) fn way_of(&self, caller: Caller, call: Call, at: u8) -> Option<Way<Self, Answer>> {
        let mut next = self.clone();
        match (call, at) {
            (Tell(_) | Ask(_), 0) if self.is_closed => {
                return Some(Way::answers(next, Answer::Refused));
            }
            (Tell(job), _) => *next.stage(job) = Stage::Submitted(caller.me),
            (Ask(job), 0) => {
                *next.stage(job) = Stage::Submitted(caller.me);
                return Some(Way::goes_on(next, 1));
            }
            (Ask(job) | Wait(job), _) => return self.taken(Some(job)),
            (WaitForAny, _) => return self.taken(None),
            (WaitTimeout(job) | Poll(job), _) => {
                let timed_out = || Way::answers(next, Answer::TimedOut);
                return Some(self.taken(Some(job)).unwrap_or_else(timed_out));
            }
            (Close, _) => {
                next.is_closed = true;
                next.closed_by |= 1 << caller.me;
            }
            (TimePasses | Leave, _) => {}
            (UntilRun(job), _) if *next.stage(job) >= Stage::Runs => {}
            (Drive, _) if self.has_ended() => {
                return Some(Way::answers(next, Answer::Done).seeing(self.closed_by));
            }
            (Begin(job), _) => {
                let Stage::Submitted(by) = *next.stage(job) else {
                    return None;
                };
                let has_ended = |other: &Job| other.number != SLOW && other.stage >= Stage::Ended;
                let can_run = job != SLOW || self.jobs.iter().any(has_ended);
                *next.stage(job) = Stage::Runs;
                return can_run.then(|| Way::answers(next, Answer::Done).seeing(1 << by));
            }
            (End(job), _) if *next.stage(job) == Stage::Runs => *next.stage(job) = Stage::Ended,
            (UntilRun(_) | Drive | End(_), _) => return None,
        }
        Some(Way::answers(next, Answer::Done))
    }

    fn stage(&mut self, job: u64) -> &mut Stage {
        let job = self.jobs.iter_mut().find(|known| known.number == job);
        &mut job.expect("somebody submits it").stage
    }

    /// The outcome of this job, or of the first that has one.
    fn taken(&self, job: Option<u64>) -> Option<Way<Self, Answer>> {
        let is_there =
            |known: &Job| known.stage == Stage::Ended && job.is_none_or(|job| job == known.number);
        let mut next = self.clone();
        match next.jobs.iter_mut().find(|known| is_there(known)) {
            Some(job) => {
                job.stage = Stage::Taken;
                let (number, end) = (job.number, job.end);
                Some(Way::answers(next, Answer::Took(number)).seeing(1 << end))
            }
            None => self.has_ended().then(|| Way::answers(next, Answer::IsOver)),
        }
    }

    fn has_ended(&self) -> bool {
        let has_ended = |job: &Job| job.stage == Stage::Unknown || job.stage >= Stage::Ended;
        self.is_closed && self.jobs.iter().all(has_ended)
    }
}
