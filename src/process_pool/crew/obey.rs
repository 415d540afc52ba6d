//! Between the protocol, the workers and the outcomes: events go in, actions are done.
//!
//! ```text
//!   seen, inbox ── event ──▶ protocol ── action ──▶ workers: start, send, freeze, kill, …
//!                                             └───▶ deliver: the outcome of some jobs
//! ```

use std::time::Instant;

use super::super::map::Outcome;
use super::super::protocol::{self, Action, Event, Job, Jobs, News, WorkerId};
use super::super::workers::{End, Seen, Workers};
use super::{ALL, Place, Pool};
use crate::process::ProcessError;

/// What an event that is being handled brings with it.
#[derive(Debug, Default)]
pub(super) enum With {
    #[default]
    Nothing,
    Answers(u32, Vec<u8>),
    End(End),
}

impl Pool {
    pub(super) fn hear(&mut self, workers: &mut Workers, id: WorkerId, seen: Seen) {
        let mut with = With::Nothing;
        let place = &mut self.places[id.number];
        let news = match seen {
            Seen::Started(pid) => {
                (place.pid, place.jobs) = (pid, 0);
                return;
            }
            Seen::Hello => {
                self.up.insert(id.number);
                if self.up.len() as u64 == self.workers {
                    self.woken.push(ALL);
                }
                News::Hello
            }
            Seen::Paced(jobs) => News::Paced(jobs),
            Seen::Answers {
                pid,
                answers,
                panicked,
            } => {
                place.jobs += answers.jobs as u64;
                place.in_hand = place.in_hand.saturating_sub(answers.jobs as u64);
                place.since = place.since.filter(|_| place.in_hand > 0);
                let news = News::Answered {
                    chunk: answers.chunk,
                    jobs: answers.jobs as u64,
                    panicked,
                };
                with = With::Answers(pid, answers.frames);
                news
            }
            // No chunk has this number.
            Seen::Garbage => News::Answered {
                chunk: 0,
                jobs: 0,
                panicked: 0,
            },
            Seen::Frozen => News::Frozen,
            Seen::TimedOut => News::TimedOut,
            Seen::JobTimedOut(map, index) => News::JobTimedOut(Job { map, index }),
            Seen::Ended(end) => {
                let in_doubt = end.in_doubt;
                self.last_end = end.words();
                *place = Place {
                    before: Some(end.words()),
                    ..Place::default()
                };
                if !self.up.contains(&id.number) {
                    self.cannot_start.get_or_insert_with(|| end.why_no_worker());
                    self.woken.push(ALL);
                }
                with = With::End(end);
                News::Died { in_doubt }
            }
        };
        for action in self.protocol.note(Event::Of(id, news)) {
            self.obey(workers, action, &mut with);
        }
    }

    /// Does what brings nothing with it.
    pub(super) fn obey_all(&mut self, workers: &mut Workers, actions: Vec<Action>) {
        for action in actions {
            self.obey(workers, action, &mut With::Nothing);
        }
    }

    pub(super) fn obey(&mut self, workers: &mut Workers, action: Action, with: &mut With) {
        match action {
            Action::Deliver { jobs, outcome } => self.deliver(&jobs, outcome, with),
            Action::Ended(_) => self.has_ended = true,
            Action::Send {
                worker,
                chunk,
                jobs,
            } => {
                let map = self.maps.get(&jobs.map);
                let block = map.and_then(|map| map.blocks.range(..=jobs.range.start).next_back());
                let (_, block) = block.expect("a block stays until its jobs have ended");
                let place = &mut self.places[worker.number];
                place.in_hand = jobs.range.end - jobs.range.start;
                place.since = Some(Instant::now());
                workers.send(worker, chunk, jobs, block);
            }
            Action::Start { worker, attempt } => workers.start(worker, attempt),
            Action::Freeze(worker) => workers.freeze(worker),
            Action::Thaw(worker) => workers.thaw(worker),
            Action::CloseWorker(worker) => workers.close(worker),
            Action::KillWorker(worker) => workers.kill(worker),
        }
    }

    fn deliver(&mut self, jobs: &Jobs, outcome: protocol::Outcome, with: &mut With) {
        let count = jobs.range.end - jobs.range.start;
        self.unended -= count;
        let map = self.maps.get_mut(&jobs.map).expect("it has unended jobs");
        let block = map.blocks.range_mut(..=jobs.range.start).next_back();
        let (&first, block) = block.expect("a block stays until its jobs have ended");
        block.unended -= count;
        let limit = block.limit(jobs.range.start).or(self.job_timeout);
        if block.unended == 0 {
            map.blocks.remove(&first);
        }
        if map.is_wanted {
            let outcome = match (outcome, with) {
                (protocol::Outcome::Answered, With::Answers(pid, frames)) => Outcome::Answers {
                    pid: *pid,
                    frames: std::mem::take(frames),
                },
                (protocol::Outcome::Crashed { has_begun }, With::End(end)) => {
                    Outcome::Failed(end.crashed(has_begun), count)
                }
                (protocol::Outcome::TimedOut, With::End(end)) => {
                    let (pid, after) = (end.pid, limit.unwrap_or_default());
                    Outcome::Failed(ProcessError::TimedOut { pid, after }, count)
                }
                (protocol::Outcome::Broken, _) => {
                    let cause = self.last_end.clone();
                    Outcome::Failed(ProcessError::PoolBroken { cause }, count)
                }
                _ => Outcome::Failed(ProcessError::Cancelled, count),
            };
            map.outcomes.push((jobs.range.start, outcome));
            self.woken.push(jobs.map);
        } else if map.blocks.is_empty() {
            self.maps.remove(&jobs.map);
        }
        if self.unended == 0 {
            self.woken.push(ALL);
        }
    }
}
