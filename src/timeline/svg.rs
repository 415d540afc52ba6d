//! The picture of a timeline.

use std::fmt::Write;
use std::time::Duration;

use super::Span;

const WIDTH: f64 = 720.0;
const ROW: f64 = 26.0;
const TOP: f64 = 34.0;
/// Rough width of a letter at the picture's text size.
const LETTER: f64 = 7.0;
/// The most letters that a lane's name has in the picture; more would leave no room for the bars.
const LONGEST: usize = 40;
/// Room for as many, so that the bars of two pictures begin at one place.
const SHORTEST: usize = 10;

const STYLE: &str = "\
.timeline{color:#333}\
.timeline text{font:12px ui-monospace,SFMono-Regular,Menlo,monospace;fill:currentColor}\
.timeline .title{font-weight:bold}\
.timeline .lane{stroke:#8884;stroke-width:1}\
.timeline .axis{opacity:.7}\
.timeline .span rect{fill:#4c8dbf;fill-opacity:.85}\
.timeline .span:nth-of-type(even) rect{fill:#5aa37a}\
.timeline .span text{fill:#fff}\
@media(prefers-color-scheme:dark){.timeline{color:#ddd}}";

pub(super) fn draw(title: &str, spans: &[Span], axis: Duration) -> String {
    let lanes = lanes(spans);
    let begin = spans.iter().map(|span| span.from).min().unwrap_or_default();
    let end = spans.iter().map(|span| span.to).max().unwrap_or_default() - begin;
    let label = lanes
        .iter()
        .map(|lane| lane.chars().count())
        .max()
        .unwrap_or(0);
    let left = label.clamp(SHORTEST, LONGEST) as f64 * LETTER + 20.0;
    let axis = axis.max(end);
    let scale = (WIDTH - left - 12.0) / axis.as_secs_f64().max(1e-9);
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
        escape(&description(spans, begin))
    ));
    line(format_args!("<style>{STYLE}</style>"));
    line(format_args!(
        r#"<text class="title" x="4" y="18">{title}</text>"#
    ));
    for (row, lane) in lanes.iter().enumerate() {
        let y = TOP + row as f64 * ROW;
        let (middle, lane_text) = (y + ROW / 2.0, escape(&shortened(lane)));
        line(format_args!(
            r#"<line class="lane" x1="{left:.1}" y1="{middle:.1}" x2="{WIDTH}" y2="{middle:.1}"/>"#
        ));
        line(format_args!(
            r#"<text x="4" y="{:.1}">{lane_text}</text>"#,
            middle + 4.0
        ));
        for span in spans.iter().filter(|span| span.lane == *lane) {
            let (from, width) = (x(span.from - begin), (x(span.to) - x(span.from)).max(1.5));
            let words = format!("{}: {}", escape(&span.what), duration(span.to - span.from));
            let fits = width > span.what.chars().count() as f64 * LETTER + 8.0;
            let text = if fits {
                escape(&span.what)
            } else {
                String::new()
            };
            line(format_args!(
                r#"<g class="span"><title>{words}</title><rect x="{from:.1}" y="{:.1}" width="{width:.1}" height="{:.1}" rx="3"/><text x="{:.1}" y="{:.1}">{text}</text></g>"#,
                y + 3.0,
                ROW - 6.0,
                from + 5.0,
                middle + 4.0
            ));
        }
    }
    for part in 0..=4u32 {
        // Divided first: four quarters of the longest axis are no more than that.
        let at = axis / 4 * part;
        let anchor = ["start", "middle", "middle", "middle", "end"][part as usize];
        let words = duration(at);
        line(format_args!(
            r#"<text class="axis" x="{:.1}" y="{:.1}" text-anchor="{anchor}">{words}</text>"#,
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
fn lanes(spans: &[Span]) -> Vec<&str> {
    let mut lanes: Vec<(&str, Duration)> = Vec::new();
    for span in spans {
        if !lanes.iter().any(|(lane, _)| *lane == span.lane) {
            lanes.push((&span.lane, span.from));
        }
    }
    const HAIR: u128 = 10;
    lanes.sort_by_key(|(lane, from)| (*lane != "main", from.as_millis() / HAIR, *lane));
    lanes.into_iter().map(|(lane, _)| lane).collect()
}

fn description(spans: &[Span], begin: Duration) -> String {
    let one = |span: &Span| {
        let (from, to) = (duration(span.from - begin), duration(span.to - begin));
        let what = format!("{} {}", span.lane, span.what);
        format!("{}: {from} to {to}", what.trim_end())
    };
    spans.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn duration(time: Duration) -> String {
    if time < Duration::from_millis(10) {
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
