//! One thread a worker: it owns the worker's process, gives it jobs, and knows how each ended.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::{Outcome, Pending, Phase, Shared, fail_all};
use crate::claims::{Pace, run_length};
use crate::process::{JobFailure, Link, LinkError, ProcessError};
use crate::sync::Arc;
use crate::thread_pool::PoolReport;

/// A chunk that takes this long makes the cost of sending it vanish.
const FULL_CHUNK: Duration = Duration::from_millis(1);

/// A chunk of more bytes than this is no cheaper.
const CHUNK_BYTES: usize = 256 * 1024;

/// A supervisor's whole life. It says once, by `started`, whether its first worker came up.
pub(super) fn supervise(
    shared: &Shared,
    started: mpsc::Sender<Result<(), ProcessError>>,
) -> PoolReport {
    let mut report = PoolReport::default();
    let mut worker = match Worker::start(shared) {
        Ok(worker) => worker,
        Err(error) => {
            report.cancelled += shared.supervisor_ends(Some(error.to_string()));
            // Nobody listens any more if another worker failed to start before.
            let _ = started.send(Err(error));
            return report;
        }
    };
    let _ = started.send(Ok(()));
    drop(started);
    let mut pace = Pace::new(FULL_CHUNK);
    // ANCHOR: supervise
    let broken = loop {
        if !worker.is_fit() && shared.has_future() {
            match worker.replace(shared) {
                Ok(new) => worker = new,
                Err(cause) => break Some(cause),
            }
        }
        let Some(chunk) = shared.claim(pace.length().min(worker.jobs_left)) else {
            worker.leave(shared);
            break None;
        };
        // It died while it was idle, so that nothing of the chunk was ever begun.
        if worker.link.has_ended() {
            worker.dies(shared, "it died while it was idle".to_owned());
            shared.put_back(chunk);
            continue;
        }
        let start = Instant::now();
        worker.run(shared, chunk, &mut report);
        pace.learn(start);
    };
    // ANCHOR_END: supervise
    report.cancelled += shared.supervisor_ends(broken);
    report
}

/// A process, and what it may still do.
struct Worker {
    link: Link,
    jobs_left: usize,
    /// How it ended, if it has.
    died: Option<String>,
}

impl Worker {
    fn start(shared: &Shared) -> Result<Self, ProcessError> {
        let settings = &shared.settings;
        let link = Link::start(&settings.program, settings.max_frame)?;
        let mut state = shared.state.lock();
        state.live.insert(link.pid(), link.killer());
        if state.phase == Phase::Killed {
            link.killer().kill();
        }
        drop(state);
        let jobs_left = settings
            .jobs_per_worker
            .map_or(usize::MAX, |jobs| jobs as usize);
        Ok(Self {
            link,
            jobs_left,
            died: None,
        })
    }

    fn is_fit(&self) -> bool {
        self.died.is_none() && self.jobs_left > 0
    }

    /// A new worker in place of one that died or is used up; `Err` says why there is none.
    fn replace(mut self, shared: &Shared) -> Result<Self, String> {
        let Some(mut cause) = self.died.take() else {
            self.leave(shared);
            return Self::start(shared).map_err(|error| error.to_string());
        };
        while shared.may_respawn() {
            match Self::start(shared) {
                Ok(worker) => return Ok(worker),
                Err(error) => cause = error.to_string(),
            }
        }
        Err(cause)
    }

    /// Runs a chunk: each job of it ends here or goes back to the queue.
    fn run(&mut self, shared: &Shared, chunk: Vec<Pending>, report: &mut PoolReport) {
        let timeout = shared.settings.job_timeout;
        let map = chunk[0].map.clone();
        let inputs: Vec<&[u8]> = chunk.iter().map(|job| job.input.as_slice()).collect();
        let mut sent = self.link.send(map.work, &inputs, timeout);
        let mut outcomes = Vec::with_capacity(chunk.len());
        let mut jobs = chunk.into_iter();
        for job in jobs.by_ref() {
            let answer =
                std::mem::replace(&mut sent, Ok(())).and_then(|()| self.link.receive(timeout));
            let outcome = self.outcome(shared, answer);
            count(&outcome, report);
            outcomes.push((job.index, outcome));
            if self.died.is_some() {
                break;
            }
        }
        self.jobs_left = self.jobs_left.saturating_sub(outcomes.len());
        shared.put_back(jobs.collect());
        map.deliver(outcomes);
    }

    /// What an answer, or the lack of one, means for the job that ran.
    fn outcome(
        &mut self,
        shared: &Shared,
        answer: Result<Result<Vec<u8>, JobFailure>, LinkError>,
    ) -> Outcome {
        let error = match answer {
            Ok(answer) => return Ok((self.link.pid(), answer)),
            // Nothing was sent: the worker is as it was.
            Err(LinkError::TooLong(why)) => return Err(ProcessError::Encode(why)),
            Err(error) => self.link.end(error),
        };
        self.dies(shared, error.to_string());
        if shared.state.lock().phase == Phase::Killed {
            return Err(ProcessError::Cancelled);
        }
        Err(error)
    }

    fn dies(&mut self, shared: &Shared, how: String) {
        shared.state.lock().live.remove(&self.link.pid());
        self.died = Some(how);
    }

    /// Lets the worker end in good order.
    fn leave(mut self, shared: &Shared) {
        let is_killed = shared.state.lock().phase == Phase::Killed;
        if self.died.is_none() && !is_killed {
            self.link.close();
        }
        shared.state.lock().live.remove(&self.link.pid());
    }
}

fn count(outcome: &Outcome, report: &mut PoolReport) {
    let kind = match outcome {
        Ok((_, Err(JobFailure::Panicked { .. }))) => &mut report.panicked,
        Ok(_) | Err(ProcessError::Encode(_)) => &mut report.completed,
        Err(ProcessError::TimedOut { .. }) => &mut report.timed_out,
        Err(ProcessError::Cancelled) => &mut report.cancelled,
        Err(_) => &mut report.crashed,
    };
    *kind += 1;
}

impl Shared {
    /// The next jobs, all of one map; `None` when there will be none again.
    fn claim(&self, wanted: usize) -> Option<Vec<Pending>> {
        let mut state = self.state.lock();
        while state.queue.is_empty() && state.phase == Phase::Open {
            state = self.changed.wait(state);
        }
        let length = run_length(wanted, state.queue.len(), self.settings.workers);
        let most_bytes = CHUNK_BYTES.min(self.settings.max_frame / 4);
        let mut chunk: Vec<Pending> = Vec::with_capacity(length);
        let mut bytes = 0;
        while chunk.len() < length
            && let Some(next) = state.queue.front()
            && chunk.last().is_none_or(|last| {
                Arc::ptr_eq(&last.map, &next.map) && bytes + next.input.len() <= most_bytes
            })
        {
            bytes += next.input.len();
            chunk.extend(state.queue.pop_front());
        }
        (!chunk.is_empty()).then_some(chunk)
    }

    /// Gives back jobs that no worker has begun, in front of all others.
    fn put_back(&self, jobs: Vec<Pending>) {
        if jobs.is_empty() {
            return;
        }
        let mut state = self.state.lock();
        if state.phase == Phase::Killed {
            drop(state);
            fail_all(jobs, || ProcessError::Cancelled);
            return;
        }
        for job in jobs.into_iter().rev() {
            state.queue.push_front(job);
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Whether a new worker could still find something to do.
    fn has_future(&self) -> bool {
        let state = self.state.lock();
        state.phase == Phase::Open || !state.queue.is_empty()
    }

    fn may_respawn(&self) -> bool {
        let mut state = self.state.lock();
        let may = state.respawns_left > 0;
        state.respawns_left = state.respawns_left.saturating_sub(1);
        may
    }

    /// The last supervisor to end fails what is still queued; says how many jobs that were.
    fn supervisor_ends(&self, broken: Option<String>) -> u64 {
        let mut state = self.state.lock();
        state.supervisors -= 1;
        if state.supervisors > 0 {
            return 0;
        }
        let queue = std::mem::take(&mut state.queue);
        let cause = broken.unwrap_or_else(|| "its last worker has ended".to_owned());
        state.broken = Some(cause.clone());
        drop(state);
        fail_all(queue, || ProcessError::PoolBroken {
            cause: cause.clone(),
        })
    }
}
