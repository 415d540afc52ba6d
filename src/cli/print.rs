//! What is printed: a section's story, or `fetch`'s.
//!
//! A section tells lines with their lane and time in front. A lane keeps its lines until whoever
//! joins it tells them, so that the order in which they are printed does not depend on the
//! scheduler. With `--live` each line is printed when it happens.

use std::fmt::Arguments;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use threadproof::Event;

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
    /// A lane's lines are told by whoever joins it.
    Told,
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
    held: Vec<(Duration, String)>,
}

impl Story {
    /// `ends` is set when a line is lost; without it the work goes on untold.
    pub(crate) fn new(mode: Mode, ends: Option<&'static Event>) -> Arc<Self> {
        let target = match mode {
            Mode::Silent => ProgressDrawTarget::hidden(),
            Mode::Told | Mode::Live => output::bars(),
        };
        let bars = MultiProgress::with_draw_target(target);
        Arc::new(Self { mode, bars, ends })
    }

    /// A lane whose times count from `start`.
    pub(crate) fn lane(self: &Arc<Self>, name: impl Into<String>, start: Instant) -> Lane {
        let (name, story) = (name.into(), self.clone());
        Lane {
            name,
            start,
            story,
            held: Vec::new(),
        }
    }

    /// Prints what a lane has held back.
    pub(crate) fn tell(&self, lane: Lane) {
        for (time, text) in &lane.held {
            self.print_line(&lane.name, *time, text);
        }
    }

    pub(crate) fn heading(&self, number: u8, title: &str) {
        self.print(format_args!("{BOLD}§{number} {title}{BOLD:#}"));
    }

    pub(crate) fn summary(&self, text: &str) {
        self.print(format_args!("{GOOD}{text}{GOOD:#}"));
    }

    /// A plain line, unless the output is JSON.
    pub(crate) fn plain(&self, text: &str) {
        self.print(format_args!("{text}"));
    }

    /// A line of JSON, whatever the mode.
    pub(crate) fn json(&self, value: &serde_json::Value) {
        self.write(format_args!("{value}"));
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

    /// A bar for one download; invisible unless a terminal looks on.
    pub(crate) fn bar(&self, name: &str) -> ProgressBar {
        let style = ProgressStyle::with_template(
            "  {prefix:<18} {bar:32.cyan/dim} {bytes:>10} of {total_bytes:<10} {bytes_per_sec:>12}",
        );
        let bar = self.bars.add(ProgressBar::new(0));
        bar.set_style(style.expect("the template is right").progress_chars("━╸━"));
        bar.set_prefix(name.to_owned());
        bar
    }

    fn print_line(&self, lane: &str, time: Duration, text: &str) {
        let seconds = time.as_secs_f64();
        self.print(format_args!(
            "  {LANE}{lane:<12}{LANE:#} {DIM}{seconds:>6.2} s{DIM:#}  {text}"
        ));
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
    pub(crate) fn say(&mut self, text: impl Into<String>) {
        let (time, text) = (self.start.elapsed(), text.into());
        match self.story.mode {
            Mode::Live => self.story.print_line(&self.name, time, &text),
            Mode::Told => self.held.push((time, text)),
            Mode::Silent => {}
        }
    }

    /// Prints what this lane has said so far; for main, which nobody joins.
    pub(crate) fn flush(&mut self) {
        for (time, text) in self.held.drain(..) {
            self.story.print_line(&self.name, time, &text);
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}
