//! Contenders run in turn, A B C then B C A, so that a slow moment of the machine meets them all.
//!
//! A ratio is the quotient of the medians of the rounds that both ran: see [`crate::statistics`]. Whoever
//! is too slow for all rounds runs in the first ones.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::statistics::{compare, median, quartiles, slope};

/// How many rounds at most; at least [`Group::fewest`], else as many as fit into the case's time.
const MOST: usize = 101;

/// One line of a table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) case: String,
    pub(crate) ours: Side,
    pub(crate) peer: Side,
    pub(crate) unit: Unit,
    pub(crate) kind: Kind,
    /// The ratio, slope or value; `None` where the peer is missing.
    pub(crate) figure: Option<f64>,
    /// Between these is the figure of one round in two.
    pub(crate) spread: Option<(f64, f64)>,
    /// The figure may not be larger.
    pub(crate) goal: Option<f64>,
    pub(crate) rounds: usize,
}

/// Who ran, and how long it took; for a missing peer, why there is nothing.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Side {
    pub(crate) name: String,
    pub(crate) median: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Unit {
    Seconds,
    Bytes,
    Crates,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// Ours by the peer's.
    Ratio,
    /// Of the logarithm of the time over that of the size: 1 is linear.
    Slope,
    /// Ours alone, in its unit.
    Value,
}

/// The rows of one table as they come in.
pub(crate) struct Group {
    pub(crate) is_quick: bool,
    pub(crate) rows: Vec<Row>,
    /// Names and versions of peers that ran.
    pub(crate) versions: Vec<(String, String)>,
}

impl Group {
    pub(crate) fn new(is_quick: bool) -> Self {
        let (rows, versions) = (Vec::new(), Vec::new());
        Self {
            is_quick,
            rows,
            versions,
        }
    }

    /// A quartile of fewer rounds says nothing; a quick run only says whether all of it runs.
    fn fewest(&self) -> usize {
        if self.is_quick { 2 } else { 5 }
    }

    /// Begins a case; the time is for all contenders and rounds together.
    pub(crate) fn case<'a>(&'a mut self, name: impl Into<String>, time: Duration) -> Case<'a> {
        let time = if self.is_quick { time / 20 } else { time };
        Case {
            group: self,
            name: name.into(),
            time,
            contenders: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// A figure that stands alone.
    pub(crate) fn value(&mut self, case: impl Into<String>, name: &str, value: f64, unit: Unit) {
        self.rows.push(Row {
            case: case.into(),
            ours: Side::of(name, value),
            peer: Side::missing(""),
            unit,
            kind: Kind::Value,
            figure: Some(value),
            spread: None,
            goal: None,
            rounds: 1,
        });
    }

    /// Samples that were taken in turn, one a round.
    pub(crate) fn ratio(
        &mut self,
        case: &str,
        (ours, our_samples): (&str, &[f64]),
        (peer, peer_samples): (&str, &[f64]),
        unit: Unit,
        goal: Option<f64>,
    ) {
        let compared = compare(our_samples, peer_samples);
        self.rows.push(Row {
            case: case.to_owned(),
            ours: Side::of(ours, compared.ours),
            peer: Side::of(peer, compared.peers),
            unit,
            kind: Kind::Ratio,
            figure: Some(compared.ratio),
            spread: (compared.rounds > 1).then_some(compared.spread),
            goal,
            rounds: compared.rounds,
        });
    }

    /// There is nobody to compare with.
    pub(crate) fn no_ratio(
        &mut self,
        case: &str,
        (ours, samples): (&str, &[f64]),
        peer: &str,
        unit: Unit,
        goal: Option<f64>,
    ) {
        self.rows.push(Row {
            case: case.to_owned(),
            ours: Side::of(ours, median(samples)),
            peer: Side::missing(&format!("{peer}: not installed")),
            unit,
            kind: Kind::Ratio,
            figure: None,
            spread: None,
            goal,
            rounds: 0,
        });
    }

    /// How the time grows with the size; the sizes must be growing.
    pub(crate) fn slope(
        &mut self,
        case: &str,
        sizes: &[usize],
        time: Duration,
        mut run: impl FnMut(usize) -> f64,
    ) {
        let time = if self.is_quick { time / 20 } else { time };
        let (start, mut rounds) = (Instant::now(), Vec::new());
        // The first round is the warm-up.
        for round in 0..=MOST {
            if round > self.fewest() && start.elapsed() >= time {
                break;
            }
            let seconds: Vec<f64> = sizes.iter().map(|size| run(*size)).collect();
            if round > 0 {
                rounds.push(seconds);
            }
        }
        let slope_of = |seconds: &[f64]| {
            let point = |(size, seconds): (&usize, &f64)| ((*size as f64).ln(), seconds.ln());
            slope(&sizes.iter().zip(seconds).map(point).collect::<Vec<_>>())
        };
        let of_size =
            |place: usize| median(&rounds.iter().map(|round| round[place]).collect::<Vec<_>>());
        let medians: Vec<f64> = (0..sizes.len()).map(of_size).collect();
        let slopes: Vec<f64> = rounds.iter().map(|round| slope_of(round)).collect();
        let side = |place: usize| Side::of(&format!("{}:", sizes[place]), medians[place]);
        self.rows.push(Row {
            case: case.to_owned(),
            ours: side(sizes.len() - 1),
            peer: side(0),
            unit: Unit::Seconds,
            kind: Kind::Slope,
            figure: Some(slope_of(&medians)),
            spread: Some(quartiles(&slopes)),
            goal: None,
            rounds: slopes.len(),
        });
    }

    pub(crate) fn version(&mut self, name: &str, version: impl Into<String>) {
        let version = version.into();
        if !self.versions.iter().any(|(known, _)| known == name) {
            self.versions.push((name.to_owned(), version));
        }
    }
}

/// Several ways to do the same.
pub(crate) struct Case<'a> {
    group: &'a mut Group,
    name: String,
    time: Duration,
    contenders: Vec<Contender<'a>>,
    missing: Vec<(String, Option<f64>)>,
}

struct Contender<'a> {
    name: String,
    role: Role<'a>,
    goal: Option<f64>,
    /// One sample a round, until the contender has had its share of the time.
    samples: Vec<f64>,
    rounds: usize,
}

enum Role<'a> {
    Ours(Box<dyn FnMut() -> f64 + 'a>),
    Peer(Box<dyn FnMut() -> f64 + 'a>),
}

impl<'a> Case<'a> {
    pub(crate) fn ours(mut self, name: &str, run: impl FnMut() -> f64 + 'a) -> Self {
        self.add(name, Role::Ours(Box::new(run)), None);
        self
    }

    pub(crate) fn peer(
        mut self,
        name: &str,
        goal: impl Into<Option<f64>>,
        run: impl FnMut() -> f64 + 'a,
    ) -> Self {
        self.add(name, Role::Peer(Box::new(run)), goal.into());
        self
    }

    /// A peer that may not be there.
    pub(crate) fn peer_if(
        self,
        is_there: bool,
        name: &str,
        goal: impl Into<Option<f64>>,
        run: impl FnMut() -> f64 + 'a,
    ) -> Self {
        match is_there {
            true => self.peer(name, goal, run),
            false => self.missing(name, goal),
        }
    }

    pub(crate) fn missing(mut self, name: &str, goal: impl Into<Option<f64>>) -> Self {
        self.missing.push((name.to_owned(), goal.into()));
        self
    }

    /// What nothing can beat.
    pub(crate) fn limit(self, name: &str, goal: impl Into<Option<f64>>, seconds: f64) -> Self {
        self.peer(name, goal, move || seconds)
    }

    fn add(&mut self, name: &str, role: Role<'a>, goal: Option<f64>) {
        self.contenders.push(Contender {
            name: name.to_owned(),
            role,
            goal,
            samples: Vec::new(),
            rounds: MOST,
        });
    }

    /// Runs all of them in turn, then compares each of ours with each peer.
    pub(crate) fn run(mut self) {
        let (number, fewest) = (self.contenders.len(), self.group.fewest());
        let share = self.time / number as u32;
        // The first round is the warm-up, and tells how many rounds each may have.
        for contender in &mut self.contenders {
            let start = Instant::now();
            contender.role.measure();
            let fitting = share.as_secs_f64() / start.elapsed().as_secs_f64().max(1e-9);
            contender.rounds = (fitting as usize).clamp(fewest, MOST);
        }
        let ours = self.contenders.iter().filter(|one| one.role.is_ours());
        let rounds = ours.map(|one| one.rounds).max().unwrap_or(fewest);
        for round in 0..rounds {
            for place in 0..number {
                let which = (round + place) % number;
                if round < self.contenders[which].rounds {
                    let contender = &mut self.contenders[which];
                    let sample = contender.role.measure();
                    contender.samples.push(sample);
                }
            }
        }
        self.compare();
    }

    fn compare(self) {
        let (ours, peers): (Vec<_>, Vec<_>) = self
            .contenders
            .into_iter()
            .partition(|one| one.role.is_ours());
        let (case, unit) = (&self.name, Unit::Seconds);
        for one in &ours {
            let one = (&*one.name, &*one.samples);
            for peer in &peers {
                let other = (&*peer.name, &*peer.samples);
                self.group.ratio(case, one, other, unit, peer.goal);
            }
            for (peer, goal) in &self.missing {
                self.group.no_ratio(case, one, peer, unit, *goal);
            }
        }
    }
}

impl Role<'_> {
    fn is_ours(&self) -> bool {
        matches!(self, Role::Ours(_))
    }

    fn measure(&mut self) -> f64 {
        match self {
            Role::Ours(run) | Role::Peer(run) => run(),
        }
    }
}

impl Side {
    pub(crate) fn of(name: &str, median: f64) -> Self {
        let (name, median) = (name.to_owned(), Some(median));
        Self { name, median }
    }

    fn missing(name: &str) -> Self {
        let (name, median) = (name.to_owned(), None);
        Self { name, median }
    }
}

/// How long this takes, in seconds; what it gives is dropped after the clock has stopped.
pub(crate) fn timed<R>(run: impl FnOnce() -> R) -> f64 {
    let start = Instant::now();
    let output = std::hint::black_box(run());
    let took = start.elapsed();
    drop(output);
    took.as_secs_f64()
}
