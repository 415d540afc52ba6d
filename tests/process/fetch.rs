//! Claim D12: `fetch` has one exit code for each kind of error, and 0 only if every file is complete.

use std::path::Path;
use std::time::Duration;

use assert_cmd::assert::{Assert, OutputAssertExt};
use predicates::prelude::*;
use rstest::rstest;
use rustix::process::{Pid, Signal, kill_process};
use threadproof::local_server::{Fault, Framing, Hangup, LocalServer, Reply, Site};

use crate::support::{threadproof, until};

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
#[case::allowed_and_reset(
    Reply::ok(BODY).framing(Framing::UntilClose).fault(cut(Hangup::Rst)),
    &["--allow-unknown-length"],
    5
)]
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

/// D1 to D5, D8 and D12: every fault of a server, on a new file and on one that is there already.
#[rstest]
#[case::fin(Reply::ok(BODY).fault(cut(Hangup::Fin)), 5, "ended after 600 bytes of 1000")]
#[case::rst(Reply::ok(BODY).fault(cut(Hangup::Rst)), 5, "bytes of 1000")]
#[case::stall(Reply::ok(BODY).fault(Fault::Stall { after: 600 }), 6, "said nothing for 200ms")]
#[case::silence(Reply::ok(BODY).latency(Duration::from_secs(3600)), 6, "said nothing for 200ms")]
#[case::drip(Reply::ok(BODY).fault(Fault::Drip { every: Duration::from_millis(20) }), 6, "not complete after 1s")]
#[case::short(Reply::ok(BODY).framing(Framing::WrongLength(1001)), 5, "ended after 1000 bytes of 1001")]
#[case::chunked_cut(Reply::ok(BODY).framing(Framing::Chunked).fault(cut(Hangup::Fin)), 5, "the body ended after")]
#[case::chunked_without_its_end(Reply::ok(BODY).framing(Framing::Chunked).fault(Fault::Cut { after: 1000, how: Hangup::Fin }), 5, "the body ended after")]
#[case::no_length(Reply::ok(BODY).framing(Framing::UntilClose), 5, "gave no length")]
#[case::not_yet(Reply::status(202), 4, "status 202")]
#[case::no_content(Reply::status(204), 4, "status 204")]
#[case::reset_content(Reply::status(205).body([]), 4, "status 205")]
#[case::status_404(Reply::status(404), 4, "status 404")]
#[case::status_503(Reply::status(503), 4, "status 503")]
#[case::redirect_loop(Reply::redirect("/a.bin"), 8, "redirected more than 10 times")]
#[case::redirect_to_nowhere(Reply::status(301), 4, "missing a location header")]
#[case::redirect_to_a_bad_port(
    Reply::redirect("http://127.0.0.1:99999/a.bin"),
    4,
    "its port is no number"
)]
#[case::redirect_to_a_file(
    Reply::redirect("file:///etc/passwd"),
    4,
    "it redirects to an address that is not http or https"
)]
#[case::redirect_to_ftp(
    Reply::redirect("ftp://127.0.0.1/a.bin"),
    4,
    "it redirects to an address that is not http or https"
)]
#[case::redirect_to_two_places(Reply::redirect("/b").header("Location", "/c"), 4, "two places")]
#[case::coded(Reply::ok(BODY).framing(Framing::Chunked).header("Transfer-Encoding", "gzip"), 4, "coded in a way")]
#[case::coded_content(Reply::ok(BODY).header("Content-Encoding", "gzip"), 4, "its content is coded in a way")]
#[case::long_head(Reply::ok(BODY).header("X", &"x".repeat(100_000)), 4, "longer than 64 KiB")]
#[case::a_whole_that_is_a_part(Reply::ok(BODY).header("Content-Range", "bytes 0-999/2000"), 4, "a range of one")]
#[case::empty(Reply::ok(BODY).fault(Fault::CutHead { after: 0, how: Hangup::Fin }), 3, "cannot connect: the connection was closed before an answer")]
#[case::empty_by_reset(Reply::ok(BODY).fault(Fault::CutHead { after: 0, how: Hangup::Rst }), 3, "cannot connect")]
#[case::half_a_head(Reply::ok(BODY).fault(Fault::CutHead { after: 20, how: Hangup::Fin }), 3, "cannot connect")]
fn every_fault_has_its_error_and_leaves_the_file_as_it_was(
    #[case] reply: Reply,
    #[case] code: i32,
    #[case] words: &str,
    #[values(None, Some("the good old file"))] old: Option<&str>,
    #[values(&[], &["--resume"])] more: &[&str],
) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.bin");
    old.inspect(|old| std::fs::write(&path, old).unwrap());
    let options = [&["--stall", "0.2", "--total", "1"], more].concat();
    let assert = fetch(reply, &options, folder.path()).code(code).stdout("");
    assert.stderr(predicate::str::contains(words).and(predicate::str::contains("/a.bin")));
    assert_eq!(std::fs::read_to_string(&path).ok().as_deref(), old);
    let files = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, usize::from(old.is_some()), "nothing else");
}

/// What is no fault, though it looks like one: the bytes that were announced have come.
#[rstest]
#[case::long(Reply::ok(BODY).framing(Framing::WrongLength(600)), 600)]
#[case::empty_body(Reply::ok([]), 0)]
fn a_body_ends_where_its_length_says(
    #[case] reply: Reply,
    #[case] length: usize,
    #[values(None, Some("the good old file"))] old: Option<&str>,
) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.bin");
    old.inspect(|old| std::fs::write(&path, old).unwrap());
    fetch(reply, &[], folder.path()).code(0).stderr("");
    assert_eq!(std::fs::read(&path).unwrap(), BODY[..length]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// The first run is cut, the second asks for the rest of the same version.
#[test]
fn resume_goes_on_where_an_earlier_run_ended() {
    let whole = Reply::ok(BODY).header("ETag", "\"1\"").ranges();
    let replies = [whole.clone().fault(cut(Hangup::Fin)), whole];
    let server = LocalServer::start(Site::new().script("/a.bin", replies)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = server.url("/a.bin");
    let arguments = [
        "fetch",
        "--resume",
        &url,
        "--dir",
        folder.path().to_str().unwrap(),
    ];
    threadproof(&arguments).assert().code(5);
    threadproof(&arguments).assert().success();
    assert_eq!(server.requests()[1].header("Range"), Some("bytes=600-"));
    assert_eq!(std::fs::read(folder.path().join("a.bin")).unwrap(), BODY);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// Neither on stdout nor on stderr, whatever happens.
#[rstest]
#[case::good("/good", &[])]
#[case::good_in_json("/good", &["--json"])]
#[case::missing("/missing", &[])]
#[case::missing_in_json("/missing", &["--json"])]
#[case::no_name("/", &[])]
#[case::redirected_to_no_url("/astray", &[])]
#[case::redirected_in_a_circle("/circle", &[])]
fn a_user_s_name_and_password_are_never_shown(#[case] page: &str, #[case] options: &[&str]) {
    let with_password = |to: &str| Reply::redirect(to.to_owned());
    let site = Site::new()
        .page("/good", Reply::ok(BODY))
        .page("/astray", with_password("ftp://alice:secret@127.0.0.1/a"))
        .page("/circle", with_password("/circle?alice:secret@"));
    let server = LocalServer::start(site).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = server.url(page).replace("://", "://alice:secret@");
    let mut arguments = vec!["fetch", &url, "--dir", folder.path().to_str().unwrap()];
    arguments.extend(options);
    let output = threadproof(&arguments).output().unwrap();
    for said in [output.stdout, output.stderr] {
        let said = String::from_utf8(said).unwrap();
        assert!(
            !said.contains("alice") && !said.contains("secret"),
            "{said}"
        );
    }
}

/// All files of one server come through at most as many connections as there are workers.
#[test]
fn connections_are_used_again() {
    let site = (0..12).fold(Site::new(), |site, n| {
        site.page(&format!("/{n}"), Reply::ok(BODY))
    });
    let server = LocalServer::start(site).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let urls: Vec<String> = (0..12).map(|n| server.url(&n.to_string())).collect();
    let mut arguments = vec![
        "fetch",
        "--workers",
        "2",
        "--dir",
        folder.path().to_str().unwrap(),
    ];
    arguments.extend(urls.iter().map(String::as_str));
    threadproof(&arguments).assert().success();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 12);
    assert!(server.connections() <= 2, "{}", server.connections());
}

/// Where something cannot be written the target is named, and what is in the way if that is another; each
/// once, and no file that nobody has heard of.
#[rstest]
#[case::a_folder_at_the_target("a.bin/", &[], "it is a folder, which no file takes the place of", &[])]
#[case::a_folder_at_the_part(".threadproof-a.bin.part/", &["--resume"], "is no file: remove it", &[".threadproof-a.bin.part"])]
#[case::a_file_at_the_part(".threadproof-a.bin.part", &["--resume"], "it is no part of a download", &[".threadproof-a.bin.part"])]
#[case::a_folder_at_the_note(".threadproof-a.bin.part-note/", &["--resume"], "directory", &[".threadproof-a.bin.part-note"])]
fn what_cannot_be_written_is_named_once(
    #[case] in_the_way: &str,
    #[case] options: &[&str],
    #[case] why: &str,
    #[case] names: &[&str],
) {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join(in_the_way);
    match in_the_way.ends_with('/') {
        true => std::fs::create_dir(place).unwrap(),
        false => std::fs::write(place, "mine").unwrap(),
    }
    let reply = Reply::ok(BODY).header("ETag", "\"1\"").ranges();
    let assert = fetch(reply, options, folder.path()).code(9).stdout("");
    let said = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let target = format!("cannot write {}: ", path("a.bin"));
    assert!(said.contains(&target) && said.contains(why), "{said}");
    // What is left are the names that are meant: none of them twice.
    let mut left = said.replacen(&target, "", 1);
    for name in names {
        let shorter = left.replacen(&path(name), "", 1);
        assert!(shorter.len() < left.len(), "{said}");
        left = shorter;
    }
    assert!(!left.contains(folder.path().to_str().unwrap()), "{said}");
    assert!(!left.contains(".threadproof-"), "{said}");
}

/// A folder in which no file can be made, whoever asks.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_takes_no_file_is_named() {
    let folder = std::path::Path::new("/proc/self");
    let assert = fetch(Reply::ok(BODY), &[], folder).code(9);
    let words = "cannot write /proc/self/a.bin: the folder /proc/self: ";
    let hidden = predicate::str::contains(".threadproof-");
    assert.stderr(predicate::str::contains(words).and(hidden.not()));
}

/// One that cannot be asked is found out before anything is made or asked, for all of them.
#[rstest]
#[case::another_scheme("ftp://127.0.0.1/b", &[])]
#[case::half_an_address("http://[::1/b", &[])]
#[case::a_bad_port("http://127.0.0.1:99999/b", &[])]
#[case::a_control("http://127.0.0.1/\u{7}b", &[])]
#[case::a_bad_proxy("http://127.0.0.1:1/b", &["--proxy", "ftp://127.0.0.1:1"])]
fn nothing_is_made_before_every_address_is_known_to_be_good(
    #[case] url: &str,
    #[case] option: &[&str],
) {
    let site = Site::new().page("/a", Reply::ok(BODY));
    let server = LocalServer::start(site).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let new = folder.path().join("new");
    let mut command = threadproof(&["fetch", &server.url("/a"), url, "--dir"]);
    command.arg(&new).args(option);
    let assert = command.assert().code(2).stdout("");
    assert.stderr(predicate::str::is_empty().not());
    assert!(!new.exists());
    assert_eq!(server.requests().len(), 0);
    if option.is_empty() {
        let mut command = threadproof(&["sequential", "--url", url, "--dir"]);
        command.arg(&new).assert().code(2);
        assert!(!new.exists());
    }
}

#[test]
fn a_folder_that_is_a_file_is_exit_code_9() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let named = predicate::str::contains(file.to_str().unwrap());
    let named = named.and(predicate::str::contains("it is no folder"));
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

/// Of many files that a signal has ended one line says all.
#[test]
fn files_that_are_stopped_are_counted() {
    let held = Reply::ok(BODY).latency(Duration::from_secs(3600));
    let server = LocalServer::start(Site::new().page("/a", held.clone()).page("/b", held)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (server.url("/a"), server.url("/b"));
    let mut program = threadproof(&["fetch", "--dir", folder.path().to_str().unwrap(), &a, &b]);
    let child = program
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    until(|| server.requests().len() == 2);
    let (pid, signal) = (Pid::from_child(&child), Signal::INT);
    kill_process(pid, signal).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "threadproof: 2 of 2 files stopped\n");
}

#[test]
fn json_has_one_object_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let assert = fetch(Reply::ok(BODY), &["--json"], folder.path()).success();
    let object: serde_json::Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    assert_eq!(object["bytes"], 1000);
    assert_eq!(object["attempts"], 1);
}
