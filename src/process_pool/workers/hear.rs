//! What a worker says, from its hello to its death, in the words of the crew.
//!
//! ```text
//!   silent ── hello ──▶ prepares, if it is asked to ──▶ ready ──▶ answers, … ──▶ died
//!      └── says that it cannot, garbage, another protocol ──▶ killed: there was no worker
//! ```

use super::super::ProcessPoolBuilder;
use super::super::protocol::WorkerId;
use super::clock::Clock;
use super::end::Seen;
use super::slot::{GRACE, Hand, Slot, Stage};
use crate::frame::split_message;
use crate::process::{Answers, JobFailure, News, ProcessError, outcome_of};

impl Slot {
    pub(super) fn hear_with(
        &mut self,
        settings: &ProcessPoolBuilder,
        seen: &mut Vec<(WorkerId, Seen)>,
    ) {
        if self.stage == Stage::Silent || self.stage == Stage::Prepares {
            self.hear_of_its_start(settings, seen);
        }
        self.hear(seen);
        let Some(link) = &mut self.link else { return };
        if link.is_deaf() && self.stage != Stage::Ends {
            // Most often it ends in the next moment.
            (self.stage, self.clock) = (Stage::Ends, Some(Clock::new(GRACE)));
        }
    }

    fn hear_of_its_start(
        &mut self,
        settings: &ProcessPoolBuilder,
        seen: &mut Vec<(WorkerId, Seen)>,
    ) {
        let Some(link) = &mut self.link else { return };
        while matches!(self.stage, Stage::Silent | Stage::Prepares) {
            let left = usize::from(self.stage == Stage::Prepares);
            let pid = link.pid();
            let failure = match link.next(left) {
                None => return,
                Some(News::Hello) => match &settings.first {
                    Some((work, input)) => {
                        link.send(0, work, 1, input.clone());
                        self.stage = Stage::Prepares;
                        continue;
                    }
                    None => None,
                },
                Some(News::Answers(answers)) => {
                    let mut frames = answers.frames.as_slice();
                    let outcome = split_message(&mut frames).map(outcome_of);
                    match outcome {
                        Some(Err(failure)) => Some(failure.into_error(pid).to_string()),
                        _ => None,
                    }
                    .map(|why| ProcessError::Initialiser { why, pid })
                }
                Some(News::NotReady(error)) => Some(error),
                Some(News::Garbage(why)) => Some(link.no_worker(why)),
                Some(News::Died(death)) => {
                    return self.ends(Some(death), seen);
                }
            };
            if failure.is_some() {
                self.failure = failure;
                link.kill();
                (self.stage, self.clock) = (Stage::Ends, None);
                return;
            }
            (self.stage, self.clock, self.was_ready) = (Stage::Ready, None, true);
            self.paced = if link.is_direct() {
                self.size.length() as u64
            } else {
                1
            };
            seen.push((self.id, Seen::Paced(self.paced)));
            seen.push((self.id, Seen::Hello));
        }
    }

    /// Tells all that it has said.
    pub(super) fn hear(&mut self, seen: &mut Vec<(WorkerId, Seen)>) {
        if matches!(self.stage, Stage::Silent | Stage::Prepares) {
            return;
        }
        while let Some(link) = &mut self.link {
            let left = self
                .hand
                .as_ref()
                .map_or(0, |hand| hand.left.end - hand.left.start);
            match link.next(left as usize) {
                None => return,
                Some(News::Answers(answers)) => self.hear_answers(answers, seen),
                Some(News::Died(death)) => self.ends(Some(death), seen),
                Some(News::Garbage(why)) if self.stage == Stage::Ready => {
                    let pid = link.pid();
                    let why = format!("process {pid} sent no answer: {why}");
                    self.failure = Some(ProcessError::Decode(why));
                    seen.push((self.id, Seen::Garbage));
                }
                // It is dying, and was told so.
                Some(News::Garbage(_) | News::Hello | News::NotReady(_)) => {}
            }
        }
    }

    fn hear_answers(&mut self, answers: Answers, seen: &mut Vec<(WorkerId, Seen)>) {
        let (Some(hand), Some(link)) = (&mut self.hand, &self.link) else {
            return;
        };
        let pid = link.pid();
        hand.left.start += answers.jobs as u64;
        if hand.left.is_empty() {
            match link.took() {
                Some(took) => self.size.learn_told(took, hand.jobs),
                None => self.size.learn(&hand.started, hand.jobs),
            }
            self.hand = None;
            if link.is_direct() && self.paced != self.size.length() as u64 {
                self.paced = self.size.length() as u64;
                seen.push((self.id, Seen::Paced(self.paced)));
            }
        }
        if self.stage == Stage::Ready {
            self.clock = self.hand.as_ref().and_then(Hand::clock);
        }
        let panicked = panics_in(&answers);
        let answers = Seen::Answers {
            pid,
            answers,
            panicked,
        };
        seen.push((self.id, answers));
    }
}

/// How many of these answers tell of a panic.
fn panics_in(answers: &Answers) -> u64 {
    if answers.failures == 0 {
        return 0;
    }
    let mut frames = answers.frames.as_slice();
    let panics = std::iter::from_fn(|| split_message(&mut frames))
        .filter(|answer| matches!(outcome_of(answer), Err(JobFailure::Panicked { .. })));
    panics.count() as u64
}
