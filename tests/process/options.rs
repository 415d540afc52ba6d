//! The command line itself: help, wrong use, pipes.

use std::process::Stdio;

use assert_cmd::assert::OutputAssertExt;
use predicates::prelude::*;
use rstest::rstest;

use crate::support::threadproof;

#[rstest]
#[case(&["no-such-section"])]
#[case(&["join", "--workers", "0"])]
#[case(&["event", "--interval", "0"])]
#[case(&["event", "--interval", "soon"])]
#[case(&["thread-pool", "--polls", "0"])]
#[case(&["compare", "--power", "20"])]
#[case(&["fetch"])]
#[case(&["fetch", "http://127.0.0.1/"])]
#[case(&["fetch", "http://127.0.0.1/a", "http://localhost/a"])]
#[case(&["fetch", "--url", "http://127.0.0.1/a", "http://127.0.0.1/b"])]
#[case(&["fetch", "ftp://127.0.0.1/a"])]
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

#[rstest]
#[case(&["--help"], "process-pool")]
#[case(&["--help"], "10  several kinds of failure")]
#[case(&["fetch", "--help"], "130 interrupted")]
#[case(&["compare", "--help"], "10 to this power steps [default: 7]")]
#[case(&["compare", "--help"], "each of its 9 rounds runs all of them in every way")]
#[case(&["thread-pool", "--help"], "--polls")]
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
