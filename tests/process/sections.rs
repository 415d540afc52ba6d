//! Every section from outside: its JSON, its story, and what it does with a server that is not there.

use std::collections::BTreeSet;
use std::process::Output;

use assert_cmd::assert::OutputAssertExt;
use predicates::prelude::*;
use rstest::rstest;
use serde_json::Value;
use threadproof::local_server::{LocalServer, Reply, Site};

use crate::support::threadproof;

/// A port that nobody listens on: bound, noted and given back.
fn dead_url() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/office.png", listener.local_addr().unwrap())
}

fn objects(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect()
}

#[test]
fn the_tour_has_eleven_sections_a_list_of_files_and_the_closing_table() {
    let assert = threadproof(&["--interval", "0.05", "--power", "5"])
        .assert()
        .success();
    let text = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    for number in 1..=11 {
        assert!(text.contains(&format!("§{number} ")), "{text}");
    }
    assert!(text.contains("  199865  join-3.png"), "{text}");
    let table = text
        .split("what happened")
        .nth(1)
        .expect("the closing table");
    assert_eq!(table.lines().skip(1).count(), 11, "{table}");
    assert!(!text.contains('\u{1b}'), "no colours in a pipe");
}

#[test]
fn the_tour_gives_one_object_a_section() {
    let assert = threadproof(&["--interval", "0.05", "--power", "5", "--json"])
        .assert()
        .success();
    let objects = objects(assert.get_output());
    let numbers: Vec<_> = objects
        .iter()
        .map(|object| object["section"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (1..=11).collect::<Vec<u64>>());
    for object in &objects {
        assert!(object["seconds"].as_f64().unwrap() >= 0.0, "{object}");
        assert!(object["details"].is_object(), "{object}");
        assert_eq!(
            object["ratio"].is_null(),
            object["baseline"].is_null(),
            "{object}"
        );
    }
}

#[rstest]
#[case("sequential", &["main", "sequential-3.png: 199865 bytes", "Main program done!!"])]
#[case("start", &["Main program done!!", "download-2", "start-2.png: 199865 bytes"])]
#[case("join", &["3 threads started", "join-1.png: 199865 bytes"])]
#[case("daemon", &["joined.png: whole, 199865 bytes", "cut-off.png: absent"])]
#[case("event", &["Watching a.txt", "a.txt was modified", "after the stop"])]
#[case("flags", &["Watching c.txt", "b.txt was modified"])]
#[case("locked-flags", &["Watching c.txt", "b.txt was modified"])]
#[case("thread-pool", &["Hello 1", "Hello 4", "d.txt was modified", "Hello 4 began"])]
#[case("processes", &["3 processes started", "processes-3.png: 199865 bytes"])]
#[case("process-pool", &["Squares: [1, 4, 9, 16, 25]"])]
#[case("compare", &["sequential", "threads", "rayon", "processes", "billion steps a second"])]
fn a_section_tells_its_story(#[case] section: &str, #[case] words: &[&str]) {
    let mut command = threadproof(&[section, "--live", "--interval", "0.05", "--power", "4"]);
    let mut assert = command.assert().success().stderr("");
    for word in words {
        assert = assert.stdout(predicate::str::contains(*word));
    }
}

/// "Main program done!!" comes before the first file.
#[test]
fn start_goes_on_before_any_file_has_come() {
    let assert = threadproof(&["start", "--live"]).assert().success();
    let text = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    let (done, file) = (text.find("Main program done!!"), text.find("start-"));
    assert!(done < file, "{text}");
}

/// Claim D7 from outside, proved by the server: it answers the last three requests only when all three are there.
#[test]
fn join_has_three_downloads_in_flight_at_once() {
    let gated = Reply::ok(*b"office").after_requests_in_flight(3);
    let one_by_one = std::iter::repeat_n(Reply::ok(*b"office"), 3);
    let site = Site::new().script("/office.png", one_by_one.chain([gated]));
    let server = LocalServer::start(site).unwrap();
    threadproof(&["join", "--url", &server.url("/office.png")])
        .assert()
        .success();
    assert_eq!(server.most_at_once(), 3);
}

#[test]
fn three_processes_have_three_numbers() {
    let assert = threadproof(&["processes", "--json"]).assert().success();
    let object = &objects(assert.get_output())[0];
    let pids: BTreeSet<u64> = object["details"]["pids"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pid| pid.as_u64().unwrap())
        .collect();
    assert_eq!(pids.len(), 3, "{object}");
}

/// Claim P2 from outside: by the jobs' own clocks.
#[test]
fn the_fourth_watcher_starts_when_one_of_the_first_three_has_ended() {
    let assert = threadproof(&["thread-pool", "--json", "--interval", "0.05"])
        .assert()
        .success();
    let object = &objects(assert.get_output())[0];
    let jobs = object["details"]["jobs"].as_array().unwrap();
    let of = |job: usize, what: &str| jobs[job][what].as_f64().unwrap();
    let first_end = (0..3)
        .map(|job| of(job, "ended"))
        .fold(f64::INFINITY, f64::min);
    assert!(of(3, "began") >= first_end, "{object}");
    assert!((0..3).all(|job| of(job, "began") < first_end), "{object}");
}

/// Claim K3 from outside; without the lock a look may come after the stop.
#[test]
fn no_locked_watcher_looks_after_its_stop() {
    let assert = threadproof(&["locked-flags", "--json", "--interval", "0.01"])
        .assert()
        .success();
    let object = &objects(assert.get_output())[0];
    assert_eq!(
        object["details"]["looks_after_stop"],
        serde_json::json!([0, 0, 0])
    );
    assert!(
        object["details"]["looks"][2].as_u64() >= Some(2),
        "{object}"
    );
}

#[rstest]
fn a_dead_server_is_exit_code_3_one_clear_line_and_no_file(
    #[values("", "sequential", "start", "join", "daemon", "processes")] section: &str,
) {
    let folder = tempfile::tempdir().unwrap();
    let (url, dir) = (dead_url(), folder.path().to_str().unwrap());
    let mut arguments = vec!["--url", &url, "--dir", dir];
    arguments.extend(Some(section).filter(|section| !section.is_empty()));
    let assert = threadproof(&arguments).assert().code(3);
    let errors = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(
        errors.contains(&url) && errors.contains("refused"),
        "{errors}"
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn files_stay_in_the_folder_that_the_user_names() {
    let folder = tempfile::tempdir().unwrap();
    let new = folder.path().join("new");
    threadproof(&["join", "--dir", new.to_str().unwrap()])
        .assert()
        .success();
    let image = std::fs::read(new.join("join-2.png")).unwrap();
    assert_eq!(image.len(), 199_865);
    assert_eq!(&image[1..4], b"PNG");
}

#[test]
fn a_timeline_is_drawn_where_the_user_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("join.svg");
    threadproof(&["join", "--timeline", path.to_str().unwrap()])
        .assert()
        .success();
    let svg = std::fs::read_to_string(path).unwrap();
    assert!(
        svg.starts_with("<svg") && svg.contains("download-3"),
        "{svg}"
    );
}

/// Found out before the work, and not at its end.
#[rstest]
#[case::no_folder("missing/x.svg")]
#[case::a_folder(".")]
#[case::inside_a_file("file/x.svg")]
fn a_picture_that_cannot_be_drawn_is_found_out_first(#[case] picture: &str) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "old").unwrap();
    let path = folder.path().join(picture);
    let server = LocalServer::start(Site::new()).unwrap();
    let url = server.url("/office.png");
    let mut command = threadproof(&["sequential", "--url", &url, "--timeline"]);
    let named = predicate::str::contains(path.to_str().unwrap());
    command.arg(&path).assert().code(9).stdout("").stderr(named);
    assert_eq!(server.requests().len(), 0);
    assert_eq!(crate::support::files_in(folder.path()), ["file"]);
}

/// What a section fails at does not cost an old picture, nor does it leave half a new one.
#[test]
fn a_section_that_fails_draws_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.svg");
    std::fs::write(&path, "old").unwrap();
    let mut command = threadproof(&["sequential", "--url", &dead_url(), "--timeline"]);
    command.arg(&path).assert().code(3);
    assert_eq!(std::fs::read(&path).unwrap(), b"old");
    assert_eq!(crate::support::files_in(folder.path()), ["x.svg"]);
}

/// The user's own files may have the names of those that the watchers watch.
#[rstest]
fn no_file_of_the_user_s_is_written_over(
    #[values("event", "flags", "locked-flags", "thread-pool")] section: &str,
) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.txt", "b.txt", "c.txt", "d.txt"] {
        std::fs::write(folder.path().join(name), "mine").unwrap();
    }
    threadproof(&[section, "--dir", ".", "--interval", "0.01"])
        .current_dir(&folder)
        .assert()
        .success();
    let names = crate::support::files_in(folder.path());
    assert_eq!(names, ["a.txt", "b.txt", "c.txt", "d.txt"]);
    for name in names {
        assert_eq!(std::fs::read(folder.path().join(name)).unwrap(), b"mine");
    }
}

/// Else an old file would be taken for the one that this run has cut off.
#[test]
fn a_daemon_s_old_file_is_not_taken_for_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("cut-off.png"), "mine").unwrap();
    let dir = folder.path().to_str().unwrap();
    let words = predicate::str::contains("cut-off.png: as it was before");
    let mut command = threadproof(&["daemon", "--dir", dir]);
    command.assert().success().stdout(words);
    let left = std::fs::read(folder.path().join("cut-off.png")).unwrap();
    assert_eq!(left, b"mine");
}

#[rstest]
#[case("sequential")]
#[case("threads")]
#[case("rayon")]
#[case("processes")]
fn compare_runs_one_way_alone(#[case] way: &str) {
    let arguments = [
        "compare", "--only", way, "--jobs", "2", "--power", "3", "--json",
    ];
    let assert = threadproof(&arguments).assert().success();
    let object = &objects(assert.get_output())[0];
    let seconds = object["details"]["seconds"].as_object().unwrap();
    assert_eq!(seconds.keys().collect::<Vec<_>>(), [way]);
}

/// Neither temporary folder nor half a file stays behind.
#[test]
fn a_run_without_a_folder_leaves_nothing() {
    let place = tempfile::tempdir().unwrap();
    threadproof(&["daemon"])
        .env("TMPDIR", place.path())
        .assert()
        .success();
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
}

/// One lock a line: threads that speak at the same time never mix their words.
#[rstest]
#[case::thread_pool(&["thread-pool", "--workers", "4", "--polls", "5"])]
#[case::flags(&["flags"])]
#[case::locked_flags(&["locked-flags"])]
#[case::join(&["join"])]
#[case::processes(&["processes"])]
fn no_line_of_a_live_section_is_torn(#[case] arguments: &[&str]) {
    let said = regex::Regex::new(r"^  \S.{11} +\d+\.\d\d s  \S.*$").unwrap();
    let framed = regex::Regex::new(r"^(§\d+ .*|  [^:]*: \d+\.\d{4} s(, .*)?)$").unwrap();
    for _ in 0..5 {
        let mut command = threadproof(arguments);
        command.args(["--live", "--interval", "0.001"]);
        let assert = command.assert().success();
        let text = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
        assert!(text.ends_with('\n') && text.lines().count() > 5, "{text}");
        for line in text.lines() {
            assert!(
                said.is_match(line) || framed.is_match(line),
                "{line:?} of\n{text}"
            );
        }
    }
}
