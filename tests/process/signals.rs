//! Ctrl-C and SIGTERM: the exit code, and that nothing stays behind.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

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

/// Claim P9, and so for every section: those that would run for an hour are interrupted once they
/// have printed their first lines.
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
#[case::fetch(&["fetch"], 0)]
#[case::fetch_with_resume(&["fetch", "--resume"], 0)]
#[case::tour(&["--url"], 0)]
#[case::sequential(&["sequential", "--url"], 0)]
#[case::start_s_baseline(&["start", "--url"], 0)]
#[case::start(&["start", "--url"], 3)]
#[case::join_s_baseline(&["join", "--url"], 0)]
#[case::join(&["join", "--url"], 3)]
#[case::daemon(&["daemon", "--url"], 0)]
#[case::processes_baseline(&["processes", "--url"], 0)]
#[case::processes(&["processes", "--url"], 3)]
fn a_signal_ends_a_download_that_a_server_holds_up(
    #[case] arguments: &[&str],
    #[case] answered: usize,
    #[values((Signal::INT, 130), (Signal::TERM, 143))] signal: (Signal, i32),
) {
    let half = Reply::ok(vec![7; 1000]).fault(Fault::Stall { after: 500 });
    let replies = vec![Reply::ok(*b"whole"); answered];
    let site = Site::new().script("/a.bin", replies.into_iter().chain([half]));
    let server = LocalServer::start(site).unwrap();
    let (folder, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let url = server.url("/a.bin");
    let mut arguments = arguments.to_vec();
    arguments.extend([&*url, "--dir", folder.path().to_str().unwrap()]);
    let mut command = threadproof(&arguments);
    command.env("TMPDIR", place.path()).stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    let _watchdog = Watchdog::of(&child);
    crate::support::until(|| server.requests().len() > answered);
    let start = Instant::now();
    send(&child, signal.0);
    assert_eq!(child.wait().unwrap().code(), Some(signal.1));
    // Ten times the promise of a second.
    assert!(start.elapsed() < Duration::from_secs(10));
    let left = crate::support::files_in(folder.path());
    let hidden = left.iter().filter(|name| name.starts_with('.'));
    assert_eq!(hidden.count(), 0, "{left:?}");
    assert_eq!(place.path().read_dir().unwrap().count(), 0);
}

/// A port that is asked for more connections than it takes: who comes next waits for an answer.
fn full_port() -> (rustix::fd::OwnedFd, Vec<std::net::TcpStream>, u16) {
    use rustix::net::{AddressFamily, SocketType, bind, listen, socket};
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    let free = std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 0);
    bind(&socket, &free).unwrap();
    listen(&socket, 0).unwrap();
    let address = std::net::TcpListener::from(socket.try_clone().unwrap())
        .local_addr()
        .unwrap();
    let connect = || std::net::TcpStream::connect_timeout(&address, Duration::from_millis(200));
    let taken = std::iter::from_fn(|| connect().ok()).take(100).collect();
    (socket, taken, address.port())
}

/// The one wait that the first signal cannot end, connecting, is ended by the second.
#[cfg(target_os = "linux")]
#[test]
fn a_second_signal_ends_the_program_at_once() {
    let (_socket, taken, port) = full_port();
    assert!(taken.len() < 100, "the port is never full");
    let folder = tempfile::tempdir().unwrap();
    let url = format!("http://127.0.0.1:{port}/a.bin");
    let mut command = threadproof(&["fetch", &url, "--dir", folder.path().to_str().unwrap()]);
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let _watchdog = Watchdog::of(&child);
    let is_listening = || {
        let status = format!("/proc/{}/status", child.id());
        let status = std::fs::read_to_string(status).unwrap_or_default();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        // Bit 1 is signal 2, SIGINT.
        caught.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & 2 != 0)
    };
    crate::support::until(is_listening);
    let start = Instant::now();
    send(&child, Signal::INT);
    // Two signals at once would be one.
    let pending = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let pending = status.lines().find_map(|line| line.strip_prefix("ShdPnd:"));
        u64::from_str_radix(pending.unwrap().trim(), 16).unwrap() & 2 != 0
    };
    crate::support::until(|| !pending());
    loop {
        match child.try_wait().unwrap() {
            Some(status) => break assert_eq!(status.code(), Some(130)),
            None => send(&child, Signal::INT),
        }
        std::thread::yield_now();
    }
    // Connecting alone is waited for 10 s.
    assert!(
        start.elapsed() < Duration::from_secs(8),
        "{:?}",
        start.elapsed()
    );
}
