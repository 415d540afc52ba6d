//! Is there an order of the calls that explains a history? Wing and Gong's search, over steps.

use std::collections::HashSet;

use super::{Caller, Calls, Program, Span, Subject, Then, calls_of, members, rows_of, set_of};

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
        let promised = Search::<S> {
            calls: calls_of(program).collect(),
            history,
        };
        let promised = promised.sees_in_every_order(S::start(program), places);
        let promised = promised.ok_or("no order of the calls explains this")?;
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
    calls: Vec<(Caller, S::Call)>,
    history: &'a [Record<S::Answer>],
}

/// A point of the search: the state, where each call is (`None` if it is over or takes no part), and
/// what each has learnt to see.
type Point<S> = (<S as Subject>::State, Vec<Option<u8>>, Vec<Calls>);

impl<S: Subject> Search<'_, S> {
    /// For each call what it sees in every order that explains the history; `None` if there is none.
    fn sees_in_every_order(&self, start: S::State, places: Vec<Option<u8>>) -> Option<Vec<Calls>> {
        let nothing = vec![0; places.len()];
        // No recursion: it may run on the small stack of a thread of loom's.
        let mut todo = vec![(start, places, nothing)];
        let mut tried = HashSet::new();
        let mut promised: Option<Vec<Calls>> = None;
        while let Some(point) = todo.pop() {
            if !tried.insert(point.clone()) {
                continue;
            }
            if self.go_on(&point, &mut todo) {
                continue;
            }
            let (_, places, sees) = point;
            let is_blocked = |me: usize| self.history[me].answer.is_none();
            if (0..places.len()).all(|me| places[me].is_none() || is_blocked(me)) {
                promised = Some(match promised {
                    None => sees,
                    Some(before) => intersection(&before, &sees),
                });
            }
        }
        promised
    }

    /// All points that are one step on. Whether somebody could go on, be it to another answer.
    fn go_on(&self, (state, places, sees): &Point<S>, todo: &mut Vec<Point<S>>) -> bool {
        let is_open = |me: &usize| places[*me].is_some();
        let open = set_of((0..places.len()).filter(is_open));
        let mut can_somebody_go_on = false;
        for (me, place) in places.iter().enumerate() {
            let Some(at) = *place else { continue };
            if self.history[me].before & open != 0 {
                continue;
            }
            let (caller, call) = self.calls[me];
            for way in S::ways(state, caller, call, at) {
                can_somebody_go_on = true;
                let place = match way.then {
                    Then::GoesOn(at) => Some(at),
                    Then::Answers(answer) if self.history[me].answer.as_ref() == Some(&answer) => {
                        None
                    }
                    Then::Answers(_) => continue,
                };
                let (mut places, mut sees) = (places.clone(), sees.clone());
                places[me] = place;
                sees[me] |= way.sees & !(1 << me);
                todo.push((way.state, places, sees));
            }
        }
        can_somebody_go_on
    }
}

fn intersection(a: &[Calls], b: &[Calls]) -> Vec<Calls> {
    a.iter().zip(b).map(|(a, b)| a & b).collect()
}

/// For each call whose cells it sees in some order of all calls. Only those need to be looked at.
pub(super) fn promises<S: Subject>(program: &Program<S::Call>) -> Vec<Calls> {
    let rows = rows_of(program);
    let mut promises = vec![0; program.iter().map(Vec::len).sum()];
    for part in 0..S::PARTS {
        // The next call of each row, and where in it.
        let mut todo = vec![(S::start(program), vec![(0, 0); program.len()])];
        let mut tried = HashSet::new();
        while let Some((state, places)) = todo.pop() {
            if !tried.insert((state.clone(), places.clone())) {
                continue;
            }
            for (row, calls) in program.iter().enumerate() {
                let (mut next, at) = places[row];
                while next < calls.len() && !S::concerns(calls[next], part) {
                    next += 1;
                }
                let Some(call) = calls.get(next) else {
                    continue;
                };
                let me = rows[row].start + next;
                for way in S::ways(&state, Caller { me, row }, *call, at) {
                    promises[me] |= way.sees;
                    let mut places = places.clone();
                    places[row] = match way.then {
                        Then::GoesOn(at) => (next, at),
                        Then::Answers(_) => (next + 1, 0),
                    };
                    todo.push((way.state, places));
                }
            }
        }
    }
    promises
}
