//! One thread a worker: it owns the worker's process, gives it jobs, and knows how each ended.

use std::sync::mpsc;
use std::time::Duration;

use super::map::{Answers, Outcome, Run};
use super::queue::{Phase, Shared};
use crate::chunk_size::ChunkSize;
use crate::frame::split_message;
use crate::process::{
    self, Begun, JobFailure, Link, LinkError, Patience, ProcessError, Report, outcome_of,
};
use crate::thread_pool::PoolReport;

/// A chunk that takes this long makes the cost of sending it vanish.
const FULL_CHUNK: Duration = Duration::from_millis(1);

/// An input that killed so many workers before its job could begin is not tried on another one.
const DEATHS: u32 = 2;

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
    let mut size = ChunkSize::timed(FULL_CHUNK);
    // ANCHOR: supervise
    let broken = loop {
        if !worker.is_fit() && shared.has_future() {
            match worker.replace(shared) {
                Ok(new) => worker = new,
                Err(cause) => break Some(cause),
            }
        }
        let Some(chunk) = shared.claim(worker.most_jobs(&size)) else {
            worker.leave(shared);
            break None;
        };
        // Else each idle death would count as one more that these jobs have caused.
        if worker.link.has_ended() {
            worker.dies(shared, "it died while it was idle".to_owned());
            shared.put_back(chunk);
            continue;
        }
        let (started, jobs) = (size.start(), chunk.jobs.len());
        worker.run(shared, chunk, &mut report);
        size.learn(&started, jobs);
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
        let link = Link::start(
            &settings.program,
            settings.max_frame,
            settings.start_timeout,
        )?;
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

    /// How many jobs it may be sent at once.
    fn most_jobs(&self, size: &ChunkSize) -> usize {
        // Where answers of the dead can be lost, only the job that was sent last is in doubt.
        let most = match self.link.is_faithful() {
            true => size.length(),
            false => 1,
        };
        most.min(self.jobs_left)
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
    fn run(&mut self, shared: &Shared, mut chunk: Run, report: &mut PoolReport) {
        let mut answers = Answers {
            pid: self.link.pid(),
            frames: Vec::new(),
            jobs: 0,
        };
        let ended = self.talk(shared, &chunk, &mut answers, report);
        let block = chunk.block.clone();
        let (first, answered) = (chunk.jobs.start, answers.jobs);
        self.jobs_left = self.jobs_left.saturating_sub(answered);
        if answered > 0 {
            chunk.jobs.start += answered;
            chunk.deaths = 0;
            block.deliver(first, Outcome::Answers(answers));
        }
        let Err((error, begun)) = ended else { return };
        let was_sent = !matches!(error, LinkError::TooLong(_));
        let mut error = self.link.end(error);
        if was_sent {
            self.dies(shared, error.to_string());
            chunk.deaths += 1;
        }
        if shared.state.lock().phase == Phase::Killed {
            error = ProcessError::Cancelled;
        }
        if begun == Begun::Yes || !was_sent || chunk.deaths >= DEATHS {
            *counter(&error, report) += 1;
            block.deliver(chunk.jobs.start, Outcome::Failed(error));
            chunk.jobs.start += 1;
            chunk.deaths = 0;
        }
        shared.put_back(chunk);
    }

    // ANCHOR: talk
    /// Sends the chunk and takes the answers, until all have come or none will.
    fn talk(
        &mut self,
        shared: &Shared,
        chunk: &Run,
        answers: &mut Answers,
        report: &mut PoolReport,
    ) -> Result<(), (LinkError, Begun)> {
        let timeout = shared.settings.job_timeout;
        let patience = timeout.map_or(Patience::Endless, Patience::JobTimeout);
        let sent = self
            .link
            .send(chunk.block.map.work, chunk.inputs(), patience);
        let mut begun = sent.map_err(|error| (error, Begun::No))?;
        while answers.jobs < chunk.jobs.len() {
            let left = chunk.jobs.len() - answers.jobs;
            let news = self.link.report(left, patience);
            match news.map_err(|error| (error, begun))? {
                Report::Begun => begun = Begun::Yes,
                Report::Answers(news) => {
                    let panicked = panics_in(news);
                    report.panicked += panicked;
                    report.completed += news.jobs as u64 - panicked;
                    answers.frames.extend_from_slice(news.frames);
                    answers.jobs += news.jobs;
                }
            }
        }
        Ok(())
    }
    // ANCHOR_END: talk

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

/// How many of these answers tell of a panic.
fn panics_in(answers: process::Answers<'_>) -> u64 {
    if answers.failures == 0 {
        return 0;
    }
    let mut frames = answers.frames;
    let panics = std::iter::from_fn(|| split_message(&mut frames))
        .filter(|answer| matches!(outcome_of(answer), Err(JobFailure::Panicked { .. })));
    panics.count() as u64
}

/// What a job without an answer counts as.
fn counter<'a>(error: &ProcessError, report: &'a mut PoolReport) -> &'a mut u64 {
    match error {
        ProcessError::Encode(_) => &mut report.completed,
        ProcessError::TimedOut { .. } => &mut report.timed_out,
        ProcessError::Cancelled => &mut report.cancelled,
        _ => &mut report.crashed,
    }
}
