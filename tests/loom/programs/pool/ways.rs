//! What each call of a pool does to its state.

use super::super::{Caller, Calls, Program, Then, Way, calls_of, members, rows_of, set_of};
use super::Call::{self, *};
use super::state::{Awaits, Phase, Rows, State};
use super::{Answer, Outcome, submits};

type Ways<S> = Vec<Way<S, Answer>>;

fn done<S>(state: S) -> Ways<S> {
    vec![Way::answers(state, Answer::Done)]
}

fn goes_on<S>(state: S, at: u8) -> Ways<S> {
    vec![Way::goes_on(state, at)]
}

impl<const WORKERS: usize, const CALLERS: usize> State<WORKERS, CALLERS> {
    pub(super) fn ways_of(&self, caller: Caller, call: Call, at: u8) -> Ways<Self> {
        let mut next = self.clone();
        match (call, at) {
            (Begin, _) => self.begin(caller.row),
            (End, _) => next.end(caller.row, Outcome::Ran),
            (Panic, _) => next.end(caller.row, Outcome::Panicked),
            (Submit(_), 0) if !self.is_open => vec![Way::answers(next, Answer::IsShutDown)],
            (Submit(row), 0) => {
                next.submit(caller.me, row);
                match next.job(row).is_asked_for {
                    true => goes_on(next, 1),
                    false => done(next),
                }
            }
            (Submit(row), _) => {
                (next.job(row).has_handle, next.job(row).has_canceller) = (true, true);
                done(next)
            }
            (Join(row) | JoinForLong(row) | Poll(row), 0) => {
                match std::mem::take(&mut next.job(row).has_handle) {
                    true => goes_on(next, 1),
                    false => vec![Way::answers(next, Answer::NoHandle)],
                }
            }
            (Join(row), at) => self.wait(caller, &[row], at),
            (JoinForLong(row), 1) if !self.may_wait(caller.row, &[row]) => goes_on(next, 3),
            (JoinForLong(row), 1 | 2) => self.wait(caller, &[row], at),
            (Poll(row), 1) if self.has_ended(row) => self.wait(caller, &[row], 2),
            (Poll(_), 1) => goes_on(next, 3),
            (JoinForLong(row) | Poll(row), _) => {
                next.job(row).has_handle = true;
                vec![Way::answers(next, Answer::Back)]
            }
            (Cancel(row), 0) => match next.job(row).has_canceller {
                true => goes_on(next, 1),
                false => vec![Way::answers(next, Answer::NoHandle)],
            },
            (Cancel(row), _) => {
                let cancels = next.cancel(row, Outcome::Cancelled);
                vec![Way::answers(next, Answer::Cancels(cancels))]
            }
            (Map(row), at) => self.map(caller, &[row], at),
            (MapTwo(row), at) => self.map(caller, &[row, row + 1], at),
            (TryMap(row), at) => {
                next.job(row).limits = Some(row + 1);
                first_failure(next.map(caller, &[row, row + 1], at))
            }
            (MapLazy(row), 0) => match self.is_open {
                true => {
                    next.submit(caller.me, row);
                    goes_on(next, 1)
                }
                // It may have been shut down while the input was taken.
                false => [vec![], vec![Outcome::Cancelled]]
                    .map(|outcomes| Way::answers(next.clone(), Answer::Ended(outcomes)))
                    .into(),
            },
            (MapLazy(row), at) => self.wait(caller, &[row], at),
            (MapUnordered(row), 0 | 1) => self.feed(caller, row, at),
            (MapUnordered(_), at) => self.next_of_map(caller, at),
            (CancelQueued, 0) => {
                next.take_all_out(caller.row);
                goes_on(next, 1)
            }
            (CancelQueued, _) => match next.cancel_next(caller.row) {
                Some(number) => vec![Way::answers(next, Answer::Number(number))],
                None => goes_on(next, 1),
            },
            (WaitIdle, _) if !self.is_at_rest() => Vec::new(),
            (WaitIdle, _) => {
                let ends = self.ends_of(0..self.jobs.len());
                vec![Way::answers(next, Answer::Done).seeing(ends)]
            }
            (Drop | ShutDown | ShutDownNow | Report, at) => {
                self.come_to_an_end(caller.row, call, at)
            }
        }
    }

    fn begin(&self, row: usize) -> Ways<Self> {
        if !self.can_begin(row) {
            return Vec::new();
        }
        let mut next = self.clone();
        next.take_out(row as u8);
        next.jobs[row].phase = Phase::Running;
        let submit = 1 << next.jobs[row].submitted_by;
        vec![Way::answers(next, Answer::Done).seeing(submit)]
    }

    fn end(mut self, row: usize, outcome: Outcome) -> Ways<Self> {
        self.jobs[row].phase = Phase::Ended(outcome);
        if let (Outcome::Panicked, Some(limited)) = (outcome, self.jobs[row].limits) {
            self.cancel(limited, Outcome::Cancelled);
        }
        done(self)
    }

    /// 0: queues and asks in one step, so that nothing of what is refused ever runs (0), then waits (1), so that nothing of what is refused ever runs; 2: waits.
    fn map(&self, caller: Caller, rows: &[u8], at: u8) -> Ways<Self> {
        let mut next = self.clone();
        if at > 0 {
            return self.wait(caller, rows, at);
        }
        if !self.is_open {
            let cancelled = vec![Outcome::Cancelled; rows.len()];
            return vec![Way::answers(next, Answer::Ended(cancelled))];
        }
        rows.iter().for_each(|row| next.submit(caller.me, *row));
        next.wait(caller, rows, 1)
    }

    fn may_wait(&self, row: usize, rows: &[u8]) -> bool {
        let all = rows.iter().fold(0, |set: Rows, row| set | (1 << row));
        let have_ended = rows.iter().all(|row| self.has_ended(*row));
        have_ended || !self.is_refused(row, Awaits::All(all))
    }

    /// 1: asks whether it may wait; 2: waits.
    fn wait(&self, caller: Caller, rows: &[u8], at: u8) -> Ways<Self> {
        let mut next = self.clone();
        if at == 1 && !self.may_wait(caller.row, rows) {
            // What was refused and had not begun never runs.
            for row in rows {
                next.cancel(*row, Outcome::WouldDeadlock);
            }
            let refused = vec![Outcome::WouldDeadlock; rows.len()];
            return vec![Way::answers(next, Answer::Ended(refused))];
        }
        if !rows.iter().all(|row| self.has_ended(*row)) {
            let all = rows.iter().fold(0, |set: Rows, row| set | (1 << row));
            next.jobs[caller.row].awaits = Awaits::All(all);
            // Asleep already: nothing changes for it.
            return if at == 1 {
                goes_on(next, 2)
            } else {
                Vec::new()
            };
        }
        next.jobs[caller.row].awaits = Awaits::All(0);
        let outcomes = rows.iter().map(|row| self.outcome(*row)).collect();
        let ends = self.ends_of(rows.iter().map(|row| usize::from(*row)));
        vec![Way::answers(next, Answer::Ended(outcomes)).seeing(ends)]
    }

    fn outcome(&self, row: u8) -> Outcome {
        match self.phase(row) {
            Phase::Ended(outcome) => outcome,
            _ => unreachable!("it has ended"),
        }
    }

    /// Takes one input of an unordered map.
    fn feed(&self, caller: Caller, row: u8, at: u8) -> Ways<Self> {
        let (mut next, row) = (self.clone(), row + at);
        if self.is_open {
            next.submit(caller.me, row);
            next.jobs[caller.row].ahead |= 1 << row;
            return goes_on(next, at + 1);
        }
        // It may have been shut down while the input was taken.
        let mut taken = self.clone();
        taken.jobs[caller.row].got.push((row, Outcome::Cancelled));
        vec![Way::goes_on(next, 2), Way::goes_on(taken, at + 1)]
    }

    /// 2: asks; 3: waits for any of those that are ahead.
    fn next_of_map(&self, caller: Caller, at: u8) -> Ways<Self> {
        let mut next = self.clone();
        let mine = &mut next.jobs[caller.row];
        let ahead = mine.ahead;
        if ahead == 0 {
            let mut got = std::mem::take(&mut mine.got);
            got.sort_by_key(|(row, _)| *row);
            let rows = got.iter().map(|(row, _)| usize::from(*row));
            let ends = self.ends_of(rows);
            let outcomes = got.iter().map(|(_, outcome)| *outcome).collect();
            return vec![Way::answers(next, Answer::Ended(outcomes)).seeing(ends)];
        }
        let give = |mut state: Self, row: u8, outcome| {
            let mine = &mut state.jobs[caller.row];
            mine.got.push((row, outcome));
            (mine.ahead, mine.awaits) = (ahead & !(1 << row), Awaits::All(0));
            Way::goes_on(state, 2)
        };
        let rows = || members(ahead).map(|row| row as u8);
        let ended = rows().filter(|row| self.has_ended(*row));
        let ways: Ways<Self> = ended
            .map(|row| give(next.clone(), row, self.outcome(row)))
            .collect();
        if !ways.is_empty() || at == 3 {
            return ways;
        }
        if self.is_refused(caller.row, Awaits::Any(ahead)) {
            let first = rows().next().expect("there is one");
            next.cancel(first, Outcome::WouldDeadlock);
            return vec![give(next, first, Outcome::WouldDeadlock)];
        }
        next.jobs[caller.row].awaits = Awaits::Any(ahead);
        goes_on(next, 3)
    }

    /// 0: gives its share up, or closes; 1: cancels, one by one; 2: whoever is no worker waits for the
    /// end; 3: one that does not wait.
    fn come_to_an_end(&self, row: usize, call: Call, at: u8) -> Ways<Self> {
        let mut next = self.clone();
        // A worker never waits for the workers of its own pool.
        let after = if row >= CALLERS || call == Report {
            3
        } else {
            2
        };
        match at {
            0 => {
                next.owners -= usize::from(call == Drop);
                if call == Drop && next.owners > 0 {
                    return done(next);
                }
                next.is_open &= call == Report;
                next.jobs[row].counted = self.report();
                if call != ShutDownNow {
                    return goes_on(next, after);
                }
                next.take_all_out(row);
                return goes_on(next, 1);
            }
            1 => {
                let is_done = next.cancel_next(row).is_some();
                return goes_on(next, if is_done { after } else { 1 });
            }
            2 if !self.is_at_rest() => return Vec::new(),
            _ => {}
        }
        let (ends, reports) = match at {
            2 => (self.ends_of(0..self.jobs.len()), vec![self.report()]),
            _ => (0, self.reports_since(self.jobs[row].counted)),
        };
        if call == Drop {
            return vec![Way::answers(next, Answer::Done).seeing(ends)];
        }
        let way = |report| Way::answers(next.clone(), Answer::Counts(report)).seeing(ends);
        reports.into_iter().map(way).collect()
    }
}

/// What a map says that ends at its first failure.
fn first_failure<S>(ways: Ways<S>) -> Ways<S> {
    let of = |way: Way<S, Answer>| {
        let then = match way.then {
            Then::Answers(Answer::Ended(outcomes)) => {
                let failed = outcomes.iter().position(|outcome| *outcome != Outcome::Ran);
                Then::Answers(match failed {
                    Some(index) => Answer::Failed(index as u8, outcomes[index]),
                    None => Answer::Ended(outcomes),
                })
            }
            then => then,
        };
        Way { then, ..way }
    };
    ways.into_iter().map(of).collect()
}

/// Whose end a call may be promised to see. A body is promised to see the call that submitted it.
pub(super) fn promises(program: &Program<Call>) -> Vec<Calls> {
    let rows = rows_of(program);
    let ends_of = |jobs: std::ops::Range<u8>| {
        let ends = rows.iter().skip(jobs.start.into()).take(jobs.len());
        set_of(ends.map(|calls| calls.end - 1))
    };
    let promise = |(caller, call): (Caller, Call)| match call {
        Begin => {
            let mine = |call: Call| submits(call).contains(&(caller.row as u8));
            let submit = calls_of(program).filter(|(_, call)| mine(*call));
            set_of(submit.map(|(caller, _)| caller.me))
        }
        Join(row) | JoinForLong(row) | Poll(row) => ends_of(row..row + 1),
        Submit(_) | Cancel(_) | CancelQueued | Report | End | Panic => 0,
        Drop | ShutDown | ShutDownNow | WaitIdle => ends_of(0..rows.len() as u8),
        map => ends_of(submits(map)),
    };
    calls_of(program).map(promise).collect()
}
