//! Ctrl-C and SIGTERM: the exit code, and that nothing stays behind.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::Arc;

use rstest::rstest;
use rustix::process::{Pid, Signal, kill_process};
use threadproof::local_server::{Fault, LocalServer, Reply, Site};
use threadproof::{Event, Wait};

use crate::support::{PATIENCE, threadproof};

fn send(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// Kills a program that a test would wait for in vain, so that a hang is a failure.
struct Watchdog(Arc<Event>);

impl Watchdog {
    fn of(child: &Child) -> Self {
        let (test_ended, pid) = (Arc::new(Event::new()), child.id());
        let theirs = test_ended.clone();
        let watch = move || {
            if theirs.wait_timeout(PATIENCE) == Wait::TimedOut {
                let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
                let _ = kill_process(pid, Signal::KILL);
            }
        };
        threadproof::start_daemon("watchdog", watch).unwrap();
        Self(test_ended)
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.0.set();
    }
}

/// Sections that would run for an hour are interrupted once they have printed their first lines.
#[rstest]
#[case::event(&["event", "--live", "--interval", "3600"], Signal::INT, 130)]
#[case::event_term(&["event", "--live", "--interval", "3600"], Signal::TERM, 143)]
#[case::flags(&["flags", "--live", "--interval", "3600"], Signal::INT, 130)]
#[case::locked_flags(&["locked-flags", "--live", "--interval", "3600"], Signal::INT, 130)]
#[case::thread_pool(&["thread-pool", "--live", "--interval", "3600"], Signal::INT, 130)]
#[case::compare(&["compare", "--power", "14", "--jobs", "1"], Signal::INT, 130)]
#[case::processes(&["compare", "--only", "processes", "--power", "14"], Signal::TERM, 143)]
fn a_signal_ends_a_section_and_leaves_nothing(
    #[case] arguments: &[&str],
    #[case] signal: Signal,
    #[case] code: i32,
) {
    let place = tempfile::tempdir().unwrap();
    let mut command = threadproof(arguments);
    command.env("TMPDIR", place.path()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let _watchdog = Watchdog::of(&child);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().starts_with('§'));
    assert!(lines.next().is_some());
    send(&child, signal);
    assert_eq!(child.wait().unwrap().code(), Some(code));
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
}

/// Claim D6 from outside: the server has sent half a body and says nothing more.
#[rstest]
#[case::fetch(&["fetch"])]
#[case::section(&["processes", "--url"])]
fn a_signal_ends_a_download_that_a_server_holds_up(#[case] arguments: &[&str]) {
    let half = Reply::ok(vec![7; 1000]).fault(Fault::Stall { after: 500 });
    let server = LocalServer::start(Site::new().page("/a.bin", half)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = server.url("/a.bin");
    let mut arguments = arguments.to_vec();
    arguments.extend([&*url, "--dir", folder.path().to_str().unwrap()]);
    let mut command = threadproof(&arguments);
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let _watchdog = Watchdog::of(&child);
    crate::support::until(|| !server.requests().is_empty());
    send(&child, Signal::INT);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
