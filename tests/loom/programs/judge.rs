//! Is there an order of the calls that explains a history? Wing and Gong's search, over steps.

use std::collections::HashSet;

use super::{Calls, Program, Span, Subject, Then, calls_of, members, rows_of, set_of};

/// What became of a call.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Record<A> {
    pub(super) has_begun: bool,
    pub(super) answer: Option<A>,
    /// Those that came before it for certain.
    pub(super) before: Calls,
    /// Those whose cells could be read after it without a race.
    pub(super) sees: Calls,
}

/// Says why no order of the calls explains the history, or what should be seen and is not.
pub(super) fn judge<S: Subject>(
    program: &Program<S::Call>,
    history: &[Record<S::Answer>],
) -> Result<(), String> {
    for part in 0..S::PARTS {
        let places = calls_of(program).map(|(caller, call)| {
            // A body that nobody has begun may be one that somebody should have begun.
            let is_there = history[caller.me].has_begun || S::span(call) == Span::UntilReturn;
            (is_there && S::concerns(call, part)).then_some(0)
        });
        let places: Vec<Option<u8>> = places.collect();
        let mut search = Search::<S> {
            calls: calls_of(program).collect(),
            history,
            promised: None,
            tried: HashSet::new(),
        };
        let nothing = vec![0; places.len()];
        search.go_on(S::start(program), places, nothing);
        let promised = search
            .promised
            .ok_or("no order of the calls explains this")?;
        for (caller, call) in calls_of(program) {
            let unseen = promised[caller.me] & !history[caller.me].sees;
            if unseen != 0 {
                let all: Vec<S::Call> = program.iter().flatten().copied().collect();
                let them = members(unseen).map(|them| format!("#{them} {:?}", all[them]));
                let them: Vec<String> = them.collect();
                return Err(format!(
                    "#{} {call:?} does not see what was written before {}",
                    caller.me,
                    them.join(", ")
                ));
            }
        }
    }
    Ok(())
}

struct Search<'a, S: Subject> {
    calls: Vec<(super::Caller, S::Call)>,
    history: &'a [Record<S::Answer>],
    /// For each call what it sees in every order that was found.
    promised: Option<Vec<Calls>>,
    tried: HashSet<(S::State, Vec<Option<u8>>, Vec<Calls>)>,
}

impl<S: Subject> Search<'_, S> {
    /// `places`: where each call is, `None` if it is over or takes no part.
    fn go_on(&mut self, state: S::State, places: Vec<Option<u8>>, sees: Vec<Calls>) {
        let here = (state.clone(), places.clone(), sees.clone());
        if !self.tried.insert(here) {
            return;
        }
        let is_open = |me: &usize| places[*me].is_some();
        let open = set_of((0..places.len()).filter(is_open));
        let mut can_somebody_go_on = false;
        for (me, place) in places.iter().enumerate() {
            let Some(at) = *place else { continue };
            if self.history[me].before & open != 0 {
                continue;
            }
            let (caller, call) = self.calls[me];
            for way in S::ways(&state, caller, call, at) {
                can_somebody_go_on = true;
                let mut places = places.clone();
                places[me] = match way.then {
                    Then::GoesOn(at) => Some(at),
                    Then::Answers(answer) if self.history[me].answer.as_ref() == Some(&answer) => {
                        None
                    }
                    Then::Answers(_) => continue,
                };
                let mut sees = sees.clone();
                sees[me] |= way.sees & !(1 << me);
                self.go_on(way.state, places, sees);
            }
        }
        let is_blocked = |me: usize| self.history[me].answer.is_none();
        if !can_somebody_go_on && members(open).all(is_blocked) {
            self.promised = Some(match self.promised.take() {
                None => sees,
                Some(before) => before.iter().zip(&sees).map(|(a, b)| a & b).collect(),
            });
        }
    }
}

/// For each call whose cells it sees in some order of all calls. Only those need to be looked at.
pub(super) fn promises<S: Subject>(program: &Program<S::Call>) -> Vec<Calls> {
    let mut every = EveryOrder::<S> {
        program,
        rows: rows_of(program),
        promises: vec![0; program.iter().map(Vec::len).sum()],
        tried: HashSet::new(),
    };
    for part in 0..S::PARTS {
        every.tried.clear();
        every.go_on(part, S::start(program), vec![(0, 0); program.len()]);
    }
    every.promises
}

struct EveryOrder<'a, S: Subject> {
    program: &'a Program<S::Call>,
    rows: Vec<std::ops::Range<usize>>,
    promises: Vec<Calls>,
    tried: HashSet<(S::State, Vec<(usize, u8)>)>,
}

impl<S: Subject> EveryOrder<'_, S> {
    /// `places`: the row's next call, and where in it.
    fn go_on(&mut self, part: usize, state: S::State, places: Vec<(usize, u8)>) {
        if !self.tried.insert((state.clone(), places.clone())) {
            return;
        }
        for (row, calls) in self.program.iter().enumerate() {
            let (mut next, at) = places[row];
            while next < calls.len() && !S::concerns(calls[next], part) {
                next += 1;
            }
            let Some(call) = calls.get(next) else {
                continue;
            };
            let me = self.rows[row].start + next;
            for way in S::ways(&state, super::Caller { me, row }, *call, at) {
                self.promises[me] |= way.sees;
                let mut places = places.clone();
                places[row] = match way.then {
                    Then::GoesOn(at) => (next, at),
                    Then::Answers(_) => (next + 1, 0),
                };
                self.go_on(part, way.state, places);
            }
        }
    }
}
