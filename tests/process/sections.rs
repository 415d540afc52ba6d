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
#[case("daemon", &["cut-off.png: started", "joined.png: whole, 199865 bytes", "cut-off.png: absent"])]
#[case("event", &["Watching a.txt", "a.txt was modified", "after the stop"])]
#[case("flags", &["Watching c.txt", "b.txt was modified", "cannot be woken", "(ideal 1.00)"])]
#[case("locked-flags", &["Watching c.txt", "b.txt was modified", "cannot be woken", "(ideal 1.00)"])]
#[case("thread-pool", &["Hello 1", "Hello 4", "d.txt was modified", "Hello 4 began"])]
#[case("processes", &["3 processes started", "processes-3.png: 199865 bytes"])]
#[case("process-pool", &["Squares: [1, 4, 9, 16, 25]"])]
#[case("compare", &["sequential", "threads", "rayon", "processes", "billion steps a second"])]
fn a_section_tells_its_story(#[case] section: &str, #[case] words: &[&str]) {
    // `--live` is a word of old.
    let mut command = threadproof(&[section, "--live", "--interval", "0.05", "--power", "4"]);
    let mut assert = command.assert().success().stderr("");
    for word in words {
        assert = assert.stdout(predicate::str::contains(*word));
    }
}

/// A line of a section: who says it, and what.
fn said(arguments: &[&str]) -> Vec<(String, String)> {
    let assert = threadproof(arguments).assert().success();
    let text = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    let line = regex::Regex::new(r"^  (\S.*?) +\d+\.\d\d s  (.*)$").unwrap();
    let said = text.lines().filter_map(|said| line.captures(said));
    said.map(|parts| (parts[1].to_owned(), parts[2].to_owned()))
        .collect()
}

/// "Main program done!!" comes before the first file.
#[test]
fn start_goes_on_before_any_file_has_come() {
    let said = said(&["start"]);
    let done = said
        .iter()
        .position(|(_, words)| words == "Main program done!!");
    let file = said
        .iter()
        .position(|(_, words)| words.ends_with("bytes, done"));
    assert!(done.is_some() && done < file, "{said:?}");
}

/// Three starts, then three ends: the server answers the last three requests only when all are there.
#[rstest]
#[case::start("start", "download-")]
#[case::join("join", "download-")]
#[case::processes("processes", "pid ")]
fn three_downloads_start_before_the_first_is_done(#[case] section: &str, #[case] lane: &str) {
    let gated = Reply::ok(*b"office").after_requests_in_flight(3);
    let baseline = std::iter::repeat_n(Reply::ok(*b"office"), 3);
    let site = Site::new().script("/office.png", baseline.chain([gated]));
    let server = LocalServer::start(site).unwrap();
    let mut said = said(&[section, "--url", &server.url("/office.png")]);
    said.retain(|(who, _)| who.starts_with(lane));
    let words = said
        .iter()
        .map(|(_, words)| words.split(": ").nth(1).unwrap());
    let words: Vec<&str> = words.collect();
    assert_eq!(words, [["started"; 3], ["6 bytes, done"; 3]].concat());
    for number in 1..=3 {
        let file = format!("{section}-{number}.png: ");
        let of_file: Vec<_> = said
            .iter()
            .filter(|(_, words)| words.starts_with(&file))
            .collect();
        assert!(
            of_file.len() == 2 && of_file[0].0 == of_file[1].0,
            "{said:?}"
        );
    }
}

/// Beside that, §1: each is done before the next one starts.
#[test]
fn one_after_the_other_each_is_done_before_the_next_starts() {
    let said = said(&["sequential"]);
    let words: Vec<&str> = said.iter().map(|(_, words)| words.as_str()).collect();
    let of_file = |number| {
        let file = format!("sequential-{number}.png");
        [
            format!("{file}: started"),
            format!("{file}: 199865 bytes, done"),
        ]
    };
    let expected = (1..=3)
        .flat_map(of_file)
        .chain(["Main program done!!".to_owned()]);
    assert!(expected.eq(words.iter().copied()), "{said:?}");
}

/// What a watcher says is what it does: its looks by their numbers, then that it has stopped.
#[rstest]
#[case::event("event", "watcher-", 1)]
#[case::flags("flags", "watcher-", 3)]
#[case::locked_flags("locked-flags", "watcher-", 3)]
#[case::thread_pool("thread-pool", "worker-", 4)]
fn a_watcher_says_each_look_and_its_end(
    #[case] section: &str,
    #[case] lanes: &str,
    #[case] watchers: usize,
) {
    let mut said = said(&[section, "--interval", "0.02"]);
    said.retain(|(who, _)| who.starts_with(lanes));
    for file in ["a.txt", "b.txt", "c.txt", "d.txt"]
        .into_iter()
        .take(watchers)
    {
        let words = said.iter().map(|(_, words)| words.as_str());
        let words: Vec<&str> = words.filter(|words| words.contains(file)).collect();
        let (end, looks) = words.split_last().unwrap();
        for (number, look) in (1..).zip(looks) {
            let expected = match number {
                1 => format!("Watching {file}: look 1"),
                _ => format!("look {number}: {file} "),
            };
            assert!(look.starts_with(&expected), "{said:?}");
        }
        assert_eq!(
            *end,
            format!("Stopped watching {file} after {} looks", looks.len())
        );
        assert!(looks.len() >= 2, "{said:?}");
    }
}

/// The greeting is what a job returns: main says it, when all have ended, in the order of the inputs.
#[test]
fn the_outputs_of_the_pool_come_in_the_order_of_the_inputs() {
    let said = said(&["thread-pool", "--interval", "0.01"]);
    let (jobs, main) = said.split_at(said.iter().position(|(who, _)| who == "main").unwrap());
    assert!(
        jobs.iter().all(|(_, words)| !words.contains("Hello")),
        "{jobs:?}"
    );
    assert!(main.iter().all(|(who, _)| who == "main"), "{main:?}");
    let outputs: Vec<&str> = main
        .iter()
        .take(4)
        .map(|(_, words)| words.as_str())
        .collect();
    assert_eq!(outputs, ["Hello 1", "Hello 2", "Hello 3", "Hello 4"]);
}

/// Who takes a number says so, and then its square; nothing is said where the output is JSON.
#[test]
fn a_process_says_which_number_it_takes_before_it_says_the_square() {
    let said = said(&["process-pool"]);
    let workers: BTreeSet<&str> = (1..=5)
        .map(|number| {
            let find = |words: &str| {
                said.iter()
                    .position(|(_, said)| said == words)
                    .expect(words)
            };
            let takes = find(&format!("takes {number}"));
            let square = find(&format!("{number} × {number} = {}", number * number));
            assert!(
                takes < square && said[takes].0 == said[square].0,
                "{said:?}"
            );
            said[takes].0.as_str()
        })
        .collect();
    assert!(
        workers.iter().all(|worker| worker.starts_with("pid ")),
        "{said:?}"
    );
    assert_eq!(said[said.len() - 2].1, "Squares: [1, 4, 9, 16, 25]");
}

/// Who sleeps through its stop is not measured by who is woken.
#[test]
fn the_ideal_of_a_stop_says_who_cannot_be_woken() {
    let assert = threadproof(&["--interval", "0.05", "--power", "3"])
        .assert()
        .success();
    let text = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    let table = text.split("what happened").nth(1).unwrap();
    for (section, ideal, woken) in [
        ("event", "0.00", true),
        ("flags", "1.00", false),
        ("locked-flags", "1.00", false),
    ] {
        let row = table
            .lines()
            .find(|row| row.split_whitespace().nth(1) == Some(section));
        let row = row.unwrap_or_else(|| panic!("{table}"));
        assert_eq!(row.split_whitespace().nth(4), Some(ideal), "{row}");
        assert_eq!(row.contains("cannot be woken"), !woken, "{row}");
    }
}

/// A window of 80 columns holds each line, but for verdicts with large numbers.
#[rstest]
#[case("sequential")]
#[case("start")]
#[case("join")]
#[case("daemon")]
#[case("event")]
#[case("flags")]
#[case("locked-flags")]
#[case("thread-pool")]
#[case("processes")]
#[case("process-pool")]
fn no_line_of_a_section_is_wider_than_a_window(#[case] section: &str) {
    let assert = threadproof(&[section, "--interval", "0.02"])
        .assert()
        .success();
    let text = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
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
