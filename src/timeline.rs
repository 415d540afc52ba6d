//! What ran when: spans on lanes, recorded from outside the patterns, drawn as SVG.
//!
//! ```text
//!   main        ├──────────── join ─────────────┤
//!   download-1  ├── office-1.png ──┤
//!   download-2  ├─── office-2.png ────┤
//!               0                              0.12 s
//! ```
//!
//! The patterns know nothing of this: a caller wraps a job in a span, so that the patterns stay
//! small and can be model-checked.

mod svg;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Spans of one run, measured from its start; any thread may add to it.
///
/// # Examples
/// ```
/// use threadproof::Timeline;
///
/// let timeline = Timeline::new();
/// let sum = timeline.span("main", "adding", || 1 + 2);
/// assert_eq!(sum, 3);
/// assert_eq!(timeline.spans()[0].what, "adding");
/// assert!(timeline.to_svg("A sum").starts_with("<svg"));
/// ```
#[derive(Debug)]
pub struct Timeline {
    start: Instant,
    spans: Mutex<Vec<Span>>,
}

/// One bar in one row: what a lane did, from when to when since the timeline's start.
///
/// With the feature `program` it can be serialised by `serde`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "program", derive(serde::Serialize))]
pub struct Span {
    /// The row: a thread's name, or a process.
    pub lane: String,
    /// What it did.
    pub what: String,
    /// Its begin.
    pub from: Duration,
    /// Its end.
    pub to: Duration,
}

impl Span {
    /// Whether both were running at some moment.
    pub fn overlaps(&self, other: &Span) -> bool {
        self.from < other.to && other.from < self.to
    }
}

impl Timeline {
    /// Starts an empty timeline now.
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
            spans: Mutex::default(),
        }
    }

    /// The time since the start.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Runs `body` and records how long it took, also when it panics.
    pub fn span<R>(&self, lane: &str, what: &str, body: impl FnOnce() -> R) -> R {
        struct AtEnd<'a>(&'a Timeline, &'a str, &'a str, Duration);
        impl Drop for AtEnd<'_> {
            fn drop(&mut self) {
                self.0.record(self.1, self.2, self.3, self.0.elapsed());
            }
        }
        let _at_end = AtEnd(self, lane, what, self.elapsed());
        body()
    }

    /// Adds a span that was measured elsewhere; one that ends before it begins has no length.
    pub fn record(&self, lane: &str, what: &str, from: Duration, to: Duration) {
        let (lane, what, to) = (lane.to_owned(), what.to_owned(), to.max(from));
        let mut spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        spans.push(Span {
            lane,
            what,
            from,
            to,
        });
    }

    /// All spans so far, in the order of their begins.
    pub fn spans(&self) -> Vec<Span> {
        let mut spans = self
            .spans
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        spans.sort_by_key(|span| span.from);
        spans
    }

    /// Draws the timeline, a row a lane in the order in which they first appear.
    ///
    /// The picture names its parts by class (`timeline`, `lane`, `span`, `axis`), holds colours for
    /// light and dark of its own, and says in words what it shows.
    pub fn to_svg(&self, title: &str) -> String {
        self.to_svg_until(title, Duration::ZERO)
    }

    /// As [`to_svg`](Self::to_svg), with an axis that goes on to `axis` at least: pictures of one
    /// axis can be compared.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use threadproof::Timeline;
    ///
    /// let timeline = Timeline::new();
    /// timeline.record("main", "half", Duration::ZERO, Duration::from_secs(1));
    /// let svg = timeline.to_svg_until("Half of it", Duration::from_secs(2));
    /// assert!(svg.contains(">2.00 s</text>"));
    /// ```
    pub fn to_svg_until(&self, title: &str, axis: Duration) -> String {
        svg::draw(title, &self.spans(), axis)
    }
}

impl Default for Timeline {
    fn default() -> Self {
        Self::new()
    }
}
