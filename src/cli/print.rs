//! What is printed: a section's story, or `fetch`'s.
//!
//! A section tells lines with their lane and time in front. A lane is a thread or a process; each line
//! is printed when it happens, so that a reader sees what overlaps.

use std::fmt::{self, Arguments, Display};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anstyle::{AnsiColor, Style};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::{Deserialize, Serialize};
use threadproof::{DownloadError, Event, Receipt};

use super::output;

const LANE: Style = AnsiColor::Cyan.on_default();
const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default();

/// Where lines go.
#[derive(Debug)]
pub(crate) struct Story {
    mode: Mode,
    bars: MultiProgress,
    /// Set when a line is lost, if nothing but the story is to be made: then that ends.
    ends: Option<&'static Event>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Lines are printed as they happen.
    Live,
    /// No lines: the output is JSON.
    Silent,
}

/// One thread's or process's part of the story.
#[derive(Debug)]
pub(crate) struct Lane {
    name: String,
    start: Instant,
    story: Arc<Story>,
}

/// The part of a worker process, which prints its lines itself: what it has to know for that.
///
/// The wall clock is the one that two processes share. Should somebody set it meanwhile, a line has a
/// wrong time, and no more than that.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Elsewhere {
    /// When the story began, since 1970; nothing is told without it.
    start: Option<Duration>,
}

/// Seconds since a moment, at the moment when they are written.
struct Since(Instant);

impl Story {
    /// `ends` is set when a line is lost; without it the work goes on untold.
    pub(crate) fn new(mode: Mode, ends: Option<&'static Event>) -> Arc<Self> {
        let target = match mode {
            Mode::Silent => ProgressDrawTarget::hidden(),
            Mode::Live => output::bars(),
        };
        let bars = MultiProgress::with_draw_target(target);
        Arc::new(Self { mode, bars, ends })
    }

    /// A lane whose times count from `start`.
    pub(crate) fn lane(self: &Arc<Self>, name: impl Into<String>, start: Instant) -> Lane {
        let (name, story) = (name.into(), self.clone());
        Lane { name, start, story }
    }

    /// What another process needs for a lane whose times count from `start`.
    pub(crate) fn elsewhere(&self, start: Instant) -> Elsewhere {
        let start = (self.mode == Mode::Live).then(|| since_1970().saturating_sub(start.elapsed()));
        Elsewhere { start }
    }

    pub(crate) fn heading(&self, number: u8, title: &str) {
        self.print(format_args!("{BOLD}§{number} {title}{BOLD:#}"));
    }

    pub(crate) fn summary(&self, text: &str) {
        let text = output::plain(text);
        self.print(format_args!("{GOOD}{text}{GOOD:#}"));
    }

    /// A plain line, unless the output is JSON.
    pub(crate) fn plain(&self, text: &str) {
        self.print(format_args!("{}", output::plain(text)));
    }

    /// A line of JSON, whatever the mode.
    pub(crate) fn json(&self, value: &serde_json::Value) {
        self.always(output::json(value));
    }

    /// A line, whatever the mode.
    pub(crate) fn always(&self, line: impl Display) {
        self.write(format_args!("{}", output::plain(line)));
    }

    /// A line on stderr.
    pub(crate) fn complain(&self, text: &str) {
        self.bars
            .suspend(|| output::complain(format_args!("{text}")));
    }

    /// Whether there is nobody to tell, and nothing else to do.
    pub(crate) fn is_over(&self) -> bool {
        self.ends.is_some() && output::is_lost()
    }

    /// A bar for one download, of 79 columns; invisible unless a terminal looks on.
    pub(crate) fn bar(&self, name: &str) -> ProgressBar {
        let style = ProgressStyle::with_template(
            "  {prefix:<18} {bar:20.cyan/dim} {bytes:>10} of {total_bytes:<10} {bytes_per_sec:>12}",
        );
        let bar = self.bars.add(ProgressBar::no_length());
        bar.set_style(style.expect("the template is right").progress_chars("━╸━"));
        bar.set_prefix(name.to_owned());
        bar
    }

    fn print(&self, line: Arguments<'_>) {
        if self.mode != Mode::Silent {
            self.write(line);
        }
    }

    fn write(&self, line: Arguments<'_>) {
        self.bars.suspend(|| output::line(line));
        if let Some(ends) = self.ends.filter(|_| output::is_lost()) {
            ends.set();
        }
    }
}

impl Lane {
    /// Prints a line. Its time is taken when nobody else is printing, so no line is older than the one
    /// above it.
    pub(crate) fn say(&self, text: impl Display) {
        let (name, time) = (&self.name, Since(self.start));
        let text = output::plain(text);
        self.story.print(format_args!(
            "  {LANE}{name:<12}{LANE:#} {DIM}{time:>6.2} s{DIM:#}  {text}"
        ));
    }

    /// Says when the download of `file` starts and how it ends.
    pub(crate) fn download(
        &self,
        file: &str,
        fetch: impl FnOnce() -> Result<Receipt, DownloadError>,
    ) -> Result<Receipt, DownloadError> {
        self.say(format_args!("{file}: started"));
        let receipt = fetch();
        match &receipt {
            Ok(receipt) => self.say(format_args!("{file}: {} bytes, done", receipt.bytes)),
            Err(error) => self.say(format_args!("{file}: {error}")),
        }
        receipt
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Elsewhere {
    /// The lane of this process.
    pub(crate) fn here(self) -> Lane {
        let mode = self.start.map_or(Mode::Silent, |_| Mode::Live);
        let began = since_1970().saturating_sub(self.start.unwrap_or_default());
        let now = Instant::now();
        let start = now.checked_sub(began).unwrap_or(now);
        Story::new(mode, None).lane(format!("pid {}", std::process::id()), start)
    }
}

impl Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.elapsed().as_secs_f64().fmt(f)
    }
}

fn since_1970() -> Duration {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default()
}
