//! The command line itself: help, wrong use, pipes.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;

use assert_cmd::assert::OutputAssertExt;
use predicates::prelude::*;
use regex::Regex;
use rstest::rstest;

use crate::support::{ends, files_in, threadproof};

macro_rules! evil {
    () => {
        "x\u{1b}]0;owned\u{7}\nowned\u{9b}2J\u{7f}"
    };
}

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

/// An option that means nothing to a command is told whose it is, and nothing happens.
#[rstest]
#[case::a_picture(&["fetch", "--timeline", "x.svg", "http://127.0.0.1:1/a"], "--timeline means nothing to fetch", "compare")]
#[case::polls(&["fetch", "--polls=3", "http://127.0.0.1:1/a"], "--polls means nothing to fetch", "thread-pool")]
#[case::a_launcher(&["fetch", "http://127.0.0.1:1/a", "--launcher", "nice"], "--launcher means nothing to fetch", "process-pool")]
#[case::a_url(&["fetch", "--url", "http://127.0.0.1:1/a", "http://127.0.0.1:1/b"], "--url means nothing to fetch", "daemon")]
#[case::before_the_command(&["--polls", "3", "fetch", "http://127.0.0.1:1/a"], "--polls means nothing to fetch", "thread-pool")]
#[case::a_folder(&["serve", "--dir", "new", "--port", "0"], "--dir means nothing to serve", "fetch")]
#[case::a_picture_of_serve(&["serve", "--timeline", "x.svg", "--port", "0"], "--timeline means nothing to serve", "join")]
#[case::workers(&["serve", "--workers", "3", "--port", "0"], "--workers means nothing to serve", "fetch")]
#[case::a_word_of_old(&["fetch", "--live", "http://127.0.0.1:1/a"], "--live means nothing to fetch", "join")]
#[case::a_word_of_old_of_serve(&["serve", "--live", "--port", "0"], "--live means nothing to serve", "join")]
#[case::of_replay(&["replay", "lost-update", "--interval", "1"], "--interval means nothing to replay", "event")]
#[case::of_the_list(&["list", "--workers", "2"], "--workers means nothing to list", "compare")]
#[case::of_orders(&["orders", "--jobs", "2"], "--jobs means nothing to orders", "compare")]
fn an_option_of_other_commands_is_refused_and_told_whose_it_is(
    #[case] arguments: &[&str],
    #[case] words: &str,
    #[case] owner: &str,
) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = threadproof(arguments);
    command.current_dir(&folder);
    let output = ends(move || command.output().unwrap());
    let named = predicate::str::contains(words).and(predicate::str::contains(owner));
    output.assert().code(2).stdout("").stderr(named);
    assert_eq!(files_in(folder.path()), [""; 0]);
}

/// Whoever means `fetch` is told so, and a password is not.
#[rstest]
#[case::an_address(&["http://alice:secret@127.0.0.1:1/a"], "did you mean 'threadproof fetch http://127.0.0.1:1/a'?")]
#[case::a_slip(&["fecth", "http://127.0.0.1:1/a"], "'fetch'")]
#[case::an_address_in_the_wrong_place(&["list", "http://alice:secret@127.0.0.1:1/a"], "http://127.0.0.1:1/a")]
fn who_means_fetch_is_told_so(#[case] arguments: &[&str], #[case] words: &str) {
    let password = predicate::str::contains("secret").or(predicate::str::contains("alice"));
    let said = predicate::str::contains(words).and(password.not());
    threadproof(arguments).assert().code(2).stderr(said);
}

/// On Unix an argument is bytes; that which is no text is named by them.
#[rstest]
#[case::an_address(&["fetch", "http://127.0.0.1:1/good"], "", b"http://alice:secret@127.0.0.1:1/b\xffd", r"'http://127.0.0.1:1/b\xffd' is no UTF-8")]
#[case::beside_a_folder(&["fetch", "--dir", "new"], "", b"http://127.0.0.1:1/b\xffd", r"'http://127.0.0.1:1/b\xffd' is no UTF-8")]
#[case::a_proxy(&["fetch", "http://127.0.0.1:1/good"], "--proxy=", b"http://p\xfe", r"\xfe' is no UTF-8")]
#[case::a_program(&["orders"], "", b"event\x1b\xfe", r"'event\u{1b}\xfe' is no UTF-8")]
fn an_argument_that_is_no_text_is_named(
    #[case] arguments: &[&str],
    #[case] option: &str,
    #[case] value: &[u8],
    #[case] words: &str,
) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = threadproof(arguments);
    let odd = [option.as_bytes(), value].concat();
    command.arg(OsStr::from_bytes(&odd)).current_dir(&folder);
    let password = predicate::str::contains("secret").or(predicate::str::contains("alice"));
    let said = predicate::str::contains(words).and(password.not());
    command.assert().code(2).stdout("").stderr(said);
    assert_eq!(files_in(folder.path()), [""; 0]);
}

/// What a terminal would obey it is not sent, wherever it stands in what the user or others wrote.
#[rstest]
#[case::a_folder(&["fetch", "--dir", concat!("/dev/null/", evil!()), "http://127.0.0.1:1/a"], 9)]
#[case::a_folder_in_json(&["fetch", "--json", "--dir", EVIL, "http://127.0.0.1:1/a"], 3)]
#[case::a_url(&["fetch", EVIL], 2)]
#[case::a_url_with_a_scheme(&["fetch", concat!("http://127.0.0.1:1/", evil!())], 2)]
#[case::a_url_of_a_section(&["sequential", "--url", EVIL], 2)]
#[case::a_proxy(&["fetch", "--proxy", EVIL, "http://127.0.0.1:1/a"], 2)]
#[case::a_command(&[EVIL], 2)]
#[case::a_number(&["fetch", "--retries", EVIL, "http://127.0.0.1:1/a"], 2)]
#[case::a_launcher(&["process-pool", "--launcher", EVIL], 1)]
#[case::a_picture(&["event", "--interval", "0.01", "--timeline", concat!("/nonexistent/", evil!(), "/x.svg")], 9)]
#[case::a_schedule(&["replay", "lost-update", EVIL], 2)]
fn no_terminal_obeys_what_is_shown(#[case] arguments: &[&str], #[case] code: i32) {
    let place = tempfile::tempdir().unwrap();
    let mut command = threadproof(arguments);
    // So that nothing is taken away for a pipe's sake.
    command.env("CLICOLOR_FORCE", "1").current_dir(&place);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert!(!output.stderr.is_empty() || arguments.contains(&"--json"));
    // The colours of our own words are meant.
    let ours = Regex::new("\x1b\\[[0-9;]*m").unwrap();
    for said in [output.stdout, output.stderr] {
        let said = String::from_utf8(said).unwrap();
        let said = ours.replace_all(&said, "");
        let is_evil = |letter: char| letter.is_control() && letter != '\n';
        assert!(!said.contains(is_evil), "{said:?}");
        assert!(!said.contains("\nowned"), "{said:?}");
    }
}

/// A title for the window, another line, what some terminals take for ESC [, and a deletion.
const EVIL: &str = evil!();

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
    let more = ["--jobs", "1000000", "--power", "0"];
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
