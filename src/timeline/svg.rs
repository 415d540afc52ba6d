//! The picture of a timeline.

use std::fmt::Write;
use std::time::Duration;

use super::{Mark, Span};

/// On a phone the picture is drawn at three quarters of its size, and its letters with it.
const WIDTH: f64 = 464.0;
const ROW: f64 = 32.0;
const TOP: f64 = 40.0;
/// Rough width of a letter at the picture's text size.
const LETTER: f64 = 9.0;
/// The most letters that a lane's name has in the picture; more would leave no room for the bars.
const LONGEST: usize = 30;
/// Room for as many, so that the bars of two pictures begin at one place.
const SHORTEST: usize = 10;

/// A span of this name is no work: its lane waits for another one.
const WAIT: &str = "join";

const STYLE: &str = "\
.timeline{color:#333}\
.timeline text{font:15px ui-monospace,SFMono-Regular,Menlo,monospace;fill:currentColor}\
.timeline .title{font-weight:bold}\
.timeline .lane{stroke:#8884;stroke-width:1}\
.timeline .span rect{fill:#2b6aa0}\
.timeline .span:nth-of-type(even) rect{fill:#2f7350}\
.timeline .span text{fill:#fff}\
.timeline .wait rect{fill:none!important;stroke:currentColor;stroke-dasharray:5 3}\
.timeline .span.wait text{fill:currentColor}\
.timeline .mark rect{fill:#fff;stroke:#a3121b}\
.timeline .mark text{fill:#a3121b}\
.timeline .mark path{stroke:#a3121b;stroke-width:2}\
.timeline .join path{fill:none;stroke:currentColor;stroke-width:2}\
@media(prefers-color-scheme:dark){.timeline{color:#ddd}}";

pub(super) fn draw(title: &str, spans: &[Span], marks: &[Mark], axis: Duration) -> String {
    let lanes = lanes(spans, marks);
    let moments = marks.iter().map(|mark| mark.at);
    let begin = spans.iter().map(|span| span.from).chain(moments.clone());
    let begin = begin.min().unwrap_or_default();
    let end = spans.iter().map(|span| span.to).chain(moments);
    let end = end.max().unwrap_or_default() - begin;
    let label = lanes
        .iter()
        .map(|lane| lane.chars().count())
        .max()
        .unwrap_or(0);
    let left = label.clamp(SHORTEST, LONGEST) as f64 * LETTER + 20.0;
    let axis = axis.max(end);
    let scale = (WIDTH - left - 30.0) / axis.as_secs_f64().max(1e-9);
    let x = |at: Duration| left + at.as_secs_f64() * scale;
    let bottom = TOP + lanes.len() as f64 * ROW;
    let height = bottom + 26.0;

    let mut svg = String::new();
    let mut line = |text: std::fmt::Arguments<'_>| {
        writeln!(svg, "{text}").expect("writing to a String does not fail");
    };
    line(format_args!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" class="timeline" viewBox="0 0 {WIDTH} {height}" role="img">"#
    ));
    let title = escape(title);
    line(format_args!(
        "<title>{title}: {}</title>",
        in_words(spans.len(), lanes.len(), end)
    ));
    line(format_args!(
        "<desc>{}</desc>",
        escape(&description(spans, marks, begin))
    ));
    line(format_args!("<style>{STYLE}</style>"));
    line(format_args!(
        r#"<text class="title" x="4" y="22">{title}</text>"#
    ));
    for (row, lane) in lanes.iter().enumerate() {
        let y = TOP + row as f64 * ROW;
        let (middle, lane_text) = (y + ROW / 2.0, escape(&shortened(lane)));
        line(format_args!(
            r#"<line class="lane" x1="{left:.1}" y1="{middle:.1}" x2="{WIDTH}" y2="{middle:.1}"/>"#
        ));
        line(format_args!(
            r#"<text x="4" y="{:.1}">{lane_text}</text>"#,
            middle + 5.0
        ));
        for span in spans.iter().filter(|span| span.lane == *lane) {
            let (from, width) = (x(span.from - begin), (x(span.to) - x(span.from)).max(1.5));
            let words = format!("{}: {}", escape(&span.what), duration(span.to - span.from));
            let class = if span.what == WAIT {
                "span wait"
            } else {
                "span"
            };
            let fits = width > span.what.chars().count() as f64 * LETTER + 8.0;
            let text = if fits {
                escape(&span.what)
            } else {
                String::new()
            };
            line(format_args!(
                r#"<g class="{class}"><title>{words}</title><rect x="{from:.2}" y="{:.1}" width="{width:.2}" height="{:.1}" rx="3"/><text x="{:.1}" y="{:.1}">{text}</text></g>"#,
                y + 3.0,
                ROW - 6.0,
                from + 5.0,
                middle + 5.0
            ));
        }
    }
    let middle_of = |lane: &str| {
        let row = lanes.iter().position(|other| *other == lane);
        row.map(|row| TOP + (row as f64 + 0.5) * ROW)
    };
    // Joins first, so that no arrow lies over a word.
    let (joins, marks): (Vec<&Mark>, Vec<&Mark>) =
        marks.iter().partition(|mark| mark.joined.is_some());
    for mark in joins {
        let ended = mark.joined.as_deref().and_then(middle_of);
        let (Some(from), Some(to)) = (ended, middle_of(&mark.lane)) else {
            continue;
        };
        let side = if from > to { 1.0 } else { -1.0 };
        // To the edge of the bar, where its tip is.
        let tip = to + side * (ROW / 2.0 - 3.0);
        line(format_args!(
            r#"<g class="join" transform="translate({:.2} 0)"><title>{} {}: {}</title><path d="M0 {from:.1}V{tip:.1}m-4 {:.1}l4 {:.1}l4 {:.1}"/></g>"#,
            x(mark.at - begin),
            escape(&mark.lane),
            escape(&mark.what),
            duration(mark.at - begin),
            side * 6.0,
            -side * 6.0,
            side * 6.0,
        ));
    }
    for mark in marks {
        let (at, middle) = (x(mark.at - begin), middle_of(&mark.lane).unwrap_or(TOP));
        let width = mark.what.chars().count() as f64 * LETTER + 14.0;
        // Where there is no room behind the moment, the words stand before it.
        let words = if at + width > WIDTH { -width } else { 0.0 };
        line(format_args!(
            r#"<g class="mark" transform="translate({at:.2} {middle:.1})"><title>{}: {}</title><rect x="{words:.1}" y="-10" width="{width:.1}" height="20" rx="4"/><path d="M0 -14V14"/><text x="{:.1}" y="5">{}</text></g>"#,
            escape(&mark.what),
            duration(mark.at - begin),
            words + 7.0,
            escape(&mark.what)
        ));
    }
    for part in 0..=4u32 {
        // Divided first: four quarters of the longest axis are no more than that.
        let at = axis / 4 * part;
        let words = in_unit_of(axis, at);
        line(format_args!(
            r#"<text class="axis" x="{:.1}" y="{:.1}" text-anchor="middle">{words}</text>"#,
            x(at),
            bottom + 16.0
        ));
    }
    line(format_args!("</svg>"));
    svg
}

fn in_words(spans: usize, lanes: usize, end: Duration) -> String {
    let plural = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    format!(
        "{} on {}, {}",
        plural(spans, "span"),
        plural(lanes, "lane"),
        duration(end)
    )
}

/// The rows: main first, then by the time of the first span and by name, whatever thread was a
/// hair's breadth ahead.
fn lanes<'a>(spans: &'a [Span], marks: &'a [Mark]) -> Vec<&'a str> {
    let mut lanes: Vec<(&str, Duration)> = Vec::new();
    let spans = spans.iter().map(|span| (&*span.lane, span.from));
    let marks = marks.iter().map(|mark| (&*mark.lane, mark.at));
    for (name, from) in spans.chain(marks) {
        if !lanes.iter().any(|(lane, _)| *lane == name) {
            lanes.push((name, from));
        }
    }
    const HAIR: u128 = 10;
    lanes.sort_by_key(|(lane, from)| (*lane != "main", from.as_millis() / HAIR, *lane));
    lanes.into_iter().map(|(lane, _)| lane).collect()
}

fn description(spans: &[Span], marks: &[Mark], begin: Duration) -> String {
    let one = |span: &Span| {
        let (from, to) = (duration(span.from - begin), duration(span.to - begin));
        let what = format!("{} {}", span.lane, span.what);
        format!("{}: {from} to {to}", what.trim_end())
    };
    let moment = |mark: &Mark| {
        let Mark { lane, what, at, .. } = mark;
        format!("{lane} {what} at {}", duration(*at - begin))
    };
    let all = spans.iter().map(one).chain(marks.iter().map(moment));
    all.collect::<Vec<_>>().join("; ")
}

fn duration(time: Duration) -> String {
    in_unit_of(time, time)
}

/// One unit for a whole axis.
fn in_unit_of(axis: Duration, time: Duration) -> String {
    if axis < Duration::from_millis(10) {
        format!("{:.1} ms", time.as_secs_f64() * 1e3)
    } else {
        format!("{:.2} s", time.as_secs_f64())
    }
}

fn shortened(lane: &str) -> String {
    if lane.chars().count() <= LONGEST {
        return lane.to_owned();
    }
    lane.chars().take(LONGEST - 1).chain(['…']).collect()
}

/// XML has no way at all to write a control character.
fn escape(text: &str) -> String {
    text.replace(char::is_control, "")
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
