//! What was measured, as JSON for programs and as a Markdown table for the terminal and the book.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::harness::{Group, Kind, Row, Side, Unit};
use crate::machine;
use crate::reasons::reason;
use crate::statistics::figure;

/// One group with its circumstances.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    group: String,
    date: String,
    machine: String,
    load_at_the_end: String,
    is_quick: bool,
    versions: Vec<(String, String)>,
    rows: Vec<Row>,
}

impl Report {
    pub(crate) fn new(name: &str, mut group: Group) -> Self {
        if let Some(rustc) = machine::first_line("rustc", &["--version"]) {
            let number = rustc.split(' ').nth(1).unwrap_or_default();
            group.versions.insert(0, ("rustc".into(), number.into()));
        }
        let own = env!("CARGO_PKG_VERSION").to_owned();
        group.versions.insert(0, ("threadproof".into(), own));
        Self {
            group: name.to_owned(),
            date: httpdate::fmt_http_date(SystemTime::now()),
            machine: machine::machine(),
            load_at_the_end: machine::load(),
            is_quick: group.is_quick,
            versions: group.versions,
            rows: group.rows,
        }
    }

    fn json(name: &str) -> PathBuf {
        machine::folder().join(format!("{name}.json"))
    }

    pub(crate) fn store(&self) {
        fs::create_dir_all(machine::folder()).expect("a folder in the target folder");
        let text = serde_json::to_string_pretty(self).expect("numbers and text");
        fs::write(Self::json(&self.group), text + "\n").expect("a file in the target folder");
    }

    pub(crate) fn load(name: &str) -> Option<Self> {
        let text = fs::read_to_string(Self::json(name)).ok()?;
        serde_json::from_str(&text).ok()
    }

    pub(crate) fn bless(&self) {
        bless(&self.group, &self.markdown());
    }

    pub(crate) fn group(&self) -> &str {
        &self.group
    }

    /// The first row of such a case: what was measured, and what it says of these two.
    pub(crate) fn row(
        &self,
        is_case: impl Fn(&str) -> bool,
        ours: &str,
        peer: &str,
    ) -> Option<[String; 3]> {
        let mut rows = self.rows.iter();
        let row = rows.find(|row| {
            is_case(&row.case) && row.ours.name == ours && row.peer.name.starts_with(peer)
        })?;
        Some([row.case.clone(), row.side(&row.ours), row.side(&row.peer)])
    }

    /// A line for each goal that was missed, with the reason.
    pub(crate) fn missed(&self) -> Vec<String> {
        let missed = self.rows.iter().filter(|row| row.is_met() == Some(false));
        let line = |row: &Row| {
            let (case, ours, peer) = (&row.case, &row.ours.name, &row.peer.name);
            let (figure, goal, why) = (row.figure_text(), row.goal_text(), row.why_missed());
            let who = as_it_stands(&format!("{ours} by {peer}"));
            format!("- **{case}**, {who}: {figure}, goal {goal}. Why: {why}.")
        };
        missed.map(line).collect()
    }

    pub(crate) fn markdown(&self) -> String {
        let heads = [
            "case",
            "ours",
            "peer",
            "ratio",
            "half of the rounds",
            "goal",
        ];
        let mut lines = vec![heads.map(str::to_owned)];
        let (mut case, mut side) = ("", String::new());
        for row in &self.rows {
            // What stands in the line above is not said again.
            let (is_same, ours) = (row.case == case, row.side(&row.ours));
            let ours_again = is_same && ours == side;
            lines.push([
                if is_same {
                    String::new()
                } else {
                    row.case.clone()
                },
                if ours_again {
                    String::new()
                } else {
                    ours.clone()
                },
                row.side(&row.peer),
                row.figure_text(),
                row.spread_text(),
                match row.is_met() {
                    Some(true) => row.goal_text() + ", met",
                    Some(false) => row.goal_text() + ", missed",
                    None => row.goal_text(),
                },
            ]);
            (case, side) = (&row.case, ours);
        }
        let width = |column: usize| {
            let widths = lines.iter().map(|line| line[column].chars().count());
            widths.max().unwrap_or(0).max(3)
        };
        let widths: Vec<usize> = (0..6).map(width).collect();
        let rule = [0, 1, 2, 3, 4, 5].map(|column| "-".repeat(widths[column]));
        lines.insert(1, rule);
        let mut text = String::new();
        for line in &lines {
            for (cell, width) in line.iter().zip(&widths) {
                text += &format!("| {cell:width$} ");
            }
            text += "|\n";
        }
        text + &self.circumstances()
    }

    /// When, where, with what.
    fn circumstances(&self) -> String {
        let versions = self.versions.iter();
        let versions: Vec<String> = versions
            .map(|(name, version)| format!("{name} {version}"))
            .collect();
        let quick = if self.is_quick { "A quick run. " } else { "" };
        let (date, machine, load) = (&self.date, &self.machine, &self.load_at_the_end);
        let versions = versions.join(", ");
        format!("\n{quick}{date}. {machine}. Load at the end: {load}. {versions}.\n")
    }
}

/// Writes a table that the book shows.
pub(crate) fn bless(name: &str, markdown: &str) {
    let folder = PathBuf::from(machine::ROOT).join("fixtures/blessed/bench");
    fs::create_dir_all(&folder).expect("a folder in fixtures");
    let file = folder.join(format!("{name}.md"));
    fs::write(file, markdown).expect("a file in fixtures");
}

impl Row {
    fn why_missed(&self) -> &'static str {
        let is_met = |(low, _): (f64, f64)| self.goal.is_some_and(|goal| low <= goal);
        match reason(&self.case, &self.peer.name) {
            Some(reason) => reason,
            None if self.spread.is_some_and(is_met) => {
                "no cause was found; the rounds differ by more, and a quarter of them or more meet it"
            }
            None => "no cause was found",
        }
    }

    fn is_met(&self) -> Option<bool> {
        Some(self.figure? <= self.goal?)
    }

    fn side(&self, side: &Side) -> String {
        let name = as_it_stands(&side.name);
        match side.median {
            None => name,
            Some(median) => format!("{name} {}", show(median, self.unit)),
        }
    }

    fn figure_text(&self) -> String {
        let Some(value) = self.figure else {
            return "–".to_owned();
        };
        match self.kind {
            Kind::Ratio => figure(value, self.goal),
            Kind::Slope => format!("slope {}", figure(value, self.goal)),
            Kind::Value => String::new(),
        }
    }

    fn spread_text(&self) -> String {
        let Some((low, high)) = self.spread else {
            return String::new();
        };
        let (low, high, rounds) = (figure(low, None), figure(high, None), self.rounds);
        format!("{low}–{high} of {rounds}")
    }

    fn goal_text(&self) -> String {
        self.goal
            .map_or_else(String::new, |goal| format!("≤ {goal}"))
    }
}

/// Three digits and a unit.
fn show(value: f64, unit: Unit) -> String {
    let steps: &[(f64, &str)] = match unit {
        Unit::Seconds => &[(1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")],
        Unit::Bytes => &[(1024.0 * 1024.0, "MiB"), (1024.0, "KiB"), (1.0, "B")],
        Unit::Crates => return format!("{value} crates"),
    };
    let step = steps.iter().find(|(size, _)| value >= *size);
    let (size, name) = step.unwrap_or(&steps[steps.len() - 1]);
    let value = value / size;
    match value {
        small if small < 9.995 => format!("{small:.2} {name}"),
        usual if usual < 99.95 => format!("{usual:.1} {name}"),
        large => format!("{large:.0} {name}"),
    }
}

/// The book would make one long dash of the two before an option.
fn as_it_stands(name: &str) -> String {
    name.replace("--", r"\-\-")
}
