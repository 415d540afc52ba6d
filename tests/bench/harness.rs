//! Contenders run in turn, A B C then B C A, so that a slow moment of the machine meets them all.
//!
//! A ratio is the median of the ratios within each round. So the load of the machine, which changes
//! from minute to minute, falls out of it; medians of whole columns would keep it.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// How many rounds at most; at least [`FEWEST`], else as many as fit into the case's time.
const MOST: usize = 101;
const FEWEST: usize = 3;

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
    /// The figure may not be larger.
    pub(crate) goal: Option<f64>,
    pub(crate) rounds: usize,
}

/// Who ran, and how long it took; for a missing peer, why there is nothing.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Side {
    pub(crate) name: String,
    pub(crate) median: Option<f64>,
    pub(crate) least: Option<f64>,
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
    pub(crate) fn value(
        &mut self,
        case: impl Into<String>,
        name: &str,
        value: f64,
        unit: Unit,
        goal: Option<f64>,
    ) {
        self.rows.push(Row {
            case: case.into(),
            ours: Side::of(name, &[value]),
            peer: Side::missing(""),
            unit,
            kind: Kind::Value,
            figure: Some(value),
            goal,
            rounds: 1,
        });
    }

    /// How the time grows with the size: of the last three sizes, which must be growing.
    pub(crate) fn slope(
        &mut self,
        case: &str,
        sizes: &[usize],
        time: Duration,
        mut run: impl FnMut(usize) -> f64,
        goal: impl Into<Option<f64>>,
    ) {
        let time = if self.is_quick { time / 20 } else { time };
        let start = Instant::now();
        let mut samples = vec![Vec::new(); sizes.len()];
        let mut rounds = 0;
        while rounds < FEWEST || (rounds < MOST && start.elapsed() < time) {
            for (size, samples) in sizes.iter().zip(&mut samples) {
                let seconds = run(*size);
                // The first round is the warm-up.
                if rounds > 0 {
                    samples.push(seconds);
                }
            }
            rounds += 1;
        }
        let least: Vec<f64> = samples.iter().map(|samples| least(samples)).collect();
        let points: Vec<(f64, f64)> = sizes
            .iter()
            .zip(&least)
            .map(|(size, seconds)| ((*size as f64).ln(), seconds.ln()))
            .collect();
        let from = points.len().saturating_sub(3);
        let (first, last) = (sizes[from], sizes[sizes.len() - 1]);
        self.rows.push(Row {
            case: case.to_owned(),
            ours: Side::of(&format!("{last}:"), &samples[samples.len() - 1]),
            peer: Side::of(&format!("{first}:"), &samples[from]),
            unit: Unit::Seconds,
            kind: Kind::Slope,
            figure: Some(slope_of(&points[from..])),
            goal: goal.into(),
            rounds,
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
    /// What nothing can beat, from the first contender's sample of the round.
    Limit(Box<dyn Fn(f64) -> f64 + 'a>),
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
        self.missing
            .push((format!("{name}: not installed"), goal.into()));
        self
    }

    pub(crate) fn limit(
        mut self,
        name: &str,
        goal: impl Into<Option<f64>>,
        of_first: impl Fn(f64) -> f64 + 'a,
    ) -> Self {
        self.add(name, Role::Limit(Box::new(of_first)), goal.into());
        self
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
        let number = self.contenders.len();
        let share = self.time / number as u32;
        // The first round is the warm-up, and tells how many rounds each may have.
        for contender in &mut self.contenders {
            let start = Instant::now();
            contender.role.measure(0.0);
            let fitting = share.as_secs_f64() / start.elapsed().as_secs_f64().max(1e-9);
            contender.rounds = (fitting as usize).clamp(FEWEST, MOST);
            if matches!(contender.role, Role::Limit(_)) {
                contender.rounds = MOST;
            }
        }
        let ours = self.contenders.iter().filter(|one| one.role.is_ours());
        let rounds = ours.map(|one| one.rounds).max().unwrap_or(FEWEST);
        for round in 0..rounds {
            for place in 0..number {
                let which = (round + place) % number;
                if round < self.contenders[which].rounds {
                    let first = self.contenders[0].samples.get(round).copied();
                    let contender = &mut self.contenders[which];
                    // A limit is filled in below, once the first contender has run.
                    if !matches!(contender.role, Role::Limit(_)) {
                        let sample = contender.role.measure(first.unwrap_or(0.0));
                        contender.samples.push(sample);
                    }
                }
            }
        }
        let first = self.contenders[0].samples.clone();
        for contender in &mut self.contenders {
            if let Role::Limit(of_first) = &contender.role {
                contender.samples = first.iter().map(|sample| of_first(*sample)).collect();
            }
        }
        self.compare();
    }

    fn compare(self) {
        let (ours, peers): (Vec<_>, Vec<_>) = self
            .contenders
            .into_iter()
            .partition(|one| one.role.is_ours());
        for one in &ours {
            for peer in &peers {
                let pairs = one.samples.iter().zip(&peer.samples);
                let ratios: Vec<f64> = pairs.map(|(ours, peers)| ours / peers).collect();
                self.group.rows.push(Row {
                    case: self.name.clone(),
                    ours: Side::of(&one.name, &one.samples),
                    peer: Side::of(&peer.name, &peer.samples),
                    unit: Unit::Seconds,
                    kind: Kind::Ratio,
                    figure: Some(median(&ratios)),
                    goal: peer.goal,
                    rounds: ratios.len(),
                });
            }
            for (peer, goal) in &self.missing {
                self.group.rows.push(Row {
                    case: self.name.clone(),
                    ours: Side::of(&one.name, &one.samples),
                    peer: Side::missing(peer),
                    unit: Unit::Seconds,
                    kind: Kind::Ratio,
                    figure: None,
                    goal: *goal,
                    rounds: 0,
                });
            }
        }
    }
}

impl Role<'_> {
    fn is_ours(&self) -> bool {
        matches!(self, Role::Ours(_))
    }

    fn measure(&mut self, first: f64) -> f64 {
        match self {
            Role::Ours(run) | Role::Peer(run) => run(),
            Role::Limit(of_first) => of_first(first),
        }
    }
}

impl Side {
    pub(crate) fn of(name: &str, samples: &[f64]) -> Self {
        let name = name.to_owned();
        let (median, least) = (Some(median(samples)), Some(least(samples)));
        Self {
            name,
            median,
            least,
        }
    }

    fn missing(name: &str) -> Self {
        let name = name.to_owned();
        Self {
            name,
            median: None,
            least: None,
        }
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

pub(crate) fn median(samples: &[f64]) -> f64 {
    quantile(samples, 0.5)
}

/// The smallest sample that so large a part of all does not exceed.
pub(crate) fn quantile(samples: &[f64], part: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (part * sorted.len() as f64).ceil() as usize;
    let place = place.clamp(1, sorted.len().max(1)) - 1;
    sorted.get(place).copied().unwrap_or(f64::NAN)
}

fn least(samples: &[f64]) -> f64 {
    samples.iter().copied().fold(f64::INFINITY, f64::min)
}

/// Of the line with the least squares.
fn slope_of(points: &[(f64, f64)]) -> f64 {
    let number = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / number;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let top: f64 = points
        .iter()
        .map(|point| (point.0 - x) * (point.1 - y))
        .sum();
    let bottom: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    top / bottom
}
