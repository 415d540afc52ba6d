//! The life of a process pool as a pure state machine: events in, actions out.
//!
//! No I/O, no clock and no thread is in here. A *driver* watches the processes and the clock, says
//! what it saw ([`Event`]), and does what it is told ([`Action`]). Every decision stands in this file
//! and in `protocol/ends.rs`, so `tests/simulation` can try every order of events.
//!
//! ```text
//!          Start           Hello         Send
//!   Gone ────────▶ Starting ─────▶ Ready ◀────▶ Ready with a chunk ── Freeze ──▶ Freezing
//!    ▲                │             │ Close          ▲                             │
//!    │                │ Close       ▼                └── Thaw: another job runs ───┤ Frozen:
//!    │                └─────────▶ Closing ── too slow ──▶ Dying ◀──────────────────┘ still that job
//!    └────────── Died: from every state; what it had not begun is requeued ─────────
//! ```
//!
//! `hear` notes what has happened, one row for each pair of news and state, and decides nothing beyond
//! that worker. `decide` looks at how things stand and does what is to be done, whatever it was that
//! made them so: a second call of it does nothing.
//!
//! A job is *queued*, then *in hand* of one worker as a part of its chunk, then *ended*. It moves, and
//! is never copied: from the queue to a chunk (`send`), back (`died`), or out of either (`deliver`).
//! So it ends once.

mod ends;
mod queue;
mod words;

use std::collections::BTreeMap;
use std::ops::Range;

use self::queue::Queue;
pub(crate) use self::words::{Action, Event, Job, Jobs, News, Outcome, Report, Settings, WorkerId};

/// What a pool is in: its workers, its jobs, and what it was told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Protocol {
    settings: Settings,
    phase: Phase,
    workers: Vec<Worker>,
    queue: Queue,
    /// How many workers have died with this job in hand before it began.
    strikes: BTreeMap<Job, u32>,
    /// Crashes and failed starts since the last answer.
    crashes: u32,
    /// How many chunks were sent; the number of the last one.
    chunks: u64,
    report: Report,
    actions: Vec<Action>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Phase {
    #[default]
    Open,
    /// Takes no more jobs.
    Closing,
    /// Starts nothing, sends nothing.
    Killed,
    Ended,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Worker {
    life: u32,
    state: State,
    /// What it has in hand; never while it is gone, starting or closing.
    chunk: Option<Chunk>,
    jobs_left: u64,
    pace: u64,
    /// Crashes and failed starts of this number since its last answer.
    crashes: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum State {
    #[default]
    Gone,
    Starting,
    Ready,
    Freezing,
    Closing,
    Dying,
    /// Dying, and what it says is worth nothing: it has said what no worker says.
    Garbled,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Chunk {
    number: u64,
    map: u64,
    /// Jobs without an answer. They run in order, so a worker that is sound has begun the first at most.
    left: Range<u64>,
    /// The shortest chunk that its submission is worth.
    least: u64,
    /// Jobs that shall not go on, and what becomes of them unless they end before.
    doomed: BTreeMap<u64, Outcome>,
}

impl Chunk {
    /// The job that runs, as far as is known.
    fn head(&self) -> Job {
        Job {
            map: self.map,
            index: self.left.start,
        }
    }

    fn is_head_doomed(&self) -> bool {
        self.doomed.contains_key(&self.left.start)
    }
}

impl Protocol {
    /// A pool, and how to start its workers.
    pub(crate) fn new(settings: Settings) -> (Self, Vec<Action>) {
        let workers = vec![Worker::default(); settings.workers];
        let mut pool = Self {
            settings,
            workers,
            ..Self::default()
        };
        let actions = pool.decide();
        (pool, actions)
    }

    /// What to do now that this has happened.
    pub(crate) fn handle(&mut self, event: Event) -> Vec<Action> {
        let mut actions = self.note(event);
        actions.append(&mut self.decide());
        actions
    }

    /// What follows at once from what has happened. What came together is noted together, and then there is
    /// one [decision](Self::decide): who has answered and died gets no more jobs.
    pub(crate) fn note(&mut self, event: Event) -> Vec<Action> {
        match event {
            Event::Submitted { jobs, least } if self.phase == Phase::Open => {
                self.queue.push(jobs, least);
            }
            Event::Submitted { jobs, .. } => self.deliver(jobs, Outcome::Cancelled),
            Event::Cancel(jobs) => self.withdraw(&jobs, Outcome::Cancelled),
            Event::CancelAll => self.withdraw_all(Outcome::Cancelled),
            Event::KillJob(job) => self.doom(job),
            Event::Close if self.phase == Phase::Open => self.phase = Phase::Closing,
            Event::Kill if self.phase != Phase::Ended => self.phase = Phase::Killed,
            Event::Of(id, news) if id == self.id(id.number) => self.hear(id.number, news),
            // Said twice, or late.
            Event::Close | Event::Kill | Event::Of(..) => {}
        }
        std::mem::take(&mut self.actions)
    }

    /// How the jobs have ended so far.
    pub(crate) fn report(&self) -> Report {
        self.report
    }

    /// What a worker may say in which state, and what follows. No decisions: those are `decide`'s.
    fn hear(&mut self, number: usize, news: News) {
        use State::{Closing, Dying, Freezing, Garbled, Gone, Ready, Starting};
        let worker = &mut self.workers[number];
        match (news, worker.state, &mut worker.chunk) {
            (News::Hello, Starting, _) => worker.state = Ready,
            (News::Paced(jobs), _, _) => worker.pace = jobs,
            (
                News::Answered {
                    chunk,
                    jobs,
                    panicked,
                },
                Starting | Ready | Freezing | Dying,
                _,
            ) => {
                self.answered(number, chunk, jobs, panicked);
            }
            (News::JobTimedOut(job), Ready | Freezing, Some(chunk)) if job == chunk.head() => {
                chunk.doomed.entry(job.index).or_insert(Outcome::TimedOut);
            }
            (News::Frozen, Freezing, Some(chunk)) if chunk.is_head_doomed() => {
                self.tell(number, Dying, Action::KillWorker);
            }
            (News::Frozen, Freezing, _) => self.tell(number, Ready, Action::Thaw),
            (News::TimedOut, Starting, _) => {
                self.count_crash(number);
                self.tell(number, Dying, Action::KillWorker);
            }
            (News::TimedOut, Closing, _) => self.tell(number, Dying, Action::KillWorker),
            (News::Died { in_doubt }, Starting | Ready | Freezing, _) => {
                self.count_crash(number);
                self.strike(number, in_doubt);
                self.died(number, in_doubt);
            }
            (News::Died { in_doubt }, Closing | Dying, _) => self.died(number, in_doubt),
            (News::Died { .. }, Garbled, _) => self.died(number, None),
            // It was on its way when the state changed.
            (News::Hello | News::Frozen | News::TimedOut | News::JobTimedOut(_), _, _)
            | (News::Answered { .. }, Closing | Garbled | Gone, _)
            | (News::Died { .. }, Gone, _) => {}
        }
    }

    /// What is to be done as things stand, whatever it was that made them so.
    pub(crate) fn decide(&mut self) -> Vec<Action> {
        if self.phase == Phase::Killed {
            self.withdraw_all(Outcome::Cancelled);
        }
        for number in 0..self.workers.len() {
            let worker = &self.workers[number];
            match (worker.state, &worker.chunk) {
                (State::Gone | State::Dying | State::Garbled, _) => {}
                _ if self.phase == Phase::Killed => {
                    self.tell(number, State::Dying, Action::KillWorker)
                }
                (State::Ready, Some(chunk)) if chunk.is_head_doomed() => {
                    self.tell(number, State::Freezing, Action::Freeze);
                }
                (State::Ready, None) if worker.jobs_left > 0 => self.send(number),
                _ => {}
            }
        }
        // Only now is it known what is still queued, and so who is needed.
        let is_over = match self.phase {
            Phase::Open => false,
            Phase::Closing => self.queue.is_empty(),
            Phase::Killed | Phase::Ended => true,
        };
        for number in 0..self.workers.len() {
            let worker = &self.workers[number];
            let is_used_up = worker.jobs_left == 0;
            match (worker.state, &worker.chunk) {
                (State::Gone, _) if !is_over && self.crashes <= self.settings.crashes => {
                    self.start(number)
                }
                (State::Starting | State::Ready, None) if is_over || is_used_up => {
                    self.tell(number, State::Closing, Action::CloseWorker);
                }
                _ => {}
            }
        }
        if self
            .workers
            .iter()
            .all(|worker| worker.state == State::Gone)
        {
            // If something is queued nevertheless, no worker may be started for it.
            self.withdraw_all(Outcome::Broken);
            if matches!(self.phase, Phase::Closing | Phase::Killed) {
                self.phase = Phase::Ended;
                self.actions.push(Action::Ended(self.report));
            }
        }
        std::mem::take(&mut self.actions)
    }

    fn id(&self, number: usize) -> WorkerId {
        WorkerId {
            number,
            life: self.workers[number].life,
        }
    }

    fn tell(&mut self, number: usize, state: State, action: fn(WorkerId) -> Action) {
        self.workers[number].state = state;
        self.actions.push(action(self.id(number)));
    }

    fn start(&mut self, number: usize) {
        let worker = &mut self.workers[number];
        worker.life += 1;
        worker.state = State::Starting;
        worker.jobs_left = self.settings.jobs_per_worker;
        // The first crash is no reason to wait.
        let attempt = worker.crashes.saturating_sub(1);
        self.actions.push(Action::Start {
            worker: self.id(number),
            attempt,
        });
    }

    fn send(&mut self, number: usize) {
        let worker = &mut self.workers[number];
        let (pace, workers) = (worker.pace, self.settings.workers as u64);
        // Towards a map's end chunks are shorter, so that the workers end together.
        // But not so short that sending them costs more than that gains.
        let length = |queued: u64, least: u64| {
            let most = pace.min(queued / (2 * workers));
            most.max(least.min(pace / 16)).max(1).min(worker.jobs_left)
        };
        let Some((jobs, least)) = self.queue.pop(length) else {
            return;
        };
        self.chunks += 1;
        let (number_of_chunk, map, left) = (self.chunks, jobs.map, jobs.range.clone());
        worker.chunk = Some(Chunk {
            number: number_of_chunk,
            map,
            left,
            least,
            doomed: BTreeMap::new(),
        });
        self.actions.push(Action::Send {
            worker: self.id(number),
            chunk: number_of_chunk,
            jobs,
        });
    }
}
