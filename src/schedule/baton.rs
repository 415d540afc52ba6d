//! The baton: hands the turn from thread to thread, and keeps the books of locks and sleepers.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::Location;

use super::actor::{Effect, Lock, Need, Over};
use super::{Ended, Impossible, Look, Run, Step, Verdict};
use crate::sync::{Condvar, Mutex};

/// Hands the turn from thread to thread.
pub(super) struct Baton {
    state: Mutex<State>,
    moved: Condvar,
    look: Look,
}

struct State {
    order: Option<Vec<char>>,
    threads: Vec<Thread>,
    /// Threads that went to sleep and were not notified since.
    asleep: BTreeSet<usize>,
    /// Threads that another one has started.
    started: BTreeSet<char>,
    /// Who has which lock.
    holders: BTreeMap<Lock, usize>,
    before: String,
    steps: Vec<Step>,
    stop: Option<Stop>,
}

enum Thread {
    /// Between two steps.
    Away,
    /// Before a step.
    Wants(Need),
    Gone,
}

/// Why nobody goes on.
#[derive(Debug)]
enum Stop {
    Stuck(BTreeSet<char>),
    Exited,
    Halted(BTreeSet<char>),
    Impossible {
        why: String,
        possible: BTreeSet<char>,
    },
}

impl Baton {
    pub(super) fn new(
        order: Option<Vec<char>>,
        threads: usize,
        asleep: Vec<usize>,
        look: Look,
    ) -> Self {
        let mut state = State {
            order,
            threads: (0..threads).map(|_| Thread::Away).collect(),
            asleep: asleep.into_iter().collect(),
            started: BTreeSet::new(),
            holders: BTreeMap::new(),
            before: String::new(),
            steps: Vec::new(),
            stop: None,
        };
        state.before = state.told(look());
        Self {
            state: Mutex::new(state),
            moved: Condvar::new(),
            look,
        }
    }

    pub(super) fn step<T>(
        &self,
        index: usize,
        need: Need,
        effect: Effect,
        at: &'static Location<'static>,
        act: impl FnOnce() -> (T, String),
    ) -> Result<T, Over> {
        let mut state = self.state.lock();
        state.threads[index] = Thread::Wants(need);
        loop {
            state.look_for_a_stop();
            if state.stop.is_some() {
                drop(state);
                self.moved.notify_all();
                return Err(Over);
            }
            if state.is_turn_of(index) {
                break;
            }
            state = self.moved.wait(state);
        }
        let (output, words) = act();
        state.threads[index] = Thread::Away;
        state.take_effect(index, effect);
        let then = state.told((self.look)());
        state.steps.push(Step {
            thread: letter(index),
            words,
            line: at.line(),
            then,
        });
        drop(state);
        self.moved.notify_all();
        Ok(output)
    }

    pub(super) fn leave(&self, index: usize) {
        let mut state = self.state.lock();
        state.threads[index] = Thread::Gone;
        state.look_for_a_stop();
        drop(state);
        self.moved.notify_all();
    }

    /// What the run came to, once its threads have been joined.
    pub(super) fn end(&self, judge: Box<dyn FnOnce() -> Verdict + Send>) -> Ended {
        let mut state = self.state.lock();
        let steps = std::mem::take(&mut state.steps);
        let before = std::mem::take(&mut state.before);
        let schedule: String = steps.iter().map(|step| step.thread).collect();
        let stop = state.stop.take();
        let asked: Option<String> = state.order.take().map(|order| order.into_iter().collect());
        drop(state);
        let is_exited = matches!(stop, Some(Stop::Exited));
        let verdict = match stop {
            None | Some(Stop::Exited) => judge(),
            Some(Stop::Stuck(who)) => {
                let waits = if who.len() == 1 { "waits" } else { "wait" };
                Verdict::Bad(format!("{} {waits} for ever", joined(&who)))
            }
            Some(Stop::Halted(possible)) => return Ended::Halted(possible),
            Some(Stop::Impossible { why, possible }) => {
                let asked = asked.unwrap_or_default();
                return Ended::Impossible(impossible(asked, steps.len(), why, &possible));
            }
        };
        match asked {
            Some(asked) if asked != schedule => {
                let who = if is_exited {
                    "the program"
                } else {
                    "everybody"
                };
                let why = format!("{who} has ended");
                Ended::Impossible(impossible(asked, steps.len(), why, &BTreeSet::new()))
            }
            _ => Ended::Whole(Run {
                schedule,
                before,
                steps,
                verdict,
            }),
        }
    }
}

impl State {
    /// Once everybody has arrived, sees whether anybody can and may go on.
    fn look_for_a_stop(&mut self) {
        let is_away = |thread: &Thread| matches!(thread, Thread::Away);
        if self.stop.is_some()
            || self.threads.iter().any(is_away)
            || self.threads.iter().all(is_gone)
        {
            return;
        }
        let possible: BTreeSet<char> = (0..self.threads.len())
            .filter(|index| self.can_go(*index))
            .map(letter)
            .collect();
        if possible.is_empty() {
            let waiting = (0..self.threads.len()).filter(|index| !is_gone(&self.threads[*index]));
            self.stop = Some(Stop::Stuck(waiting.map(letter).collect()));
            return;
        }
        let Some(order) = &self.order else { return };
        match order.get(self.steps.len()) {
            None => self.stop = Some(Stop::Halted(possible)),
            Some(next) if !possible.contains(next) => {
                let why = self.why_not(*next);
                self.stop = Some(Stop::Impossible { why, possible });
            }
            Some(_) => {}
        }
    }

    fn can_go(&self, index: usize) -> bool {
        match &self.threads[index] {
            Thread::Wants(Need::Nothing) => true,
            Thread::Wants(Need::Until(is_so)) => is_so(),
            Thread::Wants(Need::Free(lock)) => !self.holders.contains_key(lock),
            Thread::Wants(Need::Notified(lock)) => {
                !self.asleep.contains(&index) && !self.holders.contains_key(lock)
            }
            Thread::Wants(Need::Started) => self.started.contains(&letter(index)),
            Thread::Wants(Need::Ended(other)) => {
                let is_other = |(index, thread)| letter(index) == *other && is_gone(thread);
                self.threads.iter().enumerate().any(is_other)
            }
            Thread::Away | Thread::Gone => false,
        }
    }

    fn is_turn_of(&self, index: usize) -> bool {
        let is_next = match &self.order {
            Some(order) => order.get(self.steps.len()) == Some(&letter(index)),
            None => true,
        };
        is_next && self.can_go(index)
    }

    fn why_not(&self, who: char) -> String {
        let index = (0..self.threads.len()).find(|index| letter(*index) == who);
        let Some(thread) = index.map(|index| &self.threads[index]) else {
            return format!("there is no thread {who}");
        };
        match thread {
            Thread::Wants(Need::Free(lock) | Need::Notified(lock))
                if self.holders.contains_key(lock) =>
            {
                format!("{} has {lock}", letter(self.holders[lock]))
            }
            Thread::Wants(Need::Until(_)) => "what it waits for has not come".to_owned(),
            Thread::Wants(Need::Started) => "nobody has started it".to_owned(),
            Thread::Wants(Need::Ended(other)) => format!("{other} has not ended"),
            Thread::Wants(_) => "it sleeps and nobody has notified it".to_owned(),
            Thread::Away | Thread::Gone => "it has ended".to_owned(),
        }
    }

    /// The shared variables, the locks and the sleepers, as the game shows them.
    fn told(&self, variables: String) -> String {
        let locks = self.holders.iter();
        let locks = locks.map(|(lock, holder)| format!("{} has {lock}", letter(*holder)));
        let asleep = self.asleep.iter().map(|index| letter(*index));
        let asleep = asleep.map(|sleeper| format!("{sleeper} sleeps"));
        let all = Some(variables).into_iter().chain(locks).chain(asleep);
        let all = all.filter(|words| !words.is_empty());
        all.collect::<Vec<_>>().join("; ")
    }

    fn take_effect(&mut self, index: usize, effect: Effect) {
        match effect {
            Effect::Nothing => {}
            Effect::Take(lock) => {
                self.holders.insert(lock, index);
            }
            Effect::Give(lock) => {
                self.holders.remove(lock);
            }
            Effect::Sleep(lock) => {
                self.asleep.insert(index);
                lock.map(|lock| self.holders.remove(lock));
            }
            Effect::NotifyAll => self.asleep.clear(),
            Effect::Start(thread) => {
                self.started.insert(thread);
            }
            Effect::Exit => self.stop = Some(Stop::Exited),
        }
    }
}

pub(super) fn impossible(
    schedule: String,
    taken: usize,
    why: String,
    possible: &BTreeSet<char>,
) -> Impossible {
    let thread = schedule.chars().nth(taken).unwrap_or('-');
    Impossible {
        schedule,
        step: taken + 1,
        thread,
        why,
        possible: joined(possible),
    }
}

/// "A", "A and B", "nobody".
fn joined(who: &BTreeSet<char>) -> String {
    if who.is_empty() {
        return "nobody".to_owned();
    }
    let letters: Vec<String> = who.iter().map(char::to_string).collect();
    letters.join(" and ")
}

fn is_gone(thread: &Thread) -> bool {
    matches!(thread, Thread::Gone)
}

fn letter(index: usize) -> char {
    char::from(b'A' + index as u8)
}
