//! The protocol, the driver that obeys it, and the workers that it drives: processes that start, run
//! jobs, die, and are heard of late. They keep the ground truth (who began which job), which the
//! protocol cannot see, and after each step the promises are checked.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{Hash, Hasher};

use crate::protocol::{
    Action, Event, Job, Jobs, News, Outcome, Protocol, Report, Settings, WorkerId,
};

/// What is explored.
#[derive(Clone, Debug)]
pub(crate) struct Size {
    pub(crate) workers: usize,
    /// How many jobs each map has.
    pub(crate) maps: &'static [u64],
    /// How many deaths, failed starts and garbled answers.
    pub(crate) faults: u32,
    /// How many timeouts, timely or late.
    pub(crate) timeouts: u32,
    /// How many times a user cancels or kills a job, or cancels all.
    pub(crate) requests: u32,
    /// Jobs in a full chunk; a sixteenth of it is what a short map's chunks have.
    pub(crate) pace: u64,
    pub(crate) jobs_per_worker: u64,
    pub(crate) crashes: u32,
    /// No shared memory: what a dead worker had begun is never known, and none can be frozen.
    pub(crate) over_pipes: bool,
    /// This job of map 0 never ends by itself.
    pub(crate) hangs: Option<u64>,
}

pub(crate) const SMALL: Size = Size {
    workers: 1,
    maps: &[2],
    faults: 2,
    timeouts: 1,
    requests: 1,
    pace: 48,
    jobs_per_worker: u64::MAX,
    crashes: 1,
    over_pipes: false,
    hangs: None,
};
/// A process, and the driver's view of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Process {
    pub(crate) id: WorkerId,
    stage: Stage,
    /// What it has said and the driver has not yet told the protocol.
    pub(crate) unheard: VecDeque<Said>,
    chunk: Option<(u64, Jobs)>,
    running: Option<u64>,
    /// Jobs that it has begun.
    jobs: u64,
    freeze: Freeze,
    /// The parent has closed its channel.
    is_closed: bool,
    /// The parent has killed it, which takes a moment.
    is_killed: bool,
    /// It died by itself, or said garbage: it is to blame for the job that it ran.
    is_faulty: bool,
    is_garbled: bool,
    /// Heard: it said hello, and this much of its chunk has been answered.
    is_known: bool,
    heard: Option<Jobs>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    /// The driver will start it.
    Pending,
    Starting,
    Up,
    Dead,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Freeze {
    No,
    Asked,
    Frozen,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Said {
    Hello,
    /// The answer of this job, said to be the next one of this chunk.
    Answer(u64, Job),
    Frozen,
    Died(Option<u64>),
}

/// What is true of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Truth {
    begun_by: Option<WorkerId>,
    pub(crate) outcome: Option<Outcome>,
    /// Who may be sent it no more: so many died with it in hand before it began.
    strikes: u32,
    may_be_cancelled: bool,
    may_be_timed_out: bool,
    /// It was in hand when it was to be killed, or was found to run too long: it must not go on.
    is_doomed: bool,
}

/// One thing that may happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Submit,
    Cancel(Job),
    KillJob(Job),
    CancelAll,
    Close,
    Kill,
    Spawns(usize),
    CannotStart(usize),
    SaysHello(usize),
    Begins(usize),
    Finishes(usize),
    Dies(usize),
    /// So that nobody can say what it had begun; and a child of it runs the rest of the chunk.
    DiesUnknown(usize),
    /// A forked job answers a second time, from an older chunk.
    SaysGarbage(usize),
    Leaves(usize),
    KillLands(usize),
    FreezeLands(usize),
    Heard(usize, usize),
    /// All that it has said, before anything is decided. Only random walks take this step.
    HeardAll(usize),
    TimesOut(usize),
    JobTimesOut(usize, Job),
    /// The driver's timer for the worker before this one.
    TimesOutLate(usize),
}

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) size: Size,
    pool: Protocol,
    pub(crate) processes: Vec<Option<Process>>,
    pub(crate) truth: BTreeMap<Job, Truth>,
    pub(crate) maps_submitted: usize,
    faults: u32,
    timeouts: u32,
    requests: u32,
    is_closed: bool,
    is_killed: bool,
    ended: Option<Report>,
    /// What the budget and the pauses should be: failures since the last answer, in all and by number.
    crashes: u32,
    crashes_of: Vec<u32>,
    /// How many chunks of others were sent while this map waited.
    passed_over: BTreeMap<u64, u32>,
}

pub(crate) type Broken = String;

macro_rules! must {
    ($condition:expr, $($message:tt)+) => {
        if !$condition { return Err(format!($($message)+)); }
    };
}

impl World {
    pub(crate) fn new(size: &Size) -> Result<Self, Broken> {
        let (pool, actions) = Protocol::new(Settings {
            workers: size.workers,
            jobs_per_worker: size.jobs_per_worker,
            crashes: size.crashes,
            strikes: 2,
        });
        let mut world = Self {
            size: size.clone(),
            pool,
            processes: vec![None; size.workers],
            truth: BTreeMap::new(),
            maps_submitted: 0,
            faults: size.faults,
            timeouts: size.timeouts,
            requests: size.requests,
            is_closed: false,
            is_killed: false,
            ended: None,
            crashes: 0,
            crashes_of: vec![0; size.workers],
            passed_over: BTreeMap::new(),
        };
        world.obey(actions, &[])?;
        Ok(world)
    }

    /// Everything that may happen next.
    pub(crate) fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        for (number, process) in self.processes.iter().enumerate() {
            let Some(process) = process else { continue };
            self.steps_of(number, process, &mut steps);
        }
        if self.maps_submitted < self.size.maps.len() {
            steps.push(Step::Submit);
        }
        if self.requests > 0 && self.ended.is_none() {
            for job in self
                .truth
                .iter()
                .filter(|(_, truth)| truth.outcome.is_none())
            {
                steps.extend([Step::Cancel(*job.0), Step::KillJob(*job.0)]);
            }
            steps.push(Step::CancelAll);
        }
        if !self.is_closed {
            steps.push(Step::Close);
        }
        if !self.is_killed && self.ended.is_none() {
            steps.push(Step::Kill);
        }
        steps
    }

    fn steps_of(&self, number: usize, process: &Process, steps: &mut Vec<Step>) {
        let may_fail = self.faults > 0;
        if !process.unheard.is_empty() {
            steps.push(Step::Heard(number, 1));
            let answers = process.answers_at_once();
            if answers > 1 {
                steps.push(Step::Heard(number, answers));
            }
        }
        let hung = process.heard.as_ref().is_some_and(|jobs| {
            let is_head = jobs.map == 0 && Some(jobs.range.start) == self.size.hangs;
            is_head && process.running == self.size.hangs
        });
        if hung && process.freeze == Freeze::No && !process.is_killed {
            let index = self.size.hangs.unwrap_or_default();
            steps.push(Step::JobTimesOut(number, Job { map: 0, index }));
        }
        if self.timeouts > 0 && process.stage != Stage::Pending {
            steps.push(Step::TimesOut(number));
            if process.id.life > 1 {
                steps.push(Step::TimesOutLate(number));
            }
            if let Some((_, jobs)) = &process.chunk {
                let jobs = jobs.range.clone().map(|index| Job {
                    map: jobs.map,
                    index,
                });
                steps.extend(jobs.map(|job| Step::JobTimesOut(number, job)));
            }
        }
        if process.stage == Stage::Dead {
            return;
        }
        if process.is_killed {
            steps.push(Step::KillLands(number));
        }
        if process.stage == Stage::Pending {
            steps.push(Step::Spawns(number));
            if may_fail {
                steps.push(Step::CannotStart(number));
            }
            return;
        }
        if may_fail {
            steps.push(Step::Dies(number));
            if process.chunk.is_some() && !self.size.over_pipes {
                steps.push(Step::DiesUnknown(number));
            }
        }
        if process.freeze == Freeze::Frozen {
            return;
        }
        if process.freeze == Freeze::Asked {
            steps.push(Step::FreezeLands(number));
        }
        if process.stage == Stage::Starting {
            steps.push(Step::SaysHello(number));
            return;
        }
        let may_say_garbage = may_fail && process.chunk.is_some() && !process.is_garbled;
        if may_say_garbage {
            steps.push(Step::SaysGarbage(number));
        }
        match (process.running, process.rest()) {
            (Some(job), _) if process.is_hung(job, self.size.hangs) => {}
            (Some(_), _) => steps.push(Step::Finishes(number)),
            (None, Some(_)) => steps.push(Step::Begins(number)),
            (None, None) if process.is_closed => steps.push(Step::Leaves(number)),
            (None, None) => {}
        }
    }

    /// Does it, lets the protocol hear of it, obeys, and checks.
    pub(crate) fn take(&mut self, step: Step) -> Result<(), Broken> {
        match step {
            Step::Submit => {
                let map = self.maps_submitted as u64;
                let range = 0..self.size.maps[self.maps_submitted];
                self.maps_submitted += 1;
                for index in range.clone() {
                    let truth = Truth {
                        may_be_cancelled: self.is_closed || self.is_killed,
                        ..Truth::default()
                    };
                    self.truth.insert(Job { map, index }, truth);
                }
                self.tell(Event::Submitted {
                    jobs: Jobs { map, range },
                    least: u64::MAX,
                })
            }
            Step::Cancel(job) => {
                self.requests -= 1;
                let in_hand = self.in_hand(job);
                let truth = self.truth.get_mut(&job).expect("it was submitted");
                truth.may_be_cancelled |= !in_hand;
                let jobs = Jobs {
                    map: job.map,
                    range: job.index..job.index + 1,
                };
                self.tell(Event::Cancel(jobs))?;
                must!(
                    in_hand || self.truth[&job].outcome.is_some(),
                    "{job:?} was queued, and is not cancelled"
                );
                Ok(())
            }
            Step::KillJob(job) => {
                self.requests -= 1;
                let truth = self.truth.get_mut(&job).expect("it was submitted");
                (truth.may_be_cancelled, truth.is_doomed) = (true, true);
                self.tell(Event::KillJob(job))
            }
            Step::CancelAll => {
                self.requests -= 1;
                let waiting: Vec<Job> = self.waiting().collect();
                for job in waiting {
                    self.truth
                        .get_mut(&job)
                        .expect("it was submitted")
                        .may_be_cancelled = true;
                }
                self.tell(Event::CancelAll)?;
                must!(self.waiting().next().is_none(), "not all were cancelled");
                Ok(())
            }
            Step::Close => {
                self.is_closed = true;
                self.tell(Event::Close)
            }
            Step::Kill => {
                self.is_killed = true;
                self.is_closed = true;
                for truth in self.truth.values_mut() {
                    truth.may_be_cancelled = true;
                }
                self.tell(Event::Kill)?;
                let mut living = self.processes.iter().flatten();
                must!(
                    living.all(|process| process.is_killed),
                    "a worker was not killed"
                );
                Ok(())
            }
            Step::Heard(number, count) => {
                self.hear(number, count)?;
                self.decide()
            }
            Step::HeardAll(number) => {
                let id = self.processes[number].as_ref().expect("it is there").id;
                while let Some(process) = &self.processes[number]
                    && process.id == id
                    && !process.unheard.is_empty()
                {
                    self.hear(number, process.answers_at_once())?;
                }
                self.decide()
            }
            Step::TimesOut(number) => {
                self.timeouts -= 1;
                let process = self.processes[number].as_ref().expect("it is there");
                let id = process.id;
                if !process.is_known && !process.is_asked() {
                    self.crashes += 1;
                    self.crashes_of[number] += 1;
                }
                self.tell(Event::Of(id, News::TimedOut))
            }
            Step::JobTimesOut(number, job) => {
                let process = self.processes[number].as_ref().expect("it is there");
                let id = process.id;
                // Only the head, as far as the driver has heard, may be given up for its time.
                let head = process.heard.as_ref().map(|jobs| Job {
                    map: jobs.map,
                    index: jobs.range.start,
                });
                if self.size.hangs != Some(job.index) || self.timeouts > 0 {
                    self.timeouts -= 1;
                }
                if head == Some(job) && !process.is_asked() {
                    let truth = self.truth.get_mut(&job).expect("it was submitted");
                    (truth.may_be_timed_out, truth.is_doomed) = (true, true);
                }
                self.tell(Event::Of(id, News::JobTimedOut(job)))
            }
            Step::TimesOutLate(number) => {
                self.timeouts -= 1;
                let mut id = self.processes[number].as_ref().expect("it is there").id;
                id.life -= 1;
                let actions = self.pool.handle(Event::Of(id, News::TimedOut));
                must!(
                    actions.is_empty(),
                    "{id:?} is dead, and news of it lead to {actions:?}"
                );
                Ok(())
            }
            Step::Spawns(number) => self.process(number, |process| process.stage = Stage::Starting),
            Step::CannotStart(number) => {
                self.faults -= 1;
                self.process(number, |process| process.dies(Some(0)))
            }
            Step::SaysHello(number) => self.process(number, |process| {
                process.stage = Stage::Up;
                process.unheard.push_back(Said::Hello);
            }),
            Step::Begins(number) => {
                let process = self.processes[number].as_mut().expect("it is there");
                let (_, jobs) = process.chunk.as_ref().expect("there is a rest");
                let job = Job {
                    map: jobs.map,
                    index: jobs.range.start,
                };
                process.running = Some(job.index);
                process.jobs += 1;
                let id = process.id;
                must!(
                    process.jobs <= self.size.jobs_per_worker,
                    "{id:?} runs too many jobs"
                );
                self.begins(id, job)
            }
            Step::Finishes(number) => self.process(number, |process| {
                let (chunk, jobs) = process.chunk.as_mut().expect("it runs a job");
                let job = Job {
                    map: jobs.map,
                    index: jobs.range.start,
                };
                jobs.range.start += 1;
                let said = Said::Answer(*chunk, job);
                if jobs.range.is_empty() {
                    process.chunk = None;
                }
                process.running = None;
                process.unheard.push_back(said);
            }),
            Step::Dies(number) => {
                self.faults -= 1;
                let is_known = !self.size.over_pipes;
                self.process(number, |process| {
                    process.is_faulty = true;
                    process.dies(Some(u64::from(process.running.is_some())).filter(|_| is_known));
                })
            }
            Step::DiesUnknown(number) => {
                self.faults -= 1;
                let process = self.processes[number].as_mut().expect("it is there");
                process.is_faulty = true;
                process.dies(None);
                let id = process.id;
                let rest = process.chunk.clone().map(|(_, jobs)| jobs);
                let begun = process.running;
                for index in rest.iter().flat_map(|jobs| jobs.range.clone()) {
                    let map = rest.as_ref().map_or(0, |jobs| jobs.map);
                    if begun != Some(index) {
                        self.begins(id, Job { map, index })?;
                    }
                }
                Ok(())
            }
            Step::SaysGarbage(number) => {
                self.faults -= 1;
                self.process(number, |process| {
                    let (chunk, jobs) = process.chunk.clone().expect("it has a chunk");
                    process.is_garbled = true;
                    process.is_faulty = true;
                    let job = Job {
                        map: jobs.map,
                        index: u64::MAX,
                    };
                    process.unheard.push_back(Said::Answer(chunk - 1, job));
                })
            }
            Step::Leaves(number) | Step::KillLands(number) => {
                let is_known = !self.size.over_pipes;
                self.process(number, |process| {
                    process.dies(Some(u64::from(process.running.is_some())).filter(|_| is_known));
                })
            }
            Step::FreezeLands(number) => self.process(number, |process| {
                process.freeze = Freeze::Frozen;
                process.unheard.push_back(Said::Frozen);
            }),
        }
    }

    fn process(&mut self, number: usize, change: impl FnOnce(&mut Process)) -> Result<(), Broken> {
        change(self.processes[number].as_mut().expect("it is there"));
        Ok(())
    }

    /// Ground truth: this process runs this job now.
    fn begins(&mut self, id: WorkerId, job: Job) -> Result<(), Broken> {
        let truth = self.truth.get_mut(&job).expect("it was submitted");
        if let Some(other) = truth.begun_by {
            return Err(format!(
                "{job:?} runs a second time: in {other:?}, and now in {id:?}"
            ));
        }
        must!(
            truth.outcome.is_none(),
            "{job:?} begins after its end: {:?}",
            truth.outcome
        );
        truth.begun_by = Some(id);
        Ok(())
    }

    /// The driver tells what a worker has said.
    fn hear(&mut self, number: usize, count: usize) -> Result<(), Broken> {
        let process = self.processes[number].as_mut().expect("it is there");
        let id = process.id;
        let said: Vec<Said> = process.unheard.drain(..count).collect();
        let is_asked = process.is_asked();
        let mut answers = Vec::new();
        let news = match &said[0] {
            Said::Hello => {
                process.is_known = true;
                News::Hello
            }
            Said::Answer(chunk, job) => {
                answers.extend(said.iter().filter_map(|said| match said {
                    Said::Answer(_, job) => Some(*job),
                    _ => None,
                }));
                if job.index == u64::MAX && !process.is_killed && !(process.is_closed) {
                    self.crashes += 1;
                    self.crashes_of[number] += 1;
                }
                News::Answered {
                    chunk: *chunk,
                    jobs: count as u64,
                    panicked: 0,
                }
            }
            Said::Frozen => News::Frozen,
            Said::Died(in_doubt) => {
                if !is_asked {
                    self.crashes += 1;
                    self.crashes_of[number] += 1;
                    if let Some(jobs) = process.heard.as_ref().filter(|_| *in_doubt == Some(0)) {
                        let head = Job {
                            map: jobs.map,
                            index: jobs.range.start,
                        };
                        self.truth.get_mut(&head).expect("it was sent").strikes += 1;
                    }
                }
                News::Died {
                    in_doubt: *in_doubt,
                }
            }
        };
        let died = matches!(news, News::Died { .. });
        let before = self.processes[number].clone().expect("it is there");
        if died {
            self.processes[number] = None;
        }
        let actions = self.pool.note(Event::Of(id, news));
        self.obey_of(actions, &answers, Some(&before).filter(|_| died))
    }

    fn decide(&mut self) -> Result<(), Broken> {
        let actions = self.pool.decide();
        self.obey(actions, &[])?;
        self.check()
    }

    fn tell(&mut self, event: Event) -> Result<(), Broken> {
        let actions = self.pool.handle(event);
        self.obey(actions, &[])?;
        self.check()
    }

    fn obey(&mut self, actions: Vec<Action>, answers: &[Job]) -> Result<(), Broken> {
        self.obey_of(actions, answers, None)
    }

    /// The driver does what it is told. `answers` were just heard; `dead` has just been reaped.
    fn obey_of(
        &mut self,
        actions: Vec<Action>,
        answers: &[Job],
        dead: Option<&Process>,
    ) -> Result<(), Broken> {
        for action in actions {
            must!(
                self.ended.is_none() || matches!(action, Action::Deliver { .. }),
                "{action:?} after the end"
            );
            match action {
                Action::Start { worker, attempt } => {
                    must!(!self.is_killed, "{worker:?} is started after the kill");
                    must!(
                        self.processes[worker.number].is_none(),
                        "{worker:?} is started beside a living one"
                    );
                    must!(
                        self.crashes <= self.size.crashes,
                        "{worker:?} is started after {} crashes in a row",
                        self.crashes
                    );
                    let pause = self.crashes_of[worker.number].saturating_sub(1);
                    must!(
                        attempt == pause,
                        "{worker:?} is started with pause {attempt}, not {pause}"
                    );
                    self.processes[worker.number] = Some(Process::new(worker));
                    let full = News::Paced(self.size.pace);
                    let more = self.pool.handle(Event::Of(worker, full));
                    must!(more.is_empty(), "a pace is no reason for {more:?}");
                }
                Action::Send {
                    worker,
                    chunk,
                    jobs,
                } => self.send(worker, chunk, jobs)?,
                Action::Freeze(worker) => {
                    let over_pipes = self.size.over_pipes;
                    let process = self.of(worker)?;
                    process.freeze = Freeze::Asked;
                    if over_pipes {
                        // It cannot be done, and only one job is in hand.
                        process.unheard.push_back(Said::Frozen);
                        process.freeze = Freeze::No;
                    }
                }
                Action::Thaw(worker) => self.of(worker)?.freeze = Freeze::No,
                Action::CloseWorker(worker) => {
                    let process = self.of(worker)?;
                    must!(
                        process.heard.is_none(),
                        "{worker:?} is closed with jobs in hand"
                    );
                    process.is_closed = true;
                    process.is_not_started();
                }
                Action::KillWorker(worker) => {
                    let process = self.of(worker)?;
                    must!(!process.is_killed, "{worker:?} is killed twice");
                    process.is_killed = true;
                    process.is_not_started();
                }
                Action::Deliver { jobs, outcome } => self.deliver(jobs, outcome, answers, dead)?,
                Action::Ended(report) => self.ended = Some(report),
            }
        }
        Ok(())
    }

    fn of(&mut self, id: WorkerId) -> Result<&mut Process, Broken> {
        let process = self.processes[id.number]
            .as_mut()
            .filter(|process| process.id == id);
        process.ok_or_else(|| format!("{id:?} is told something, and is gone"))
    }

    fn send(&mut self, worker: WorkerId, chunk: u64, jobs: Jobs) -> Result<(), Broken> {
        let waiting: BTreeSet<Job> = self.waiting().collect();
        must!(!jobs.range.is_empty(), "an empty chunk");
        for index in jobs.range.clone() {
            let job = Job {
                map: jobs.map,
                index,
            };
            must!(waiting.contains(&job), "{job:?} is sent, and does not wait");
            must!(
                !self.truth[&job].is_doomed,
                "{job:?} is sent, and must not go on"
            );
            must!(
                self.truth[&job].strikes < 2,
                "{job:?} is sent to a third worker"
            );
        }
        // Maps take turns: nobody is passed over more often than there are others.
        let maps: BTreeSet<u64> = waiting.iter().map(|job| job.map).collect();
        for map in &maps {
            let count = self.passed_over.entry(*map).or_default();
            *count = if *map == jobs.map { 0 } else { *count + 1 };
            must!(
                (*count as usize) < self.size.maps.len(),
                "map {map} is passed over {count} times"
            );
        }
        self.passed_over.retain(|map, _| maps.contains(map));
        let process = self.of(worker)?;
        must!(
            process.is_known && !process.is_asked(),
            "{worker:?} is sent jobs, and is not ready"
        );
        must!(process.heard.is_none(), "{worker:?} is sent a second chunk");
        process.heard = Some(jobs.clone());
        if process.stage != Stage::Dead {
            process.chunk = Some((chunk, jobs));
        }
        Ok(())
    }

    fn deliver(
        &mut self,
        jobs: Jobs,
        outcome: Outcome,
        answers: &[Job],
        dead: Option<&Process>,
    ) -> Result<(), Broken> {
        let all = jobs.range.clone().map(|index| Job {
            map: jobs.map,
            index,
        });
        if outcome == Outcome::Answered {
            must!(
                all.clone().eq(answers.iter().copied()),
                "{jobs:?} get the answers of {answers:?}"
            );
            self.crashes = 0;
        }
        let is_alone = self.processes.iter().all(Option::is_none);
        for job in all {
            let holder = self
                .processes
                .iter_mut()
                .flatten()
                .find(|process| process.holds(job));
            let truth = self
                .truth
                .get_mut(&job)
                .ok_or(format!("nobody submitted {job:?}"))?;
            must!(
                truth.outcome.is_none(),
                "{job:?} ends twice: {:?}, {outcome:?}",
                truth.outcome
            );
            truth.outcome = Some(outcome);
            let begun = truth.begun_by.is_some();
            match outcome {
                Outcome::Answered => {
                    let process =
                        holder.ok_or(format!("{job:?} is answered, and nobody has it"))?;
                    let heard = process.heard.as_mut().expect("it holds the job");
                    must!(
                        heard.range.start == job.index,
                        "{job:?} is answered out of order"
                    );
                    heard.range.start += 1;
                    if heard.range.is_empty() {
                        process.heard = None;
                    }
                    let number = process.id.number;
                    self.crashes_of[number] = 0;
                    continue;
                }
                Outcome::Crashed { has_begun } => {
                    let dead = dead.ok_or(format!("{job:?} crashed, and nobody died"))?;
                    must!(
                        dead.holds(job),
                        "{job:?} crashed with {:?}, which does not have it",
                        dead.id
                    );
                    must!(
                        dead.is_faulty,
                        "{job:?} is called crashed, and {:?} was killed by the parent",
                        dead.id
                    );
                    must!(
                        has_begun || truth.strikes >= 2,
                        "{job:?} is given up after {} workers",
                        truth.strikes
                    );
                    must!(
                        has_begun || !begun,
                        "{job:?} had begun, and is called not begun"
                    );
                    let is_known =
                        !dead.is_garbled && dead.unheard.is_empty() && !self.size.over_pipes;
                    must!(
                        !has_begun || begun || !is_known,
                        "{job:?} is called begun, and had not begun"
                    );
                }
                Outcome::TimedOut => {
                    must!(truth.may_be_timed_out, "{job:?} had not used up its time")
                }
                Outcome::Cancelled => must!(truth.may_be_cancelled, "nobody cancelled {job:?}"),
                Outcome::Broken => {
                    must!(
                        is_alone && self.crashes > self.size.crashes,
                        "the pool is not broken"
                    );
                }
            }
            must!(
                holder.is_none(),
                "{job:?} ends as {outcome:?} in the hands of a worker"
            );
        }
        Ok(())
    }

    /// Jobs that were submitted, have no outcome, and are in nobody's hands.
    fn waiting(&self) -> impl Iterator<Item = Job> {
        let jobs = self
            .truth
            .iter()
            .filter(|(_, truth)| truth.outcome.is_none());
        jobs.map(|(job, _)| *job).filter(|job| !self.in_hand(*job))
    }

    fn in_hand(&self, job: Job) -> bool {
        self.processes
            .iter()
            .flatten()
            .any(|process| process.holds(job))
    }

    /// What must be true whenever the protocol has decided.
    fn check(&self) -> Result<(), Broken> {
        let is_waiting = self.waiting().next().is_some();
        for (number, process) in self.processes.iter().enumerate() {
            if let Some(process) = process {
                let is_idle = process.is_known && !process.is_asked() && process.heard.is_none();
                let is_idle = is_idle
                    && process.freeze == Freeze::No
                    && !process.unheard.contains(&Said::Frozen);
                must!(
                    !(is_idle && is_waiting),
                    "{:?} is idle, and a job waits",
                    process.id
                );
                let head = process.heard.as_ref().map(|jobs| Job {
                    map: jobs.map,
                    index: jobs.range.start,
                });
                let is_stopped = process.is_killed
                    || process.freeze != Freeze::No
                    || process.unheard.contains(&Said::Frozen);
                let is_doomed = head.is_some_and(|job| self.truth[&job].is_doomed);
                must!(
                    is_stopped || !is_doomed,
                    "{head:?} goes on in {:?}, and must not",
                    process.id
                );
            } else {
                let may_start = !self.is_killed && self.crashes <= self.size.crashes;
                let has_future = !self.is_closed || is_waiting;
                must!(
                    !(may_start && has_future),
                    "number {number} has no worker, and could have one"
                );
            }
        }
        Ok(())
    }

    /// What must be true when nothing can happen any more.
    pub(crate) fn check_end(&self) -> Result<(), Broken> {
        let report = self
            .ended
            .ok_or("nothing can happen any more, and the pool has not ended")?;
        must!(
            self.processes.iter().all(Option::is_none),
            "the pool has ended, and a worker is left"
        );
        let mut counted = Report::default();
        for (job, truth) in &self.truth {
            match truth.outcome.ok_or(format!("{job:?} has no outcome"))? {
                Outcome::Answered => counted.completed += 1,
                Outcome::Crashed { .. } => counted.crashed += 1,
                Outcome::TimedOut => counted.timed_out += 1,
                Outcome::Cancelled | Outcome::Broken => counted.cancelled += 1,
            }
        }
        // What is submitted after the end is refused, and not in the report.
        let late = counted.cancelled - report.cancelled.min(counted.cancelled);
        counted.cancelled -= late;
        must!(
            report == counted,
            "{report:?}, and the outcomes are {counted:?}"
        );
        Ok(())
    }

    /// Two numbers that are the same for the same future.
    pub(crate) fn key(&self) -> u128 {
        let mut hasher = Wide::default();
        self.hash(&mut hasher);
        hasher.0
    }
}

impl Hash for World {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.pool.hash(hasher);
        self.processes.hash(hasher);
        self.truth.hash(hasher);
        self.passed_over.hash(hasher);
        self.crashes_of.hash(hasher);
        (
            self.maps_submitted,
            self.faults,
            self.timeouts,
            self.requests,
            self.crashes,
        )
            .hash(hasher);
        (self.is_closed, self.is_killed, self.ended).hash(hasher);
    }
}

impl Process {
    fn new(id: WorkerId) -> Self {
        Self {
            id,
            stage: Stage::Pending,
            unheard: VecDeque::new(),
            chunk: None,
            running: None,
            jobs: 0,
            freeze: Freeze::No,
            is_closed: false,
            is_killed: false,
            is_faulty: false,
            is_garbled: false,
            is_known: false,
            heard: None,
        }
    }

    /// The parent has told it to end.
    fn is_asked(&self) -> bool {
        self.is_closed || self.is_killed
    }

    /// As far as the driver has heard.
    fn holds(&self, job: Job) -> bool {
        self.heard
            .as_ref()
            .is_some_and(|jobs| jobs.map == job.map && jobs.range.contains(&job.index))
    }

    fn rest(&self) -> Option<&Jobs> {
        self.chunk.as_ref().map(|(_, jobs)| jobs)
    }

    fn is_hung(&self, job: u64, hangs: Option<u64>) -> bool {
        hangs == Some(job) && self.rest().is_some_and(|jobs| jobs.map == 0)
    }

    fn dies(&mut self, in_doubt: Option<u64>) {
        self.stage = Stage::Dead;
        self.unheard.push_back(Said::Died(in_doubt));
    }

    /// The driver was about to start it, and does not.
    fn is_not_started(&mut self) {
        if self.stage == Stage::Pending {
            self.dies(Some(0));
        }
    }

    /// How many answers of one chunk the driver could hear in one look.
    fn answers_at_once(&self) -> usize {
        let Some(Said::Answer(first, _)) = self.unheard.front() else {
            return 1;
        };
        let same = |said: &&Said| matches!(said, Said::Answer(chunk, _) if chunk == first);
        self.unheard.iter().take_while(same).count()
    }
}

/// Mixes words into 128 bits; two states with the same 128 bits are taken to be one.
#[derive(Default)]
struct Wide(u128);

impl Hasher for Wide {
    fn finish(&self) -> u64 {
        self.0 as u64
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, word: u8) {
        self.write_u64(u64::from(word));
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    fn write_u64(&mut self, word: u64) {
        const ODD: u128 = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835;
        self.0 = (self.0 ^ u128::from(word).wrapping_add(1)).wrapping_mul(ODD);
        self.0 ^= self.0 >> 61;
    }
}
