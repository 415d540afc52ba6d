//! The state of a pool: who waits in the queue, who runs, who waits for whom.
//!
//! A job is begun by a worker that is free, first come, first served; it ends, or is cancelled before.
//! A worker that waits for jobs of its own pool is asleep until they have ended. Its wait is **refused**
//! if it would never end, though everybody else goes on as far as they can.

use super::super::{Calls, Program, rows_of, set_of};
use super::{Call, Counts, Outcome, handle_of, uses_pool};

/// A set of jobs, by row.
pub(super) type Rows = u32;

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct State<const WORKERS: usize, const CALLERS: usize> {
    pub(super) is_open: bool,
    pub(super) owners: usize,
    /// Jobs that nobody has begun, in the order of submission.
    pub(super) queue: Vec<u8>,
    /// By row. Of a caller only what it waits for, and what it has of a map.
    pub(super) jobs: Vec<Job>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Job {
    pub(super) phase: Phase,
    /// The call that submitted it, and the one that ends it.
    pub(super) submitted_by: usize,
    pub(super) ended_by: usize,
    pub(super) has_share: bool,
    /// Whether anybody ever asks for the handle; whether it is there to be taken, and its canceller.
    pub(super) is_asked_for: bool,
    pub(super) has_handle: bool,
    pub(super) has_canceller: bool,
    /// A job that is cancelled when this one fails.
    pub(super) limits: Option<u8>,
    pub(super) awaits: Awaits,
    /// Of an unordered map: what was submitted and has no outcome yet, and the outcomes.
    pub(super) ahead: Rows,
    pub(super) got: Vec<(u8, Outcome)>,
    /// What it has taken out of the queue and not cancelled yet, and how much it has cancelled.
    taken_out: Vec<u8>,
    cancelled: u64,
    /// How it was when a report was asked for.
    pub(super) counted: Counts,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    /// Not submitted, or not accepted.
    Unknown,
    Queued,
    Running,
    Ended(Outcome),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Awaits {
    All(Rows),
    Any(Rows),
}

impl<const WORKERS: usize, const CALLERS: usize> State<WORKERS, CALLERS> {
    pub(super) fn new(program: &Program<Call>) -> Self {
        let asked_for = |row: usize| {
            let mut calls = program.iter().flatten();
            calls.any(|call| handle_of(*call).map(usize::from) == Some(row))
        };
        let job = |((row, body), calls): ((usize, &Vec<Call>), std::ops::Range<usize>)| Job {
            phase: Phase::Unknown,
            submitted_by: 0,
            ended_by: calls.end.saturating_sub(1),
            has_share: body.iter().any(uses_pool),
            is_asked_for: asked_for(row),
            has_handle: false,
            has_canceller: false,
            limits: None,
            awaits: Awaits::All(0),
            ahead: 0,
            got: Vec::new(),
            taken_out: Vec::new(),
            cancelled: 0,
            counted: Counts::default(),
        };
        let rows = program.iter().enumerate().zip(rows_of(program));
        Self {
            is_open: true,
            owners: CALLERS,
            queue: Vec::new(),
            jobs: rows.map(job).collect(),
        }
    }

    pub(super) fn job(&mut self, row: u8) -> &mut Job {
        &mut self.jobs[usize::from(row)]
    }

    pub(super) fn phase(&self, row: u8) -> Phase {
        self.jobs[usize::from(row)].phase
    }

    pub(super) fn has_ended(&self, row: u8) -> bool {
        matches!(self.phase(row), Phase::Ended(_))
    }

    fn of_phase(&self, phase: Phase) -> usize {
        self.jobs.iter().filter(|job| job.phase == phase).count()
    }

    pub(super) fn is_at_rest(&self) -> bool {
        self.queue.is_empty() && self.of_phase(Phase::Running) == 0
    }

    /// Each job before it may be in the hands of a worker that is free, and has not come to look whether
    /// the job was cancelled.
    pub(super) fn can_begin(&self, row: usize) -> bool {
        let mut queue = self.queue.iter();
        let place = queue.position(|queued| usize::from(*queued) == row);
        place.is_some_and(|place| place + self.of_phase(Phase::Running) < WORKERS)
    }

    pub(super) fn submit(&mut self, by: usize, row: u8) {
        self.queue.push(row);
        let job = self.job(row);
        (job.phase, job.submitted_by) = (Phase::Queued, by);
        self.owners += usize::from(self.job(row).has_share);
    }

    pub(super) fn take_out(&mut self, row: u8) {
        self.queue.retain(|queued| *queued != row);
    }

    /// If nobody has begun it.
    pub(super) fn cancel(&mut self, row: u8, outcome: Outcome) -> bool {
        let is_queued = self.phase(row) == Phase::Queued;
        if is_queued {
            self.take_out(row);
            self.job(row).phase = Phase::Ended(outcome);
            self.owners -= usize::from(self.job(row).has_share);
        }
        is_queued
    }

    /// What is queued is cancelled by this row alone, or by the jobs' handles.
    pub(super) fn take_all_out(&mut self, row: usize) {
        self.jobs[row].taken_out = std::mem::take(&mut self.queue);
    }

    /// Cancels the next of these; `Some` if there is none: how many were cancelled.
    pub(super) fn cancel_next(&mut self, row: usize) -> Option<u64> {
        if self.jobs[row].taken_out.is_empty() {
            return Some(std::mem::take(&mut self.jobs[row].cancelled));
        }
        let job = self.jobs[row].taken_out.remove(0);
        self.jobs[row].cancelled += u64::from(self.cancel(job, Outcome::Cancelled));
        None
    }

    /// Who is no worker of this pool may always wait.
    pub(super) fn is_refused(&self, row: usize, awaits: Awaits) -> bool {
        row >= CALLERS && !self.will_end(awaits, &self.go_on_without(row))
    }

    /// The workers that will go on even if this one never does: first those that wait for nothing, then
    /// who waits for these. A worker that runs nothing counts with the caller's row, 0.
    fn go_on_without(&self, row: usize) -> Vec<bool> {
        let mut go_on = vec![false; self.jobs.len()];
        go_on[0] = self.of_phase(Phase::Running) < WORKERS;
        loop {
            let is_new = |other: &usize| {
                let job = &self.jobs[*other];
                let is_other = job.phase == Phase::Running && *other != row && !go_on[*other];
                is_other && self.will_end(job.awaits, &go_on)
            };
            match (CALLERS..self.jobs.len()).find(is_new) {
                Some(other) => go_on[other] = true,
                None => return go_on,
            }
        }
    }

    fn will_end(&self, awaits: Awaits, go_on: &[bool]) -> bool {
        let job_will_end = |row: &usize| match self.jobs[*row].phase {
            Phase::Ended(_) => true,
            Phase::Running => go_on[*row],
            // Whoever goes on begins it in the end.
            Phase::Queued | Phase::Unknown => go_on.contains(&true),
        };
        let of = |rows: Rows| (0..self.jobs.len()).filter(move |row| rows & (1 << row) != 0);
        match awaits {
            Awaits::All(rows) => of(rows).all(|row| job_will_end(&row)),
            Awaits::Any(rows) => of(rows).any(|row| job_will_end(&row)),
        }
    }

    pub(super) fn has_run(&self, row: usize) -> bool {
        let phase = self.jobs[row].phase;
        [Outcome::Ran, Outcome::Panicked]
            .map(Phase::Ended)
            .contains(&phase)
    }

    /// The ends of those of these jobs that have run.
    pub(super) fn ends_of(&self, rows: impl Iterator<Item = usize>) -> Calls {
        let run = rows.filter(|row| self.has_run(*row));
        set_of(run.map(|row| self.jobs[row].ended_by))
    }

    /// Each job that was submitted stands in one of the numbers.
    pub(super) fn report(&self) -> Counts {
        let ended = |outcome| self.of_phase(Phase::Ended(outcome)) as u64;
        Counts {
            completed: ended(Outcome::Ran),
            cancelled: ended(Outcome::Cancelled) + ended(Outcome::WouldDeadlock),
            panicked: ended(Outcome::Panicked),
            open: (self.of_phase(Phase::Queued) + self.of_phase(Phase::Running)) as u64,
        }
    }

    /// All reports that count what had ended before they were asked for, each job once. What ends
    /// meanwhile may count as open.
    pub(super) fn reports_since(&self, before: Counts) -> Vec<Counts> {
        let now = self.report();
        let submitted = now.completed + now.cancelled + now.panicked + now.open;
        let mut reports = Vec::new();
        for completed in before.completed..=now.completed {
            for cancelled in before.cancelled..=now.cancelled {
                for panicked in before.panicked..=now.panicked {
                    reports.push(Counts {
                        completed,
                        cancelled,
                        panicked,
                        open: submitted - completed - cancelled - panicked,
                    });
                }
            }
        }
        reports
    }
}
