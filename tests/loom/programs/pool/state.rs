//! What a pool's calls do, one after the other.
//!
//! A job is begun by a worker that is free, first come, first served; it ends, or is cancelled before.
//! A worker that waits for jobs of its own pool is *asleep* until they have ended. A wait is **refused**
//! if it would close a circle of waits, or if no other worker would be awake.

use super::super::{Caller, Calls, Program, Way, calls_of, rows_of, set_of};
use super::Call::{self, *};
use super::{Answer, Outcome, Report, uses_pool};

type Ways<S> = Vec<Way<S, Answer>>;

/// A set of jobs, by row.
type Rows = u32;

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct State<const WORKERS: usize, const CALLERS: usize> {
    is_open: bool,
    owners: usize,
    /// What is left of each entry, in the order of submission.
    queue: Vec<Vec<u8>>,
    /// By row; a caller's is not used.
    jobs: Vec<Job>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Job {
    phase: Phase,
    /// The call that submitted it, and the one that ends it.
    submitted_by: usize,
    ended_by: usize,
    has_share: bool,
    /// The handle is there for everybody to take.
    has_handle: bool,
    /// Until when its body waits.
    awaits: Rows,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Phase {
    Unknown,
    Queued,
    Running,
    Ended(Outcome),
}

impl<const WORKERS: usize, const CALLERS: usize> State<WORKERS, CALLERS> {
    pub(super) fn new(program: &Program<Call>) -> Self {
        let job = |(body, calls): (&Vec<Call>, std::ops::Range<usize>)| Job {
            phase: Phase::Unknown,
            submitted_by: 0,
            ended_by: calls.end.saturating_sub(1),
            has_share: body.iter().any(uses_pool),
            has_handle: false,
            awaits: 0,
        };
        Self {
            is_open: true,
            owners: CALLERS,
            queue: Vec::new(),
            jobs: program.iter().zip(rows_of(program)).map(job).collect(),
        }
    }

    pub(super) fn ways(&self, caller: Caller, call: Call, at: u8) -> Ways<Self> {
        let mut next = self.clone();
        match (call, at) {
            (Begin, _) => self.begin(caller.row),
            (End, _) => vec![self.end(caller.row, Outcome::Ran)],
            (Panic, _) => vec![self.end(caller.row, Outcome::Panicked)],
            (Submit(row), 0) => {
                next.submit(caller, &[row]);
                vec![Way::goes_on(next, 1)]
            }
            (Submit(row), _) => {
                next.job(row).has_handle = true;
                vec![Way::answers(next, Answer::Done)]
            }
            (Join(row) | JoinForLong(row) | Poll(row), 0) => {
                match std::mem::take(&mut next.job(row).has_handle) {
                    true => vec![Way::goes_on(next, 1)],
                    false => vec![Way::answers(next, Answer::NoHandle)],
                }
            }
            (Join(row), at) => self.wait(caller, &[row], at),
            (JoinForLong(row), 1)
                if !self.has_ended(row) && self.is_refused(caller.row, 1 << row) =>
            {
                vec![Way::goes_on(next, 3)]
            }
            (JoinForLong(row), 1 | 2) => self.wait(caller, &[row], at),
            (Poll(row), 1) => match self.has_ended(row) {
                true => self.wait(caller, &[row], 2),
                false => vec![Way::goes_on(next, 3)],
            },
            (JoinForLong(row) | Poll(row), _) => {
                next.job(row).has_handle = true;
                vec![Way::answers(next, Answer::Back)]
            }
            (Cancel(row), _) => {
                if !next.job(row).has_handle {
                    return vec![Way::answers(next, Answer::NoHandle)];
                }
                let cancels = next.cancel(row, Outcome::Cancelled);
                vec![Way::answers(next, Answer::Cancels(cancels))]
            }
            (Map(row), 0) => self.map(caller, &[row]),
            (MapTwo(row), 0) => self.map(caller, &[row, row + 1]),
            (MapLazy(row), 0) => {
                next.submit(caller, &[row]);
                vec![Way::goes_on(next, 1)]
            }
            (Map(row) | MapLazy(row), at) => self.wait(caller, &[row], at),
            (MapTwo(row), at) => self.wait(caller, &[row, row + 1], at),
            (CancelQueued, _) => {
                let number = next.cancel_queued();
                vec![Way::answers(next, Answer::Number(number))]
            }
            (Drop | ShutDown | ShutDownNow, at) => self.give_up(caller.row, call, at),
        }
    }

    fn job(&mut self, row: u8) -> &mut Job {
        &mut self.jobs[usize::from(row)]
    }

    fn phase(&self, row: u8) -> Phase {
        self.jobs[usize::from(row)].phase
    }

    fn has_ended(&self, row: u8) -> bool {
        matches!(self.phase(row), Phase::Ended(_))
    }

    fn of_phase(&self, phase: Phase) -> usize {
        self.jobs.iter().filter(|job| job.phase == phase).count()
    }

    /// First come, first served: each job before it may be in the hands of a worker that is free, and
    /// has not come to look whether the job was cancelled.
    fn begin(&self, row: usize) -> Ways<Self> {
        let queue = self.queue.concat();
        let place = queue.iter().position(|queued| usize::from(*queued) == row);
        let free = WORKERS - self.of_phase(Phase::Running);
        if place.is_none_or(|place| place >= free) {
            return Vec::new();
        }
        let mut next = self.clone();
        next.take_out(row as u8);
        next.jobs[row].phase = Phase::Running;
        let submit = 1 << next.jobs[row].submitted_by;
        vec![Way::answers(next, Answer::Done).seeing(submit)]
    }

    fn end(&self, row: usize, outcome: Outcome) -> Way<Self, Answer> {
        let mut next = self.clone();
        next.jobs[row].phase = Phase::Ended(outcome);
        Way::answers(next, Answer::Done)
    }

    fn submit(&mut self, caller: Caller, rows: &[u8]) {
        for row in rows {
            self.job(*row).phase = Phase::Queued;
            self.job(*row).submitted_by = caller.me;
            self.owners += usize::from(self.job(*row).has_share);
        }
        self.queue.push(rows.to_vec());
    }

    fn take_out(&mut self, row: u8) {
        self.queue
            .iter_mut()
            .for_each(|entry| entry.retain(|job| *job != row));
        self.queue.retain(|entry| !entry.is_empty());
    }

    fn cancel(&mut self, row: u8, outcome: Outcome) -> bool {
        let is_queued = self.phase(row) == Phase::Queued;
        if is_queued {
            self.take_out(row);
            self.job(row).phase = Phase::Ended(outcome);
            self.owners -= usize::from(self.job(row).has_share);
        }
        is_queued
    }

    fn cancel_queued(&mut self) -> u64 {
        let queued = self.queue.concat();
        queued.iter().for_each(|row| {
            self.cancel(*row, Outcome::Cancelled);
        });
        queued.len() as u64
    }

    /// A map asks before anything is queued: refused means that nothing of it ever runs.
    fn map(&self, caller: Caller, rows: &[u8]) -> Ways<Self> {
        let mut next = self.clone();
        next.submit(caller, rows);
        next.wait(caller, rows, 1)
    }

    /// 1: asks whether it may wait; 2: waits.
    fn wait(&self, caller: Caller, rows: &[u8], at: u8) -> Ways<Self> {
        let mut next = self.clone();
        let targets: Rows = rows.iter().fold(0, |set, row| set | (1 << row));
        let have_ended = rows.iter().all(|row| self.has_ended(*row));
        if at == 1 && !have_ended && self.is_refused(caller.row, targets) {
            // What was refused and had not begun never runs.
            for row in rows {
                next.cancel(*row, Outcome::WouldDeadlock);
            }
            let refused = vec![Outcome::WouldDeadlock; rows.len()];
            return vec![Way::answers(next, Answer::Ended(refused))];
        }
        if !have_ended {
            next.jobs[caller.row].awaits = targets;
            // Asleep already: nothing changes for it.
            let is_new = at == 1;
            return if is_new {
                vec![Way::goes_on(next, 2)]
            } else {
                Vec::new()
            };
        }
        next.jobs[caller.row].awaits = 0;
        let outcomes = rows.iter().map(|row| match self.phase(*row) {
            Phase::Ended(outcome) => outcome,
            _ => unreachable!("all have ended"),
        });
        let ends = rows.iter().filter(|row| self.has_run(**row));
        let ends = set_of(ends.map(|row| self.jobs[usize::from(*row)].ended_by));
        vec![Way::answers(next, Answer::Ended(outcomes.collect())).seeing(ends)]
    }

    fn has_run(&self, row: u8) -> bool {
        let outcome = self.phase(row);
        [Outcome::Ran, Outcome::Panicked]
            .map(Phase::Ended)
            .contains(&outcome)
    }

    /// Who is no worker of this pool may always wait.
    fn is_refused(&self, row: usize, targets: Rows) -> bool {
        row >= CALLERS && (self.leads_to(targets, row) || self.asleep() + 1 == WORKERS)
    }

    /// Whether these jobs wait for that one, directly or not.
    fn leads_to(&self, from: Rows, row: usize) -> bool {
        let mut seen = from;
        loop {
            let jobs = self.jobs.iter().enumerate();
            let awaited = jobs.filter(|(row, _)| seen & (1 << row) != 0);
            let more = awaited.fold(seen, |seen, (_, job)| seen | job.awaits);
            if more == seen {
                return seen & (1 << row) != 0;
            }
            seen = more;
        }
    }

    /// The workers that wait for a job that has not ended.
    fn asleep(&self) -> usize {
        let jobs = || self.jobs.iter().enumerate();
        let open = jobs().filter(|(_, job)| !matches!(job.phase, Phase::Ended(_)));
        let open: Rows = open.fold(0, |set, (row, _)| set | (1 << row));
        let of_workers = jobs().skip(CALLERS);
        of_workers.filter(|(_, job)| job.awaits & open != 0).count()
    }

    /// 0: gives its share up; 1: the last owner waits for the end; 2: it reports.
    fn give_up(&self, row: usize, call: Call, at: u8) -> Ways<Self> {
        let mut next = self.clone();
        if at == 0 {
            next.owners -= 1;
            if next.owners > 0 {
                let not_last = match call {
                    Drop => Answer::Done,
                    _ => Answer::NotLast,
                };
                return vec![Way::answers(next, not_last)];
            }
            next.is_open = false;
            if call == ShutDownNow {
                next.cancel_queued();
            }
            // A worker never waits for the workers of its own pool.
            let is_worker = row >= CALLERS;
            return vec![Way::goes_on(next, if is_worker { 2 } else { 1 })];
        }
        let is_drained = self.queue.is_empty() && self.of_phase(Phase::Running) == 0;
        if at == 1 && !is_drained {
            return Vec::new();
        }
        let reports = match (call, at) {
            (Drop, _) => vec![Answer::Done],
            (_, 1) => vec![Answer::Report(self.report())],
            _ => self.reports_that_lag(),
        };
        let have_run = (0..self.jobs.len() as u8).filter(|row| self.has_run(*row));
        let ends = set_of(have_run.map(|row| self.jobs[usize::from(row)].ended_by));
        let ends = if at == 1 { ends } else { 0 };
        let way = |answer| Way::answers(next.clone(), answer).seeing(ends);
        reports.into_iter().map(way).collect()
    }

    /// A worker that ends its own pool counts a job once its worker has told the queue, which may be
    /// after its joiner was told. Still each job is counted once.
    fn reports_that_lag(&self) -> Vec<Answer> {
        let Report {
            completed,
            cancelled,
            panicked,
            open,
        } = self.report();
        let all = completed + cancelled + panicked + open;
        let mut reports = Vec::new();
        for completed in 0..=completed {
            for cancelled in 0..=cancelled {
                for panicked in 0..=panicked {
                    reports.push(Answer::Report(Report {
                        completed,
                        cancelled,
                        panicked,
                        open: all - completed - cancelled - panicked,
                    }));
                }
            }
        }
        reports
    }

    /// Each job that was submitted stands in one of the numbers.
    fn report(&self) -> Report {
        let ended = |outcome| self.of_phase(Phase::Ended(outcome)) as u64;
        Report {
            completed: ended(Outcome::Ran),
            cancelled: ended(Outcome::Cancelled) + ended(Outcome::WouldDeadlock),
            panicked: ended(Outcome::Panicked),
            open: (self.of_phase(Phase::Queued) + self.of_phase(Phase::Running)) as u64,
        }
    }
}

/// A body may be promised to see the call that submitted it, and who waits to see the end of a body.
pub(super) fn promises(program: &Program<Call>) -> Vec<Calls> {
    let rows = rows_of(program);
    let end_of = |row: u8| match rows.get(usize::from(row)) {
        Some(calls) if calls.end > 0 => 1 << (calls.end - 1),
        _ => 0,
    };
    let submits = |call: Call, row: usize| match call {
        Submit(job) | Map(job) | MapLazy(job) => usize::from(job) == row,
        MapTwo(job) => usize::from(job) == row || usize::from(job) + 1 == row,
        _ => false,
    };
    let promise = |(caller, call): (Caller, Call)| match call {
        Begin => {
            let submit = calls_of(program).filter(|(_, call)| submits(*call, caller.row));
            set_of(submit.map(|(caller, _)| caller.me))
        }
        Join(row) | JoinForLong(row) | Poll(row) | Map(row) | MapLazy(row) => end_of(row),
        MapTwo(row) => end_of(row) | end_of(row + 1),
        Drop | ShutDown | ShutDownNow => {
            let ends = calls_of(program).filter(|(_, call)| matches!(call, End | Panic));
            set_of(ends.map(|(caller, _)| caller.me))
        }
        _ => 0,
    };
    calls_of(program).map(promise).collect()
}
