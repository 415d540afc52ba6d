//! Claim D5, of a real process: silence is what a program that runs has not heard.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rstest::rstest;
use rustix::process::{Pid, Signal, kill_process};
use threadproof::local_server::{Fault, LocalServer, Reply, Site};

use crate::support::{files_in, threadproof, until};

const STALL: Duration = Duration::from_secs(1);

/// Ctrl-Z for longer than the stall timeout, then `fg`: the server's bytes have waited.
#[rstest]
#[case::while_it_waits_for_an_answer(
    Reply::ok(*b"new").latency(STALL + STALL / 2),
    |server: &LocalServer, _: &Path| server.requests().len() == 1
)]
#[case::inside_the_body(
    Reply::ok([7; 20]).fault(Fault::Drip { every: STALL / 10 }),
    |_: &LocalServer, folder: &Path| !files_in(folder).is_empty()
)]
fn a_program_that_was_stopped_for_longer_than_the_stall_timeout_goes_on(
    #[case] reply: Reply,
    #[case] has_begun: fn(&LocalServer, &Path) -> bool,
) {
    let server = LocalServer::start(Site::new().page("/a.bin", reply)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (url, path) = (server.url("/a.bin"), folder.path());
    let arguments = [
        "fetch",
        "--stall",
        "1",
        &url,
        "--dir",
        path.to_str().unwrap(),
    ];
    let mut program = threadproof(&arguments);
    let child = program.stderr(Stdio::piped()).spawn().unwrap();
    let pid = Pid::from_child(&child);
    until(|| has_begun(&server, path));
    kill_process(pid, Signal::STOP).unwrap();
    std::thread::sleep(STALL * 2);
    kill_process(pid, Signal::CONT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(files_in(path), ["a.bin"]);
}
