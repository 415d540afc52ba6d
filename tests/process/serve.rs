//! `serve`: what the notebook's cells in Python download from.
//!
//! <https://docs.python.org/3/library/http.server.html#command-line-interface>, which answers at once.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::assert::OutputAssertExt;
use predicates::prelude::*;
use rustix::process::{Pid, Signal, kill_process};

use crate::support::threadproof;

/// The server in a process, and where it is.
struct Served {
    child: Child,
    url: String,
}

impl Served {
    fn start(options: &[&str]) -> Self {
        let mut command = threadproof(&["serve", "--port", "0"]);
        command.args(options).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        let url = line.split(',').next().unwrap().to_owned();
        Self { child, url }
    }

    fn ends_with(mut self, signal: Signal) -> Option<i32> {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn an_image_is_served_after_the_delay_until_ctrl_c() {
    let served = Served::start(&["--delay", "0.3"]);
    let folder = tempfile::tempdir().unwrap();
    let begin = Instant::now();
    let mut fetch = threadproof(&["fetch", &served.url, "--dir"]);
    fetch.arg(folder.path()).assert().success();
    assert!(begin.elapsed() >= Duration::from_millis(300));
    let image = std::fs::read(folder.path().join("office.png")).unwrap();
    let same = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/site/office.png");
    assert_eq!(image, std::fs::read(same).unwrap());
    assert_eq!(served.ends_with(Signal::INT), Some(130));
}

#[test]
fn no_delay_is_a_delay() {
    let served = Served::start(&["--delay", "0"]);
    let folder = tempfile::tempdir().unwrap();
    let mut fetch = threadproof(&["fetch", &served.url, "--dir"]);
    fetch.arg(folder.path()).assert().success();
    assert_eq!(served.ends_with(Signal::TERM), Some(143));
}

/// Also says what to do about it.
#[test]
fn a_port_that_somebody_has_is_an_error_that_names_it() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut command: Command = threadproof(&["serve", "--port", &port]);
    let named = predicate::str::contains(format!("port {port} (--port 0 takes a free one)"));
    command.assert().code(1).stdout("").stderr(named);
}
