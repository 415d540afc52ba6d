//! The command line itself: help, wrong use, pipes.

use std::process::Stdio;

use assert_cmd::assert::OutputAssertExt;
use predicates::prelude::*;
use rstest::rstest;

use crate::support::threadproof;

#[rstest]
#[case(&["no-such-section"])]
#[case(&["join", "--workers", "0"])]
#[case(&["process-pool", "--workers", "1001"])]
#[case(&["fetch", "--workers", "100000", "http://127.0.0.1/a"])]
#[case(&["compare", "--jobs", "18446744073709551615"])]
#[case(&["event", "--interval", "-1"])]
#[case(&["event", "--interval", "1e-20"])]
#[case(&["start", "--timeline", "x.svg", "--axis", "1e19"])]
#[case(&["fetch", "--total", "1.8e19", "http://127.0.0.1/a"])]
#[case(&["event", "--interval", "0"])]
#[case(&["event", "--interval", "soon"])]
#[case(&["thread-pool", "--polls", "0"])]
#[case(&["compare", "--power", "20"])]
#[case(&["serve", "--delay", "-1"])]
#[case(&["serve", "--port", "65536"])]
#[case(&["fetch"])]
#[case(&["fetch", "http://127.0.0.1/"])]
#[case(&["fetch", "http://127.0.0.1/a", "http://localhost/a"])]
#[case(&["fetch", "--url", "http://127.0.0.1/a", "http://127.0.0.1/b"])]
#[case(&["event", "--interval", "1e-9"])]
#[case(&["fetch", "ftp://127.0.0.1/a"])]
#[case(&["fetch", "http://127.0.0.1:1/a/%2e%2E"])]
#[case(&["fetch", "http://127.0.0.1:1/a\\"])]
#[case(&["fetch", "http://127.0.0.1:1/a", " http://localhost:1/b\\a "])]
#[case(&["fetch", "http://127.0.0.1/.threadproof-a.part"])]
#[case(&["fetch", "http://127.0.0.1/.Threadproof-a.part-note"])]
#[case(&["sequential", "--url", "office.png"])]
fn wrong_use_is_exit_code_2_and_says_why(#[case] arguments: &[&str]) {
    let no_words = predicate::str::is_empty();
    let folder = tempfile::tempdir().unwrap();
    threadproof(arguments)
        .current_dir(&folder)
        .assert()
        .code(2)
        .stderr(no_words.not());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// What is wrong first is told first.
#[rstest]
#[case::no_address("office.png", "it must begin with http:// or https://")]
#[case::no_name("http://127.0.0.1:1/", "no file name to save it under")]
fn an_address_is_told_what_is_wrong_with_it(#[case] url: &str, #[case] words: &str) {
    let said = predicate::str::contains(words).and(predicate::str::contains(url));
    threadproof(&["fetch", url]).assert().code(2).stderr(said);
}

/// What begins as it must is not told that it must.
#[test]
fn an_address_with_another_fault_is_not_told_how_to_begin() {
    let beginning = predicate::str::contains("must begin").not();
    let assert = threadproof(&["fetch", "http://[::1/a"]).assert().code(2);
    assert.stderr(predicate::str::contains("cannot be read as a URL").and(beginning));
}

/// Numbers that are no numbers of seconds, or too many of them, and what is said of each.
#[rstest]
#[case::infinity("inf", "at most 1000000000 seconds")]
#[case::huge("1e300", "at most 1000000000 seconds")]
#[case::minus_infinity("-inf", "more than 0")]
#[case::nothing("0", "more than 0")]
#[case::no_number("nan", "not a number of seconds")]
#[case::words("soon", "not a number of seconds")]
fn a_number_of_seconds_is_told_what_is_wrong_with_it(#[case] text: &str, #[case] words: &str) {
    let stall = format!("--stall={text}");
    let arguments = ["fetch", &stall, "http://127.0.0.1/a"];
    let said = predicate::str::contains(words);
    threadproof(&arguments).assert().code(2).stderr(said);
}

/// The most of everything is waited for like anything else.
#[test]
fn the_largest_numbers_are_taken() {
    let most = "1000000000";
    let arguments = ["compare", "--workers", "1000", "--only", "sequential"];
    let more = ["--jobs", "1000000", "--power", "0", "--interval", most];
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("x.svg");
    threadproof(&arguments)
        .args(more)
        .args(["--axis", most, "--timeline"])
        .arg(&picture)
        .assert()
        .success();
    assert!(picture.exists());
}

#[test]
fn list_in_json_is_one_object_a_section() {
    let assert = threadproof(&["list", "--json"]).assert().success();
    let text = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 11);
    assert_eq!(lines[9]["section"], 10);
    assert_eq!(lines[9]["name"], "process-pool");
    assert_eq!(lines[9]["python"], "multiprocessing.Pool.map");
}

#[rstest]
#[case(&["--help"], "process-pool")]
#[case(&["--help"], "10  several kinds of failure")]
#[case(&["fetch", "--help"], "130 interrupted")]
#[case(&["compare", "--help"], "10 to this power steps [default: 7]")]
#[case(&["compare", "--help"], "each of its 9 rounds runs all of them in every way")]
#[case(&["thread-pool", "--help"], "--polls")]
#[case(&["--help"], "serve")]
#[case(&["serve", "--help"], "--delay")]
#[case(&["list"], "ThreadPoolExecutor(max_workers=3).map")]
fn help_says_what_there_is(#[case] arguments: &[&str], #[case] words: &str) {
    threadproof(arguments)
        .assert()
        .success()
        .stdout(predicate::str::contains(words));
}

#[test]
fn a_subcommand_shows_only_the_options_that_matter_to_it() {
    let other = predicate::str::contains("--polls").or(predicate::str::contains("--url"));
    threadproof(&["fetch", "--help"])
        .assert()
        .success()
        .stdout(other.not());
}

/// `threadproof | head -1`: the reader takes one line and goes.
#[rstest]
#[case(&[])]
#[case(&["--json"])]
#[case(&["flags", "--live"])]
#[case(&["list"])]
fn a_closed_pipe_is_no_error(#[case] arguments: &[&str]) {
    let place = tempfile::tempdir().unwrap();
    let mut command = threadproof(arguments);
    command
        .env("TMPDIR", place.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
}
