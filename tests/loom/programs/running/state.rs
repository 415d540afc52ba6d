//! What the calls of a handle do, one after the other.

use super::super::{Caller, Program, Way, Ways};
use super::Call::{self, *};
use super::{Answer, OneThread};

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct State {
    /// The row of the thread's own calls, and the call that ends it.
    body: usize,
    ends_by: usize,
    thread: Thread,
    handle: Handle,
    lingers: bool,
    is_let_go: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Thread {
    Unknown,
    Runs,
    Ended(Answer),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Handle {
    Nowhere,
    There,
    Daemon,
}

impl State {
    pub(super) fn new(program: &Program<Call>) -> Self {
        Self {
            body: program.len() - 1,
            ends_by: program.iter().map(Vec::len).sum::<usize>() - 1,
            thread: Thread::Unknown,
            handle: Handle::Nowhere,
            lingers: false,
            is_let_go: false,
        }
    }

    pub(super) fn ways_of(&self, caller: Caller, call: Call, at: u8) -> Ways<OneThread> {
        let mut next = self.clone();
        let is_own = caller.row == self.body;
        match (call, at) {
            (Start, 0) => {
                next.thread = Thread::Runs;
                return vec![Way::goes_on(next, 1)];
            }
            (Start, _) => next.handle = Handle::There,
            (Begin, _) => {
                let way = Way::answers(next, Answer::Done).seeing(1);
                let runs = self.thread == Thread::Runs;
                return runs.then_some(way).into_iter().collect();
            }
            (End, _) => next.thread = Thread::Ended(Answer::Value),
            (Panic, _) => next.thread = Thread::Ended(Answer::Panicked),
            (Linger, _) => next.lingers = true,
            (LetGo, _) => next.is_let_go = true,
            (Join | JoinTimeout | Poll | Detach | Drop, 0) => match self.handle {
                Handle::There => {
                    next.handle = Handle::Nowhere;
                    return vec![Way::goes_on(next, 1)];
                }
                _ => return vec![Way::answers(next, Answer::NoHandle)],
            },
            (Join | JoinTimeout | Poll, 1) if is_own => {
                return vec![Way::answers(next, Answer::WouldDeadlock)];
            }
            (Join, _) => return self.if_over(self.outcome()),
            (JoinTimeout | Poll, 1) => {
                let outcome = self.outcome().map(|outcome| self.told(outcome));
                return vec![outcome.unwrap_or(Way::goes_on(next, 2))];
            }
            (JoinTimeout | Poll, _) => {
                next.handle = Handle::There;
                return vec![Way::answers(next, Answer::Back)];
            }
            (Detach, _) => next.handle = Handle::Daemon,
            (Drop, _) if !is_own => return self.if_over(Some(Answer::Done)),
            (Drop | TimePasses, _) => {}
            (IsFinished, _) => {
                let answer = Answer::Is(self.outcome().is_some());
                return vec![match (self.handle, self.outcome()) {
                    (Handle::Nowhere, _) => Way::answers(next, Answer::NoHandle),
                    (_, Some(_)) => self.told(answer),
                    (_, None) => Way::answers(next, answer),
                }];
            }
        }
        vec![Way::answers(next, Answer::Done)]
    }

    fn outcome(&self) -> Option<Answer> {
        match self.thread {
            Thread::Ended(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// Whoever is told of the end sees what the body did.
    fn told(&self, answer: Answer) -> Way<Self, Answer> {
        Way::answers(self.clone(), answer).seeing(1 << self.ends_by)
    }

    /// The thread has ended, not only its body.
    fn if_over(&self, answer: Option<Answer>) -> Ways<OneThread> {
        let is_over = self.outcome().is_some() && (self.is_let_go || !self.lingers);
        let answer = answer.filter(|_| is_over);
        answer.map(|answer| self.told(answer)).into_iter().collect()
    }
}
