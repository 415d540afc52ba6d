//! What the rounds of one way say together, and which of two ways was faster.
//!
//! ```text
//!   threads    ├──●───┤              ○       ○ was interrupted: the slowest round is left out
//!   processes             ├───●──┤           apart: threads were faster, by the two ●, the medians
//!
//!   threads    ├──●─────────┤
//!   processes       ├───●──┤                 they overlap: about the same
//! ```
//!
//! What a busy machine adds should meet the ways alike, since each round begins with another one. If it
//! does, where two are equally fast, each order of their times is as likely as any other. Two ways of nine
//! rounds have 48,620 orders, and in 20 of them the two are apart. Two runs of the program that
//! contradict one another are met at most once in eleven million pairs.

use std::time::Duration;

/// From so many rounds on the slowest is left out.
const ENOUGH: usize = 7;

/// Where the medians differ by this factor or less, nobody was faster: what it costs to start a process
/// is less, and the section is about the work.
const NOTICEABLE: f64 = 1.25;

/// The times of one way over several rounds: the median, and from where to where they reach.
///
/// An interruption only ever adds time. So from seven rounds on the slowest does not count, however
/// long it was interrupted.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use threadproof::compare::Spread;
///
/// let times = [31, 30, 32, 33, 30, 31, 950].map(Duration::from_millis);
/// let spread = Spread::of(&times).expect("there are rounds");
/// assert_eq!(spread.median, Duration::from_millis(31));
/// assert_eq!(spread.fastest, Duration::from_millis(30));
/// assert_eq!(spread.slowest, Duration::from_millis(33));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Spread {
    /// The fastest round.
    pub fastest: Duration,
    /// The round in the middle; of an even number the faster of the two in the middle.
    pub median: Duration,
    /// The slowest round of those that count: from seven rounds on, the slowest but one.
    pub slowest: Duration,
}

impl Spread {
    /// The spread of these times, in any order; `None` if there are none.
    pub fn of(times: &[Duration]) -> Option<Self> {
        let mut times = times.to_vec();
        times.sort();
        let fastest = *times.first()?;
        let median = times[(times.len() - 1) / 2];
        if times.len() >= ENOUGH {
            times.pop();
        }
        let slowest = *times.last()?;
        Some(Self {
            fastest,
            median,
            slowest,
        })
    }

    /// Whether the two reach over a time in common, from the fastest to the slowest round of each.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.fastest <= other.slowest && other.fastest <= self.slowest
    }

    /// By what factor this way was faster than `other`, from the medians; `None` unless it was.
    ///
    /// It was if each of its rounds that count took less time than any of the other's, and if the
    /// factor is more than 1.25. So of two ways at most one was faster than the other.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use threadproof::compare::Spread;
    ///
    /// let spread = |millis: [u64; 3]| Spread::of(&millis.map(Duration::from_millis)).unwrap();
    /// let (threads, processes) = (spread([10, 12, 11]), spread([22, 21, 30]));
    /// assert_eq!(threads.times_as_fast_as(&processes), Some(2.0));
    /// assert_eq!(processes.times_as_fast_as(&threads), None);
    /// // One round of the threads took longer than one of the processes: nobody knows.
    /// assert_eq!(spread([10, 22, 11]).times_as_fast_as(&processes), None);
    /// ```
    // ANCHOR: faster
    pub fn times_as_fast_as(&self, other: &Self) -> Option<f64> {
        let is_apart = self.slowest < other.fastest;
        // A clock too coarse to see this way gives the largest factor and no division by zero.
        let factor = other.median.as_secs_f64() / self.median.as_secs_f64().max(1e-9);
        (is_apart && factor > NOTICEABLE).then_some(factor)
    }
    // ANCHOR_END: faster
}

/// One round alone.
impl From<Duration> for Spread {
    fn from(time: Duration) -> Self {
        Self {
            fastest: time,
            median: time,
            slowest: time,
        }
    }
}

/// Who was faster and by what factor; "about the same" unless one was for certain: see
/// [`Spread::times_as_fast_as`].
///
/// Takes the spread of several rounds. A [`Duration`] is a single round: of two single rounds one is
/// faster as soon as the factor is more than 1.25, and the next two may say the opposite. Of three
/// rounds each, up to one comparison of equal ways in ten still names a winner.
///
/// # Differences from Python
/// The notebook times one run of each, and any difference makes a winner.
/// [`time.perf_counter`](https://docs.python.org/3/library/time.html#time.perf_counter) is exact; one
/// run is not.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use threadproof::compare::{Spread, verdict};
///
/// let (one, two) = (Duration::from_secs(1), Duration::from_secs(2));
/// let words = verdict(("threads", one), ("processes", two));
/// assert_eq!(words, "threads were 2.00 × as fast as processes");
///
/// let threads = Spread::of(&[one, two, one]).expect("there are rounds");
/// let words = verdict(("threads", threads), ("processes", two));
/// assert_eq!(words, "threads and processes took about the same time");
/// ```
// ANCHOR: verdict
pub fn verdict(a: (&str, impl Into<Spread>), b: (&str, impl Into<Spread>)) -> String {
    let ((a, times_of_a), (b, times_of_b)) = ((a.0, a.1.into()), (b.0, b.1.into()));
    if let Some(factor) = times_of_a.times_as_fast_as(&times_of_b) {
        format!("{a} were {factor:.2} × as fast as {b}")
    } else if let Some(factor) = times_of_b.times_as_fast_as(&times_of_a) {
        format!("{b} were {factor:.2} × as fast as {a}")
    } else {
        format!("{a} and {b} took about the same time")
    }
}
// ANCHOR_END: verdict
