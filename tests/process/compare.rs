//! Section 11 as a program that is run again and again (claim C3).

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use assert_cmd::assert::OutputAssertExt;
use serde_json::Value;
use threadproof::compare::{ROUNDS, Way};

use crate::support::{rounds, threadproof};

fn details(arguments: &[&str]) -> Value {
    let assert = threadproof(arguments).arg("--json").assert().success();
    let mut object: Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    object["details"].take()
}

/// Tells threads that never rest to end, also when a test fails.
struct Rest<'a>(&'a AtomicBool);

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs `body` beside two threads that never rest.
fn on_a_busy_machine<R>(body: impl FnOnce() -> R) -> R {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let _rest = Rest(&done);
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        body()
    })
}

#[test]
fn runs_on_a_busy_machine_do_not_contradict_each_other() {
    let verdict = |_| details(&["compare", "--jobs", "8", "--power", "6"])["verdict"].to_string();
    let verdicts: Vec<String> = on_a_busy_machine(|| (0..rounds(2, 10)).map(verdict).collect());
    let names = |faster: &str| {
        let start = format!("\"{faster} were ");
        verdicts.iter().any(|verdict| verdict.starts_with(&start))
    };
    assert!(!(names("threads") && names("processes")), "{verdicts:#?}");
}

#[test]
fn the_json_has_every_round_in_the_order_in_which_its_runs_ran() {
    let details = details(&["compare", "--jobs", "2", "--power", "3"]);
    let rounds = details["rounds"].as_array().unwrap();
    assert_eq!(rounds.len(), ROUNDS);
    for (number, round) in rounds.iter().enumerate() {
        let ways = round.as_array().unwrap().iter().map(|run| &run["way"]);
        let ways: Vec<&str> = ways.map(|way| way.as_str().unwrap()).collect();
        assert_eq!(ways, Way::in_round(number).map(|way| way.to_string()));
    }
    for way in Way::ALL.map(|way| way.to_string()) {
        let runs = rounds.iter().flat_map(|round| round.as_array().unwrap());
        let runs = runs.filter(|run| run["way"] == *way);
        let mut seconds: Vec<f64> = runs.map(|run| run["seconds"].as_f64().unwrap()).collect();
        seconds.sort_by(f64::total_cmp);
        assert_eq!(details["seconds"][&way], seconds[ROUNDS / 2], "{way}");
        let (fastest, slowest) = (seconds[0], seconds[ROUNDS - 2]);
        assert_eq!(
            details["spread"][&way],
            serde_json::json!([fastest, slowest])
        );
    }
}

#[test]
fn the_story_has_a_row_a_round_and_a_line_a_way() {
    let assert = threadproof(&["compare", "--power", "4"]).assert().success();
    let text = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    let told = |line: &&str| line.matches(" s  ").count() >= 1;
    let lines: Vec<&str> = text.lines().filter(told).map(|line| &line[25..]).collect();
    for round in 1..=ROUNDS {
        let start = format!("{round:>5}   ");
        let row = lines.iter().find(|line| line.starts_with(&start));
        assert_eq!(row.map(|row| row.matches(" s").count()), Some(4), "{text}");
    }
    for way in Way::ALL {
        let line = lines
            .iter()
            .find(|line| line.starts_with(&format!("{way} ")));
        let line = line.unwrap_or_else(|| panic!("{way}: {text}"));
        assert!(line.contains(" s to "), "{line}");
        let factor = line.ends_with(" ×");
        assert_eq!(factor, way != Way::Sequential, "{line}");
    }
    assert!(
        text.lines().all(|line| line.chars().count() < 100),
        "{text}"
    );
}
