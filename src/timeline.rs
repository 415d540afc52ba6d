//! What ran when: spans and marks on lanes, recorded from outside the patterns, drawn as SVG.
//!
//! ```text
//!   main        ├──────────── join ─────────▲───┤ done
//!   download-1  ├── office-1.png ──┤        │
//!   download-2  ├─── office-2.png ──────────┤
//!               0                              0.12 s
//! ```
//!
//! The patterns know nothing of this: a caller wraps a job in a span, so that the patterns stay
//! small and can be model-checked.

mod svg;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Spans and marks of one run, measured from its start; any thread may add to it.
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
    recorded: Mutex<Recorded>,
}

#[derive(Debug, Default)]
struct Recorded {
    spans: Vec<Span>,
    marks: Vec<Mark>,
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

/// One moment in one row: a stop, a join, the end of main.
///
/// With the feature `program` it can be serialised by `serde`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "program", derive(serde::Serialize))]
pub struct Mark {
    /// The row: a thread's name, or a process.
    pub lane: String,
    /// What happened.
    pub what: String,
    /// When, since the timeline's start.
    pub at: Duration,
    /// The row whose end was waited for, if it was a join.
    pub joined: Option<String>,
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
            recorded: Mutex::default(),
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
        self.recorded().spans.push(Span {
            lane,
            what,
            from,
            to,
        });
    }

    /// Marks this moment in a row.
    ///
    /// # Examples
    /// ```
    /// use threadproof::Timeline;
    ///
    /// let timeline = Timeline::new();
    /// timeline.span("watcher", "a.txt", || timeline.mark("watcher", "stop"));
    /// let (span, mark) = (&timeline.spans()[0], &timeline.marks()[0]);
    /// assert!(span.from <= mark.at && mark.at <= span.to);
    /// ```
    pub fn mark(&self, lane: &str, what: &str) {
        self.mark_now(lane, what.to_owned(), None);
    }

    /// Marks that a row goes on at this moment, since it has joined another one, which has ended. The
    /// picture has an arrow for it.
    pub fn joined(&self, lane: &str, ended: &str) {
        self.mark_now(lane, format!("joins {ended}"), Some(ended.to_owned()));
    }

    fn mark_now(&self, lane: &str, what: String, joined: Option<String>) {
        let (lane, at) = (lane.to_owned(), self.elapsed());
        self.recorded().marks.push(Mark {
            lane,
            what,
            at,
            joined,
        });
    }

    /// All spans so far, in the order of their begins.
    pub fn spans(&self) -> Vec<Span> {
        let mut spans = self.recorded().spans.clone();
        spans.sort_by_key(|span| span.from);
        spans
    }

    /// All marks so far, in the order of their moments.
    pub fn marks(&self) -> Vec<Mark> {
        let mut marks = self.recorded().marks.clone();
        marks.sort_by_key(|mark| mark.at);
        marks
    }

    fn recorded(&self) -> MutexGuard<'_, Recorded> {
        let recorded = self.recorded.lock();
        recorded.unwrap_or_else(PoisonError::into_inner)
    }

    /// Draws the timeline, a row a lane: `main`, then by their begin, and by name within 10 ms.
    ///
    /// The picture names its parts by class (`timeline`, `lane`, `span`, `mark`, `join`, `axis`), holds colours for
    /// light and dark of its own, and says in words what it shows. A span called `join` is drawn as a wait.
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
        svg::draw(title, &self.spans(), &self.marks(), axis)
    }
}

impl Default for Timeline {
    fn default() -> Self {
        Self::new()
    }
}
