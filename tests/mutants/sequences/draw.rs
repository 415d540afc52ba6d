//! The rows as SVG. Colours are classes: `book/assets/pictures.css`.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::rows::{Kind, Mark, Row};
use super::{Record, Words, thread_name};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Each step stands beside its lane.
    Wide,
    /// The lanes are a rail at the left, and the steps one column.
    Narrow,
}

/// What is handed over from one row to a later one of another thread.
pub(super) struct Edge {
    from: usize,
    to: usize,
    kind: &'static str,
    /// It would have been, but for the break or for `Relaxed`.
    pub(super) is_broken: bool,
}

const LINE: f64 = 17.0;
const ROW: f64 = 32.0;
const FOOT: f64 = 12.0;
const SIZE: f64 = 13.0;

/// A word of a row's text, and the class that colours it.
type Word = (String, String);

impl Row {
    pub(super) fn is_bad(&self) -> bool {
        self.mark != Mark::None
    }

    fn mark_words(&self) -> &'static str {
        match self.mark {
            Mark::None => "",
            Mark::Guilty => "✗ the broken line",
            Mark::ForEver => "✗ for ever",
            Mark::DataRace => "✗ data race",
            Mark::Harm => "✗ so the test fails",
        }
    }

    fn tokens(&self, fields: &[&str], with_name: bool) -> Vec<Word> {
        let mut out: Vec<Word> = Vec::new();
        let mut add = |class: &str, words: &str| {
            out.extend(
                words
                    .split_whitespace()
                    .map(|word| (class.to_owned(), word.to_owned())),
            );
        };
        if with_name && ![Kind::Fold, Kind::Harm].contains(&self.kind) {
            add("who", &thread_name(self.thread));
        }
        let class = |lock: &str| {
            format!(
                "field f{}",
                fields.iter().position(|field| *field == lock).unwrap_or(0)
            )
        };
        match self.kind {
            Kind::Section => add("kind", "has"),
            Kind::Take => add("kind", "takes"),
            Kind::Give => add("kind", "gives"),
            _ => {}
        }
        if [Kind::Section, Kind::Take, Kind::Give].contains(&self.kind) {
            for lock in &self.locks {
                add(&class(lock), &lock.replace(' ', "\u{a0}"));
            }
        }
        if self.kind == Kind::Give {
            add("kind", "back");
        }
        let is_of_locks = [Kind::Section, Kind::Take, Kind::Give].contains(&self.kind);
        if is_of_locks && !self.words.is_empty() {
            add("kind", "·");
        }
        add(
            if self.kind == Kind::Fold {
                "fold"
            } else {
                "say"
            },
            &self.words,
        );
        if self.kind == Kind::Sleep {
            add("kind", "and gives");
            self.locks.iter().for_each(|lock| add(&class(lock), lock));
            add("kind", "back");
        }
        add("mark", self.mark_words());
        out
    }

    pub(super) fn sentence(&self, fields: &[&str]) -> String {
        let words = self.tokens(fields, true).into_iter();
        let words: Vec<String> = words.map(|(_, word)| word).collect();
        words.join(" ").replace(" ·", ":").replace('\u{a0}', " ")
    }
}

/// Who is woken, started, joined, and who sees what was done before.
pub(super) fn edges(rows: &[Row]) -> Vec<Edge> {
    let mut edges = Vec::new();
    let mut add = |from, to, kind, is_broken| {
        edges.push(Edge {
            from,
            to,
            kind,
            is_broken,
        })
    };
    let mut given: BTreeMap<&str, usize> = BTreeMap::new();
    let mut is_woken = vec![false; rows.len()];
    for (at, row) in rows.iter().enumerate() {
        match row.kind {
            Kind::Start => {
                if let Some(to) = (at + 1..rows.len()).find(|to| rows[*to].thread == row.peer) {
                    add(at, to, "start", false);
                }
            }
            Kind::Join if !row.is_bad() => {
                if let Some(from) = (0..at).rfind(|from| rows[*from].thread == row.peer) {
                    add(from, at, "join", false);
                }
            }
            Kind::Notify => {
                let mut woken = (at + 1..rows.len())
                    .filter(|to| rows[*to].kind == Kind::Wake && rows[*to].object == row.object)
                    .filter(|to| !is_woken[*to])
                    .collect::<Vec<_>>();
                let mut threads = Vec::new();
                woken.retain(|to| {
                    let is_first = !threads.contains(&rows[*to].thread);
                    threads.push(rows[*to].thread);
                    is_first
                });
                woken.truncate(if row.touch.0 == "notify one" {
                    1
                } else {
                    rows.len()
                });
                for to in woken {
                    is_woken[to] = true;
                    add(at, to, "wake", false);
                }
            }
            _ => {}
        }
        if [Kind::Section, Kind::Take].contains(&row.kind) {
            // From the nearest alone: what is further away follows.
            let sources = row
                .locks
                .iter()
                .filter_map(|lock| given.get(lock.as_str()).copied());
            if let Some(from) = sources
                .max()
                .filter(|from| rows[*from].thread != row.thread)
            {
                add(from, at, "hb", false);
            }
        }
        if [Kind::Section, Kind::Give, Kind::Sleep].contains(&row.kind) {
            given.extend(row.locks.iter().map(|lock| (lock.as_str(), at)));
        }
        if row.kind == Kind::Touch && row.touch.0 == "load" {
            for (from, is_broken) in seen_by(rows, at) {
                add(from, at, "hb", is_broken);
            }
        }
    }
    without_what_follows(rows, edges)
}

/// Who has seen a step through a start, a join or another edge is not told of it again.
fn without_what_follows(rows: &[Row], edges: Vec<Edge>) -> Vec<Edge> {
    let threads = rows.iter().map(|row| row.thread.max(row.peer)).max();
    let threads = 1 + threads.unwrap_or(0);
    // Of each thread: up to which row of each other one it has seen; and the same after each row.
    let mut seen: Vec<Vec<Option<usize>>> = vec![vec![None; threads]; threads];
    let mut after: Vec<Vec<Option<usize>>> = Vec::new();
    let mut kept = vec![false; edges.len()];
    for (at, row) in rows.iter().enumerate() {
        let is_of_threads = |edge: &Edge| edge.kind != "hb";
        let mut here: Vec<usize> = (0..edges.len())
            .filter(|edge| edges[*edge].to == at)
            .collect();
        here.sort_by_key(|edge| !is_of_threads(&edges[*edge]));
        for place in here {
            let edge = &edges[place];
            let is_new = seen[row.thread][rows[edge.from].thread] < Some(edge.from);
            kept[place] = is_of_threads(edge) || is_new;
            // A wake-up alone hands over nothing: the lock does.
            if kept[place] && !edge.is_broken && edge.kind != "wake" {
                for (known, there) in seen[row.thread].iter_mut().zip(&after[edge.from]) {
                    *known = (*known).max(*there);
                }
            }
        }
        seen[row.thread][row.thread] = Some(at);
        after.push(seen[row.thread].clone());
    }
    let kept = edges.into_iter().zip(kept);
    kept.filter(|(_, is_kept)| *is_kept)
        .map(|(edge, _)| edge)
        .collect()
}

/// What a load of an atomic sees: the last write, and what came before it as long as each of those that
/// follow read what they wrote over. One that is not seen ends the search.
fn seen_by(rows: &[Row], at: usize) -> Vec<(usize, bool)> {
    let load = &rows[at];
    let is_write =
        |row: &Row| ["store", "swap"].contains(&row.touch.0.as_str()) && row.object == load.object;
    let mut found = Vec::new();
    let mut is_ended = load.touch.1.contains("stale");
    for from in (0..at).rev().filter(|from| is_write(&rows[*from])) {
        let row = &rows[from];
        let is_relaxed = [&row.touch.1, &load.touch.1]
            .iter()
            .any(|value| value.contains("Relaxed"));
        let is_broken = is_ended || is_relaxed;
        if row.thread != load.thread {
            found.push((from, is_broken));
        }
        if is_broken {
            break;
        }
        is_ended = row.touch.0 == "store";
    }
    found
}

/// Four columns of words would be too narrow to read.
pub(super) fn has_rail(threads: usize) -> bool {
    threads > 3
}

pub(super) fn svg(
    form: Form,
    record: &Record,
    words: &Words,
    rows: &[Row],
    fields: &[&str],
) -> String {
    Picture::new(form, words, rows, fields).draw(record)
}

struct Picture<'a> {
    form: Form,
    words: &'a Words,
    rows: &'a [Row],
    fields: &'a [&'a str],
    width: f64,
    /// Where each lane is.
    lanes: Vec<f64>,
    /// Whether the words stand in one column, so that they must say whose they are.
    has_rail: bool,
    texts: Vec<Vec<Vec<Word>>>,
    /// Where each row begins, and where the last one ends.
    tops: Vec<f64>,
    out: String,
}

impl<'a> Picture<'a> {
    fn new(form: Form, words: &'a Words, rows: &'a [Row], fields: &'a [&'a str]) -> Self {
        let count = words.threads.len();
        let has_rail = form == Form::Narrow || has_rail(count);
        let (width, gutter) = if form == Form::Wide {
            (740.0, 50.0)
        } else {
            (350.0, 0.0)
        };
        let gap = match has_rail {
            true => 30.0,
            false => (width - gutter - 20.0) / count as f64,
        };
        let first = gutter + if form == Form::Wide { 20.0 } else { 18.0 };
        let lanes: Vec<f64> = (0..count).map(|lane| first + lane as f64 * gap).collect();
        let room = match has_rail {
            true => width - lanes[count - 1] - 24.0,
            false => gap - 31.0,
        };
        let texts: Vec<_> = rows
            .iter()
            .map(|row| wrapped(row.tokens(fields, has_rail), room))
            .collect();
        let mut tops = vec![if has_rail { 34.0 } else { 46.0 }];
        for text in &texts {
            tops.push(tops[tops.len() - 1] + ROW + (text.len().max(1) - 1) as f64 * LINE);
        }
        Self {
            form,
            words,
            rows,
            fields,
            width,
            lanes,
            has_rail,
            texts,
            tops,
            out: String::new(),
        }
    }

    fn middle(&self, row: usize) -> f64 {
        self.tops[row] + 15.0
    }

    fn end(&self) -> f64 {
        self.tops[self.rows.len()]
    }

    fn place(&self, field: &str) -> usize {
        self.fields
            .iter()
            .position(|other| *other == field)
            .unwrap_or(0)
    }

    fn draw(mut self, record: &Record) -> String {
        self.bands();
        self.lanes();
        self.sleeps();
        self.bars();
        self.dots();
        for edge in edges(self.rows) {
            self.arrow(&edge);
        }
        self.texts();
        let class = if self.form == Form::Wide {
            "wide"
        } else {
            "narrow"
        };
        let sentences: Vec<String> = self
            .rows
            .iter()
            .map(|row| row.sentence(self.fields))
            .collect();
        format!(
            "<svg class=\"seq {class}\" viewBox=\"0 0 {} {:.0}\" role=\"img\">\n<title>{}</title>\n<desc>{}.</desc>\n{}</svg>",
            self.width,
            self.end() + FOOT,
            escaped(&format!(
                "Who did what, in order: {}",
                record.broken.replace('`', "")
            )),
            escaped(&sentences.join("; ")),
            self.out,
        )
    }

    /// First, so that all else lies over them.
    fn bands(&mut self) {
        for (at, row) in self.rows.iter().enumerate().filter(|(_, row)| row.is_bad()) {
            let class = if row.mark == Mark::Guilty {
                "guilty"
            } else {
                "harm"
            };
            let (y, height) = (self.tops[at] + 1.0, self.tops[at + 1] - self.tops[at] - 2.0);
            let _ = writeln!(
                self.out,
                "<rect class=\"band {class}\" x=\"0.5\" y=\"{y:.0}\" width=\"{}\" height=\"{height:.0}\" rx=\"4\"/>",
                self.width - 1.0
            );
        }
    }

    fn lanes(&mut self) {
        for (thread, x) in self.lanes.clone().into_iter().enumerate() {
            let started = self
                .rows
                .iter()
                .position(|row| row.kind == Kind::Start && row.peer == thread);
            let joined = self
                .rows
                .iter()
                .position(|row| row.kind == Kind::Join && row.peer == thread && !row.is_bad());
            let last = |end: usize| {
                self.rows[..end]
                    .iter()
                    .rposition(|row| row.thread == thread)
            };
            let top = started.map_or(self.tops[0] - 14.0, |row| self.tops[row + 1]);
            let end = joined.and_then(last).map(|row| self.tops[row + 1]);
            let bottom = end.unwrap_or(self.end());
            let _ = writeln!(
                self.out,
                "<path class=\"lane\" d=\"M{x:.0} {top:.0}V{bottom:.0}\"/>"
            );
            if end.is_some() {
                let _ = writeln!(
                    self.out,
                    "<path class=\"cap\" d=\"M{:.0} {bottom:.0}h12\"/>",
                    x - 6.0
                );
            }
        }
    }

    /// A wave until the thread wakes up, or to the end.
    fn sleeps(&mut self) {
        for (at, row) in self.rows.iter().enumerate() {
            let waits = row.kind == Kind::Sleep || row.kind == Kind::Join && row.is_bad();
            if !waits {
                continue;
            }
            let wakes = |row_at: &usize| {
                self.rows[*row_at].thread == row.thread && self.rows[*row_at].kind == Kind::Wake
            };
            let until = (at + 1..self.rows.len()).find(wakes);
            let (from, to) = (
                self.middle(at) + 2.0,
                until.map_or(self.end(), |row| self.middle(row) - 4.0),
            );
            let (x, mut path) = (self.lanes[row.thread], String::new());
            let waves = ((to - from) / 6.0).floor() as usize;
            for wave in 1..=waves {
                let side = if wave % 2 == 0 { 4.0 } else { -4.0 };
                let _ = write!(path, "L{:.0} {:.0}", x + side, from + 6.0 * wave as f64);
            }
            let class = if until.is_some() {
                "sleep"
            } else {
                "sleep forever"
            };
            let _ = writeln!(
                self.out,
                "<path class=\"{class}\" d=\"M{x:.0} {from:.0}{path}L{x:.0} {to:.0}\"/>"
            );
            if until.is_none() {
                let _ = writeln!(
                    self.out,
                    "<path class=\"cap forever\" d=\"M{:.0} {to:.0}h18\"/>",
                    x - 9.0
                );
            }
        }
    }

    /// Each lock for as long as it is held.
    fn bars(&mut self) {
        let mut bars: Vec<(usize, &str, usize, usize, f64, f64)> = Vec::new();
        let mut held: Vec<(usize, &str, f64)> = Vec::new();
        for (at, row) in self.rows.iter().enumerate() {
            let thread = row.thread;
            match row.kind {
                Kind::Section => {
                    let count = row.locks.len();
                    for (depth, lock) in row.locks.iter().enumerate() {
                        bars.push((
                            thread,
                            lock,
                            depth,
                            count,
                            self.tops[at] + 5.0,
                            self.tops[at + 1] - 5.0,
                        ));
                    }
                }
                Kind::Take | Kind::Wake => {
                    held.extend(
                        row.locks
                            .iter()
                            .map(|lock| (thread, lock.as_str(), self.tops[at] + 7.0)),
                    );
                }
                Kind::Give | Kind::Sleep => {
                    for lock in &row.locks {
                        let taken = held
                            .iter()
                            .position(|(who, name, _)| (*who, *name) == (thread, lock));
                        if let Some(taken) = taken {
                            let (_, lock, from) = held.remove(taken);
                            bars.push((thread, lock, 0, 1, from, self.middle(at)));
                        }
                    }
                }
                _ => {}
            }
        }
        bars.extend(
            held.into_iter()
                .map(|(who, lock, from)| (who, lock, 0, 1, from, self.end())),
        );
        for (thread, lock, depth, count, from, to) in bars {
            let width = 9.0;
            let x = self.lanes[thread] - width * count as f64 / 2.0 + depth as f64 * width;
            let _ = writeln!(
                self.out,
                "<rect class=\"held f{}\" x=\"{x:.1}\" y=\"{from:.0}\" width=\"{width}\" height=\"{:.0}\" rx=\"2\"/>",
                self.place(lock),
                (to - from).max(8.0)
            );
        }
    }

    fn dots(&mut self) {
        for (at, row) in self.rows.iter().enumerate() {
            let (x, y) = (self.lanes[row.thread], self.middle(at));
            let class = if row.is_bad() { "dot bad" } else { "dot" };
            let _ = match row.kind {
                Kind::Fold => writeln!(
                    self.out,
                    "<path class=\"dots\" d=\"M{x:.0} {:.0}v14\"/>",
                    y - 7.0
                ),
                Kind::Section => Ok(()),
                _ => writeln!(
                    self.out,
                    "<circle class=\"{class}\" cx=\"{x:.0}\" cy=\"{y:.0}\" r=\"4\"/>"
                ),
            };
        }
    }

    /// Along the gap below its source, then down beside the lane of its target: no word is crossed.
    fn arrow(&mut self, edge: &Edge) {
        let (from, to) = (self.rows[edge.from].thread, self.rows[edge.to].thread);
        let (x1, x2) = (self.lanes[from], self.lanes[to]);
        let (y1, y2) = (self.tops[edge.from + 1], self.middle(edge.to));
        let side = if x2 > x1 { 1.0 } else { -1.0 };
        let begin = x1 + side * 3.0;
        let class = if edge.is_broken {
            "arrow broken"
        } else {
            edge.kind
        };
        let (path, tip) = if edge.kind == "start" {
            let end = x2 - 8.0;
            (
                format!("M{begin:.0} {y1:.0}H{end:.0}"),
                format!("M{:.0} {y1:.0}l-8 -4v8z", x2 - 1.0),
            )
        } else {
            let away = if self.has_rail { 10.0 } else { 13.0 }
                + if edge.kind == "join" { 4.0 } else { 0.0 };
            let turn = x2 - away;
            let bend = match side > 0.0 {
                true => format!("H{:.0}q4 0 4 4", turn - 4.0),
                false => format!("H{:.0}q-4 0 -4 4", turn + 4.0),
            };
            let down = format!("V{:.0}q0 4 4 4H{:.0}", y2 - 4.0, x2 - 8.0);
            (
                format!("M{begin:.0} {y1:.0}{bend}{down}"),
                format!("M{:.0} {y2:.0}l-8 -4.5v9z", x2 - 2.0),
            )
        };
        let _ = write!(
            self.out,
            "<g class=\"arrow {class}\"><path class=\"line\" d=\"{path}\"/><path class=\"tip\" d=\"{tip}\"/>"
        );
        if edge.is_broken {
            let middle = (x1 + x2) / 2.0;
            let _ = write!(
                self.out,
                "<path class=\"cross\" d=\"M{:.0} {:.0}l12 12m0 -12l-12 12\"/>",
                middle - 6.0,
                y1 - 6.0
            );
        }
        self.out += "</g>\n";
    }

    fn texts(&mut self) {
        let count = self.lanes.len();
        for (at, row) in self.rows.iter().enumerate() {
            let x = if self.has_rail {
                self.lanes[count - 1] + 18.0
            } else {
                self.lanes[row.thread] + 17.0
            };
            let class = if row.is_bad() { "row bad" } else { "row" };
            for (number, line) in self.texts[at].iter().enumerate() {
                let y = self.middle(at) + 4.5 + number as f64 * LINE;
                let _ = writeln!(
                    self.out,
                    "<text class=\"{class}\" x=\"{x:.0}\" y=\"{y:.1}\">{}</text>",
                    spans(line)
                );
            }
            let (first, last) = row.steps;
            if self.form == Form::Wide && first > 0 {
                let number = if first == last {
                    first.to_string()
                } else {
                    format!("{first}–{last}")
                };
                let y = self.middle(at) + 4.0;
                let _ = writeln!(
                    self.out,
                    "<text class=\"step\" x=\"44\" y=\"{y:.0}\" text-anchor=\"end\">{number}</text>"
                );
            }
        }
        for (thread, x) in self.lanes.clone().into_iter().enumerate() {
            let name = thread_name(thread);
            let _ = match self.has_rail {
                true => writeln!(
                    self.out,
                    "<text class=\"head\" x=\"{x:.0}\" y=\"14\" text-anchor=\"middle\">{name}</text>"
                ),
                false => writeln!(
                    self.out,
                    "<text class=\"head\" x=\"{:.0}\" y=\"18\">{name} <tspan class=\"role\">{}</tspan></text>",
                    x - 4.0,
                    escaped(&self.words.threads[thread])
                ),
            };
        }
    }
}

/// About as wide as a browser will set it.
fn width_of((class, word): &Word) -> f64 {
    let letter = match class.as_str() {
        class if class.starts_with("field") => 0.62,
        "mark" | "who" => 0.58,
        "kind" | "fold" => 0.51,
        _ => 0.54,
    };
    word.chars().count() as f64 * SIZE * letter + SIZE * 0.3
}

fn wrapped(words: Vec<Word>, room: f64) -> Vec<Vec<Word>> {
    let mut lines: Vec<Vec<Word>> = vec![Vec::new()];
    let mut used = 0.0;
    for word in words {
        let width = width_of(&word);
        if used > 0.0 && used + width > room {
            lines.push(Vec::new());
            used = 0.0;
        }
        used += width;
        if let Some(line) = lines.last_mut() {
            line.push(word);
        }
    }
    lines
}

/// The words of a line; those that follow each other in one class are set together.
fn spans(line: &[Word]) -> String {
    let runs = line.chunk_by(|(one, _), (next, _)| one == next);
    let runs = runs.map(|run| {
        let words: Vec<&str> = run.iter().map(|(_, word)| word.as_str()).collect();
        format!(
            "<tspan class=\"{}\">{}</tspan>",
            run[0].0,
            escaped(&words.join(" "))
        )
    });
    runs.collect::<Vec<_>>().join(" ")
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
