//! Claim D5, of a real process: silence is what a program that runs has not heard.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use threadproof::local_server::{Fault, LocalServer, Reply, Site};

use crate::support::{files_in, threadproof, until};

/// Ctrl-Z for longer than the stall timeout, then `fg`: the server's bytes have waited.
#[test]
fn a_program_that_was_stopped_for_longer_than_the_stall_timeout_goes_on() {
    const STALL: Duration = Duration::from_secs(1);
    let drip = Fault::Drip {
        every: Duration::from_millis(100),
    };
    let site = Site::new().page("/a.bin", Reply::ok([7; 20]).fault(drip));
    let server = LocalServer::start(site).unwrap();
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
    let child = threadproof(&arguments)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = Pid::from_child(&child);
    // The body has begun.
    until(|| !files_in(path).is_empty());
    kill_process(pid, Signal::STOP).unwrap();
    std::thread::sleep(STALL * 2);
    kill_process(pid, Signal::CONT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(std::fs::read(path.join("a.bin")).unwrap(), [7; 20]);
}
