//! How jobs end: by an answer, by a death, or because they are withdrawn.
//!
//! ```text
//!   in hand ── answered ─────────────────────▶ deliver ◀── withdraw ── queued
//!      └── died ── had begun, or is doomed ──────┘                       ▲
//!            └──── had not begun ──────────────────── requeue ───────────┘
//! ```

use super::{Action, Chunk, Job, Jobs, Outcome, Phase, Protocol, State};

impl Protocol {
    pub(super) fn answered(&mut self, number: usize, chunk_number: u64, jobs: u64, panicked: u64) {
        let worker = &mut self.workers[number];
        let chunk = worker
            .chunk
            .as_mut()
            .filter(|chunk| chunk.number == chunk_number);
        let Some(chunk) =
            chunk.filter(|chunk| jobs > 0 && jobs <= chunk.left.end - chunk.left.start)
        else {
            // What names another chunk is the output of another job: of one that has forked, say.
            if worker.state != State::Dying {
                self.count_crash(number);
                self.tell(number, State::Garbled, Action::KillWorker);
            }
            self.workers[number].state = State::Garbled;
            return;
        };
        let range = chunk.left.start..chunk.left.start + jobs;
        let answered = Jobs {
            map: chunk.map,
            range,
        };
        chunk.left.start += jobs;
        if chunk.left.is_empty() {
            worker.chunk = None;
        }
        worker.jobs_left -= jobs;
        worker.crashes = 0;
        self.crashes = 0;
        self.deliver(answered, Outcome::Answered);
        self.report.completed -= panicked;
        self.report.panicked += panicked;
    }

    /// What it had begun has ended without an answer; the rest of its chunk is requeued.
    pub(super) fn died(&mut self, number: usize, in_doubt: Option<u64>) {
        let worker = &mut self.workers[number];
        worker.state = State::Gone;
        let Some(Chunk {
            map,
            left,
            least,
            doomed,
            ..
        }) = worker.chunk.take()
        else {
            return;
        };
        // At most once: what is not known counts as begun.
        let begun = in_doubt.unwrap_or(u64::MAX).min(left.end - left.start);
        let (begun, rest) = (left.start..left.start + begun, left.start + begun..left.end);
        let lost = match self.phase {
            Phase::Killed => Outcome::Cancelled,
            _ => Outcome::Crashed { has_begun: true },
        };
        for index in begun {
            let outcome = *doomed.get(&index).unwrap_or(&lost);
            self.deliver(Jobs::from(Job { map, index }), outcome);
        }
        self.queue.push(Jobs { map, range: rest }, least);
        for (index, outcome) in doomed {
            self.withdraw(&Jobs::from(Job { map, index }), outcome);
        }
    }

    /// It died with jobs in hand and had begun none: the first of them may be what kills workers.
    pub(super) fn strike(&mut self, number: usize, in_doubt: Option<u64>) {
        let Some(chunk) = self.workers[number]
            .chunk
            .as_mut()
            .filter(|_| in_doubt == Some(0))
        else {
            return;
        };
        let strikes = self.strikes.entry(chunk.head()).or_default();
        *strikes += 1;
        if *strikes >= self.settings.strikes {
            chunk
                .doomed
                .entry(chunk.left.start)
                .or_insert(Outcome::Crashed { has_begun: false });
        }
    }

    pub(super) fn count_crash(&mut self, number: usize) {
        self.workers[number].crashes += 1;
        self.crashes += 1;
    }

    /// A job that is queued is cancelled; for one in hand of a worker, the worker is killed at its turn.
    pub(super) fn doom(&mut self, job: Job) {
        self.withdraw(&Jobs::from(job), Outcome::Cancelled);
        let chunks = self
            .workers
            .iter_mut()
            .filter_map(|worker| worker.chunk.as_mut());
        for chunk in chunks.filter(|chunk| chunk.map == job.map && chunk.left.contains(&job.index))
        {
            chunk.doomed.entry(job.index).or_insert(Outcome::Cancelled);
        }
    }

    /// Ends those of these jobs that are queued.
    pub(super) fn withdraw(&mut self, jobs: &Jobs, outcome: Outcome) {
        self.queue
            .remove(jobs)
            .into_iter()
            .for_each(|jobs| self.deliver(jobs, outcome));
    }

    pub(super) fn withdraw_all(&mut self, outcome: Outcome) {
        self.queue
            .drain()
            .for_each(|jobs| self.deliver(jobs, outcome));
    }

    /// The one place where jobs end.
    pub(super) fn deliver(&mut self, jobs: Jobs, outcome: Outcome) {
        if jobs.range.is_empty() {
            return;
        }
        *self.report.count(outcome) += jobs.range.end - jobs.range.start;
        if !self.strikes.is_empty() {
            self.strikes
                .retain(|job, _| job.map != jobs.map || !jobs.range.contains(&job.index));
        }
        self.actions.push(Action::Deliver { jobs, outcome });
    }
}
