//! Programs that end at any moment: the claims D1, A1 and A2 by a great many rounds.
//!
//! Plain `cargo test` runs a sample; `FAULTS=all`, as in `.ci/run`, all of them.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use assert_cmd::assert::OutputAssertExt;
use rstest::rstest;
use threadproof::local_server::{LocalServer, Reply, Site};

use crate::support::{MISBEHAVE, rounds, threadproof};

const LENGTH: usize = 300_000;
const OLD: &[u8] = b"the good old file";

/// All versions have the same length and no byte in common.
fn body(version: usize) -> Vec<u8> {
    vec![version as u8 + 1; LENGTH]
}

/// Each request gets the next of two versions, within some 20 ms.
fn changing_server(requests: usize) -> LocalServer {
    let reply = |request: usize| {
        let version = request % 2;
        Reply::ok(body(version))
            .header("ETag", &format!("\"{version}\""))
            .ranges()
            .bandwidth(LENGTH as u64 * 50)
    };
    let site = Site::new().script("/a.bin", (0..requests).map(reply));
    LocalServer::start(site).unwrap()
}

/// The whole of one version; says which.
#[track_caller]
fn version_of(contents: &[u8]) -> usize {
    let version = usize::from(contents[0]).wrapping_sub(1);
    assert!(
        version < 2 && contents == body(version),
        "{} bytes that are no version",
        contents.len()
    );
    version
}

/// D1: the program is killed at moments that are spread over its whole life, some 30 ms.
#[rstest]
fn a_killed_download_leaves_the_old_file_a_new_one_or_none(
    #[values(None, Some(OLD))] old: Option<&[u8]>,
    #[values(&[], &["--resume"])] options: &[&str],
) {
    let rounds = rounds(10, 200);
    let server = changing_server(2 * rounds + 10);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.bin");
    let url = server.url("/a.bin");
    let mut arguments = vec!["fetch", &url, "--dir", folder.path().to_str().unwrap()];
    arguments.extend(options);
    let (mut kept, mut replaced) = (0, 0);
    for round in 0..rounds {
        match old {
            Some(old) => fs::write(&path, old).unwrap(),
            None => drop(fs::remove_file(&path)),
        }
        let mut command = threadproof(&arguments);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_micros((round * 40_000 / rounds) as u64));
        child.kill().unwrap();
        child.wait().unwrap();
        match fs::read(&path) {
            Ok(contents) if Some(&*contents) == old => kept += 1,
            Ok(contents) => {
                version_of(&contents);
                replaced += 1;
            }
            Err(_) if old.is_none() => kept += 1,
            Err(error) => panic!("the old file is gone: {error}"),
        }
    }
    assert!(kept > 0, "no round was killed before its end");
    // Whatever the killed ones left behind does not harm the next.
    threadproof(&arguments).assert().success();
    version_of(&fs::read(&path).unwrap());
    println!("{rounds} rounds: {kept} as before, {replaced} new");
}

/// A2: main returns when so many bytes have come, from none to all, while the daemon goes on.
#[rstest]
fn a_daemon_that_is_cut_off_leaves_the_old_file_a_new_one_or_none(
    #[values(None, Some(OLD))] old: Option<&[u8]>,
) {
    let rounds = rounds(10, 200);
    let page = Site::new().page("/a.bin", Reply::ok(body(0)).bandwidth(LENGTH as u64 * 100));
    let server = LocalServer::start(page).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut-off.png");
    let url = server.url("/a.bin");
    for round in 0..rounds {
        match old {
            Some(old) => fs::write(&path, old).unwrap(),
            None => drop(fs::remove_file(&path)),
        }
        // The last rounds leave with the last byte, so that the rename itself is raced.
        let bytes = (2 * round * LENGTH / rounds).clamp(1, LENGTH).to_string();
        let arguments = ["daemon-program", "--url", &url, "--leave-at", &bytes];
        let mut command = threadproof(&arguments);
        command.args(["--dir", folder.path().to_str().unwrap()]);
        command.assert().success().stderr("");
        match fs::read(&path) {
            Ok(contents) if Some(&*contents) == old => {}
            Ok(contents) => assert_eq!(version_of(&contents), 0),
            Err(_) => assert!(old.is_none(), "the old file is gone"),
        }
    }
}

/// A1, after CPython's `test_4_daemon_threads`.
#[rstest]
fn busy_daemons_do_not_disturb_the_end_of_the_program(#[values(1, 40)] daemons: u32) {
    for _ in 0..rounds(5, 100) {
        let start = Instant::now();
        let mut leave = Command::new(MISBEHAVE);
        leave.args(["leave-busy-daemons", &daemons.to_string()]);
        leave.assert().success().stdout("").stderr("");
        // Ten times the promise of a second.
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}
