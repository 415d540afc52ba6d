//! Claim D12: `fetch` has one exit code for each kind of error, and 0 only if every file is complete.

use std::path::Path;
use std::time::Duration;

use assert_cmd::assert::{Assert, OutputAssertExt};
use predicates::prelude::*;
use rstest::rstest;
use threadproof::local_server::{Fault, Framing, Hangup, LocalServer, Reply, Site};

use crate::support::threadproof;

const BODY: [u8; 1000] = [7; 1000];

fn fetch(reply: Reply, options: &[&str], folder: &Path) -> Assert {
    let server = LocalServer::start(Site::new().page("/a.bin", reply)).unwrap();
    let url = server.url("/a.bin");
    let mut arguments = vec!["fetch", &url, "--dir", folder.to_str().unwrap()];
    arguments.extend(options);
    threadproof(&arguments).assert()
}

fn cut(how: Hangup) -> Fault {
    Fault::Cut { after: 600, how }
}

#[rstest]
#[case::complete(Reply::ok(BODY), &[], 0)]
#[case::empty(Reply::ok([]), &[], 0)]
#[case::chunked(Reply::ok(BODY).framing(Framing::Chunked), &[], 0)]
#[case::status(Reply::status(404), &[], 4)]
#[case::status_503(Reply::status(503), &["--retries", "1"], 4)]
#[case::fin(Reply::ok(BODY).fault(cut(Hangup::Fin)), &[], 5)]
#[case::rst(Reply::ok(BODY).fault(cut(Hangup::Rst)), &[], 5)]
#[case::mid_chunk(Reply::ok(BODY).framing(Framing::Chunked).fault(cut(Hangup::Fin)), &[], 5)]
#[case::unknown_length(Reply::ok(BODY).framing(Framing::UntilClose), &[], 5)]
#[case::allowed(Reply::ok(BODY).framing(Framing::UntilClose), &["--allow-unknown-length"], 0)]
#[case::stalled(Reply::ok(BODY).fault(Fault::Stall { after: 600 }), &["--stall", "0.2"], 6)]
#[case::drip(
    Reply::ok(BODY).fault(Fault::Drip { every: Duration::from_millis(20) }),
    &["--total", "0.3"],
    6
)]
#[case::too_large(Reply::ok(BODY), &["--max-bytes", "999"], 7)]
#[case::fits(Reply::ok(BODY), &["--max-bytes", "1000"], 0)]
#[case::redirects(Reply::redirect("/a.bin"), &[], 8)]
fn each_kind_of_end_has_its_exit_code(
    #[case] reply: Reply,
    #[case] options: &[&str],
    #[case] code: i32,
) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.bin");
    std::fs::write(&path, "old").unwrap();
    let has_words = predicate::str::is_empty().not();
    let assert = fetch(reply, options, folder.path()).code(code);
    if code == 0 {
        assert.stdout(predicate::str::contains("a.bin")).stderr("");
        assert_ne!(std::fs::read(&path).unwrap(), b"old");
    } else {
        assert.stdout("").stderr(has_words);
        assert_eq!(
            std::fs::read(&path).unwrap(),
            b"old",
            "the old file is unharmed"
        );
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "no temporary file"
    );
}

#[test]
fn a_folder_that_is_a_file_is_exit_code_9() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let named = predicate::str::contains(file.to_str().unwrap());
    fetch(Reply::ok(BODY), &[], &file).code(9).stderr(named);
}

#[test]
fn failures_of_several_kinds_are_exit_code_10_and_good_files_arrive() {
    let site = Site::new()
        .page("/good", Reply::ok(BODY))
        .page("/missing", Reply::status(404))
        .page("/cut", Reply::ok(BODY).fault(cut(Hangup::Fin)));
    let server = LocalServer::start(site).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let urls = ["/good", "/missing", "/cut"].map(|path| server.url(path));
    let mut arguments = vec!["fetch", "--dir", folder.path().to_str().unwrap()];
    arguments.extend(urls.iter().map(String::as_str));
    let assert = threadproof(&arguments).assert().code(10);
    assert.stderr(predicate::str::contains("2 of 3 files failed"));
    assert_eq!(std::fs::read(folder.path().join("good")).unwrap(), BODY);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn json_has_one_object_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let assert = fetch(Reply::ok(BODY), &["--json"], folder.path()).success();
    let object: serde_json::Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    assert_eq!(object["bytes"], 1000);
    assert_eq!(object["attempts"], 1);
}
