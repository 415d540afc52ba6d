//! How each call of a pool is made.

use std::convert::Infallible;
use std::iter::once;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use super::super::{Program, Subject, run};
use super::Call::{self, *};
use super::{Answer, Counts, Outcome, Pool, handle_of, submits, uses_pool};
use crate::sync::Mutex;
use crate::thread_pool::{Canceller, PoolReport, PoolShutDown, TryMapError};
use crate::{Job, JobError, Shutdown, ThreadPool};

/// What a caller or a body holds.
pub(super) struct Share {
    /// Std's lock, for nobody else has this one.
    pool: std::sync::Mutex<Option<Arc<ThreadPool>>>,
    /// To be seen by loom: which one of two that drop their shares is the last.
    owners: Arc<Mutex<()>>,
    handles: Arc<Vec<Mutex<Handle>>>,
    program: Arc<Program<Call>>,
}

/// For every row to take.
#[derive(Default)]
struct Handle {
    job: Option<Job<u8>>,
    canceller: Option<Canceller>,
}

impl Clone for Share {
    fn clone(&self) -> Self {
        self.with(self.pool.lock().unwrap().clone())
    }
}

impl Share {
    pub(super) fn first(workers: usize, program: &Program<Call>) -> Self {
        let workers = NonZeroUsize::new(workers).unwrap();
        let pool = ThreadPool::new(workers).unwrap();
        Self {
            pool: std::sync::Mutex::new(Some(Arc::new(pool))),
            owners: Arc::default(),
            handles: Arc::new(program.iter().map(|_| Mutex::default()).collect()),
            program: Arc::new(program.clone()),
        }
    }

    fn with(&self, pool: Option<Arc<ThreadPool>>) -> Self {
        Self {
            pool: std::sync::Mutex::new(pool),
            owners: self.owners.clone(),
            handles: self.handles.clone(),
            program: self.program.clone(),
        }
    }

    fn pool(&self) -> Arc<ThreadPool> {
        let pool = self.pool.lock().unwrap().clone();
        pool.expect("it has not given it up")
    }

    /// For the body in this row.
    fn of_body(&self, row: u8) -> Self {
        let body = &self.program[usize::from(row)];
        self.with(body.iter().any(uses_pool).then(|| self.pool()))
    }

    fn give_up(&self) {
        drop(self.owners.lock());
        let pool = self.pool.lock().unwrap().take();
        drop(pool);
    }

    fn handle(&self, row: u8) -> &Mutex<Handle> {
        &self.handles[usize::from(row)]
    }

    /// Leaves the handle to the others, if one of them asks for it.
    fn leave(&self, row: u8, job: Job<u8>) {
        let mut calls = self.program.iter().flatten();
        if calls.any(|call| handle_of(*call) == Some(row)) {
            let canceller = Some(job.canceller());
            let job = Some(job);
            *self.handle(row).lock() = Handle { job, canceller };
        }
    }
}

impl<const WORKERS: usize, const CALLERS: usize> Pool<WORKERS, CALLERS> {
    pub(super) fn make(share: &Share, call: Call) -> Answer {
        let take = |row| share.handle(row).lock().job.take();
        match call {
            Begin | End | Panic => Answer::Done,
            Submit(row) => {
                let own = share.of_body(row);
                match share.pool().submit(move || Self::body(&own, row)) {
                    Ok(job) => {
                        share.leave(row, job);
                        Answer::Done
                    }
                    Err(PoolShutDown) => Answer::IsShutDown,
                }
            }
            Join(row) => take(row).map_or(Answer::NoHandle, |job| ended(job.join(), row)),
            JoinForLong(row) => Self::join_timeout(share, row, Duration::MAX),
            Poll(row) => Self::join_timeout(share, row, Duration::ZERO),
            Cancel(row) => {
                let canceller = share.handle(row).lock().canceller.clone();
                let cancel = |canceller: Canceller| Answer::Cancels(canceller.cancel());
                canceller.map_or(Answer::NoHandle, cancel)
            }
            Map(_) | MapTwo(_) => Self::map(share, submits(call)),
            TryMap(_) => Self::try_map(share, submits(call)),
            MapLazy(row) => Self::map_lazy(share, row),
            MapUnordered(_) => Self::map_unordered(share, submits(call)),
            CancelQueued => Answer::Number(share.pool().cancel_queued()),
            WaitIdle => {
                share.pool().wait_idle();
                Answer::Done
            }
            Report => counts(share.pool().report()),
            ShutDown => counts(share.pool().shutdown(Shutdown::Drain)),
            ShutDownNow => counts(share.pool().shutdown(Shutdown::CancelQueued)),
            Drop => {
                share.give_up();
                Answer::Done
            }
        }
    }

    /// The body in a row: a number tells whose output it is.
    fn body(share: &Share, row: u8) -> u8 {
        let calls = run::row::<Self>(row.into());
        let panics = share.program[usize::from(row)].last() == Some(&Panic);
        Self::perform(share, calls);
        if panics {
            // Without the hook, which would print it.
            resume_unwind(Box::new("as it should"));
        }
        row
    }

    fn body_of_map(share: &Share) -> impl Fn(u8) -> u8 + Send + Sync + 'static {
        let own = share.clone();
        move |row| Self::body(&own.of_body(row), row)
    }

    fn join_timeout(share: &Share, row: u8, timeout: Duration) -> Answer {
        let Some(job) = share.handle(row).lock().job.take() else {
            return Answer::NoHandle;
        };
        match job.join_timeout(timeout) {
            Ok(outcome) => ended(outcome, row),
            Err(job) => {
                share.handle(row).lock().job = Some(job);
                Answer::Back
            }
        }
    }

    fn map(share: &Share, rows: Range<u8>) -> Answer {
        let outcomes = share.pool().map(rows.clone(), Self::body_of_map(share));
        assert_eq!(outcomes.len(), rows.len());
        Answer::Ended(outcomes.into_iter().zip(rows).map(outcome).collect())
    }

    fn try_map(share: &Share, rows: Range<u8>) -> Answer {
        let body = Self::body_of_map(share);
        let function = move |row| Ok::<_, Infallible>(body(row));
        match share.pool().try_map(rows.clone(), function) {
            Ok(outputs) => {
                let outcomes = outputs.into_iter().map(Ok).zip(rows);
                Answer::Ended(outcomes.map(outcome).collect())
            }
            Err(TryMapError::Job { index, error }) => {
                Answer::Failed(index as u8, outcome((Err(error), 0)))
            }
            Err(_) => Answer::Failed(0, Outcome::Otherwise),
        }
    }

    fn map_lazy(share: &Share, row: u8) -> Answer {
        let own = share.of_body(row);
        let body = move |row| Self::body(&own, row);
        let outcomes = share.pool().map_lazy(once(row), NonZeroUsize::MIN, body);
        Answer::Ended(outcomes.zip(once(row)).map(outcome).collect())
    }

    fn map_unordered(share: &Share, rows: Range<u8>) -> Answer {
        let own = share.of_body(rows.start);
        let body = move |row| Self::body(&own, row);
        let window = NonZeroUsize::new(rows.len()).expect("two");
        let outcomes = share.pool().map_unordered(rows.clone(), window, body);
        let mut outcomes: Vec<_> = outcomes.collect();
        outcomes.sort_by_key(|(index, _)| *index);
        let with_row = |(index, result)| outcome((result, rows.start + index as u8));
        Answer::Ended(outcomes.into_iter().map(with_row).collect())
    }
}

fn outcome((outcome, row): (Result<u8, JobError>, u8)) -> Outcome {
    match outcome {
        Ok(output) if output == row => Outcome::Ran,
        Err(JobError::Panicked(_)) => Outcome::Panicked,
        Err(JobError::Cancelled) => Outcome::Cancelled,
        Err(JobError::WouldDeadlock) => Outcome::WouldDeadlock,
        _ => Outcome::Otherwise,
    }
}

fn ended(outcome: Result<u8, JobError>, row: u8) -> Answer {
    Answer::Ended(vec![self::outcome((outcome, row))])
}

fn counts(report: PoolReport) -> Answer {
    Answer::Counts(Counts {
        completed: report.completed,
        cancelled: report.cancelled,
        panicked: report.panicked,
        open: report.queued + report.running,
    })
}
