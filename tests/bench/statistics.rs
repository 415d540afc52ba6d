//! What a row of a table says of its samples.
//!
//! A ratio is the quotient of the two medians that stand beside it, so the three cannot contradict
//! each other. How far to trust it says its spread: the quartiles of the ratios within the rounds.

/// Two contenders that ran in the same rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Compared {
    pub(crate) ours: f64,
    pub(crate) peers: f64,
    pub(crate) ratio: f64,
    pub(crate) spread: (f64, f64),
    pub(crate) rounds: usize,
}

/// Of the rounds that both ran; whoever is slow has fewer.
pub(crate) fn compare(ours: &[f64], peers: &[f64]) -> Compared {
    let rounds = ours.len().min(peers.len());
    let (ours, peers) = (&ours[..rounds], &peers[..rounds]);
    let within: Vec<f64> = ours.iter().zip(peers).map(|(a, b)| a / b).collect();
    let (ours, peers) = (median(ours), median(peers));
    Compared {
        ours,
        peers,
        ratio: ours / peers,
        spread: quartiles(&within),
        rounds,
    }
}

pub(crate) fn median(samples: &[f64]) -> f64 {
    quantile(samples, 0.5)
}

pub(crate) fn quartiles(samples: &[f64]) -> (f64, f64) {
    (quantile(samples, 0.25), quantile(samples, 0.75))
}

/// The smallest sample that so large a part of all does not exceed.
pub(crate) fn quantile(samples: &[f64], part: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (part * sorted.len() as f64).ceil() as usize;
    let place = place.clamp(1, sorted.len().max(1)) - 1;
    sorted.get(place).copied().unwrap_or(f64::NAN)
}

/// Of the line with the least squares.
pub(crate) fn slope(points: &[(f64, f64)]) -> f64 {
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

/// With two digits behind the point, three where it is small, and as many more as show on which side
/// of its goal it is.
pub(crate) fn figure(value: f64, goal: Option<f64>) -> String {
    let usual = match value.abs() {
        small if small < 0.0995 => 3,
        usual if usual < 9.995 => 2,
        _ => 1,
    };
    let is_told = |digits: &usize| {
        let shown: f64 = format!("{value:.digits$}").parse().unwrap_or(f64::NAN);
        goal.is_none_or(|goal| (shown <= goal) == (value <= goal))
    };
    let digits = (usual..usual + 4).find(is_told).unwrap_or(usual);
    format!("{value:.digits$}")
}
