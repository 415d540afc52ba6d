//! Ctrl-C, SIGTERM and SIGHUP: the event, the exit code, and that nothing stays behind.
//!
//! <https://docs.python.org/3/library/signal.html>

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rstest::rstest;
use rustix::process::{Pid, Signal, kill_process};
use threadproof::local_server::{Fault, LocalServer, Reply, Site};
use threadproof::{Event, Wait};

#[cfg(target_os = "linux")]
use crate::support::{FullPort, copy_program};
use crate::support::{MISBEHAVE, PATIENCE, files_in, threadproof, until};

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

/// The tests' program that obeys signals, and what it says; `shell` starts it.
struct Obedient {
    child: Child,
    says: std::io::Lines<BufReader<std::process::ChildStdout>>,
    _watchdog: Watchdog,
}

impl Obedient {
    fn start(shell: &str) -> Self {
        Self::start_at(Path::new(MISBEHAVE), shell)
    }

    fn start_at(program: &Path, shell: &str) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{shell} exec \"$0\" obey-signals")]);
        command.arg(program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let says = BufReader::new(child.stdout.take().unwrap()).lines();
        let _watchdog = Watchdog::of(&child);
        let mut obedient = Self {
            child,
            says,
            _watchdog,
        };
        obedient.says("listening");
        obedient
    }

    #[track_caller]
    fn says(&mut self, line: &str) {
        let said = self.says.next().map(Result::unwrap);
        assert_eq!(said.as_deref(), Some(line));
    }

    fn gets(&self, signal: Signal) {
        send(&self.child, signal);
    }

    #[track_caller]
    fn ends_with(&mut self, code: i32) {
        assert_eq!(self.child.wait().unwrap().code(), Some(code));
        assert!(self.says.next().is_none());
    }
}

/// The first asks the program to stop, and it ends as it likes; that it knows which one it was is
/// said by its exit code.
#[rstest]
#[case::hangup(Signal::HUP, 129)]
#[case::interrupt(Signal::INT, 130)]
#[case::terminate(Signal::TERM, 143)]
fn the_first_signal_sets_the_event(#[case] signal: Signal, #[case] code: i32) {
    let mut program = Obedient::start("");
    program.gets(signal);
    program.says(&format!("stopped by {code}"));
    drop(program.child.stdin.take());
    program.ends_with(code);
}

/// This one waits for input that does not come, and cleans nothing up.
#[rstest]
fn the_second_signal_ends_the_program_at_once_with_its_own_code(
    #[values((Signal::HUP, 129), (Signal::INT, 130), (Signal::TERM, 143))] first: (Signal, i32),
    #[values((Signal::HUP, 129), (Signal::INT, 130), (Signal::TERM, 143))] second: (Signal, i32),
) {
    let mut program = Obedient::start("");
    program.gets(first.0);
    program.says(&format!("stopped by {}", first.1));
    program.gets(second.0);
    program.ends_with(second.1);
}

/// As of `nohup`, and of what a shell starts with `&`.
#[cfg(target_os = "linux")]
#[rstest]
#[case::hangup("HUP", &[Signal::HUP], Signal::TERM, 143)]
#[case::interrupt("INT", &[Signal::INT, Signal::INT], Signal::TERM, 143)]
#[case::terminate("TERM", &[Signal::TERM], Signal::INT, 130)]
#[case::two("HUP INT", &[Signal::HUP, Signal::INT], Signal::TERM, 143)]
fn a_signal_that_was_ignored_at_the_start_stays_ignored(
    #[case] ignored: &str,
    #[case] sent: &[Signal],
    #[case] heeded: Signal,
    #[case] code: i32,
) {
    let mut program = Obedient::start(&format!("trap '' {ignored};"));
    sent.iter().for_each(|signal| program.gets(*signal));
    program.gets(heeded);
    program.says(&format!("stopped by {code}"));
    drop(program.child.stdin.take());
    program.ends_with(code);
}

/// Linux tells it beside the program's name, which may be any bytes.
#[cfg(target_os = "linux")]
#[test]
fn a_program_of_any_name_knows_what_is_ignored() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let odd = folder.path().join(std::ffi::OsStr::from_bytes(b"odd-\xff"));
    copy_program(MISBEHAVE, &odd);
    let mut program = Obedient::start_at(&odd, "trap '' HUP;");
    program.gets(Signal::HUP);
    program.gets(Signal::TERM);
    program.says("stopped by 143");
    drop(program.child.stdin.take());
    program.ends_with(143);
}

/// Claim P9, and so for every section: those that would run for an hour are interrupted once they
/// have printed their first lines.
#[rstest]
#[case::event(&["event", "--live", "--interval", "3600"], Signal::INT, 130)]
#[case::event_term(&["event", "--live", "--interval", "3600"], Signal::TERM, 143)]
#[case::event_hup(&["event", "--live", "--interval", "3600"], Signal::HUP, 129)]
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
    #[values((Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129))] signal: (Signal, i32),
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
    until(|| server.requests().len() > answered);
    let start = Instant::now();
    send(&child, signal.0);
    assert_eq!(child.wait().unwrap().code(), Some(signal.1));
    // Ten times the promise of a second.
    assert!(start.elapsed() < Duration::from_secs(10));
    let left = files_in(folder.path());
    let hidden = left.iter().filter(|name| name.starts_with('.'));
    assert_eq!(hidden.count(), 0, "{left:?}");
    assert_eq!(place.path().read_dir().unwrap().count(), 0);
}

/// Claim D6: the first signal does not wait for a connection that takes its time.
#[cfg(target_os = "linux")]
#[test]
fn a_signal_ends_a_download_that_is_still_connecting() {
    let port = FullPort::new();
    let folder = tempfile::tempdir().unwrap();
    let url = format!("http://{}/a.bin", port.address());
    let mut command = threadproof(&["fetch", &url, "--dir", folder.path().to_str().unwrap()]);
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let _watchdog = Watchdog::of(&child);
    until(|| port.keeps_somebody_waiting());
    let start = Instant::now();
    send(&child, Signal::INT);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    // Connecting alone is waited for 10 s.
    assert!(start.elapsed() < Duration::from_secs(8));
    assert!(files_in(folder.path()).is_empty());
}

/// What the first signal cannot end, such as a write into a pipe that nobody reads, the second does. The
/// program's own lines look at the signal, so it is this test that writes, in a process of its own.
#[cfg(target_os = "linux")]
#[test]
fn a_second_signal_ends_the_program_at_once() {
    const HERE: &str = "THREADPROOF_TEST_WRITES_TO_STDIN";
    if std::env::var_os(HERE).is_some() {
        threadproof::stop_on_signals().unwrap();
        loop {
            let _ = rustix::io::write(std::io::stdin(), b"x");
        }
    }
    let (_nobody_reads, mut full) = std::io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&full, true).unwrap();
    while std::io::Write::write(&mut full, &[b'x'; 512]).is_ok() {}
    rustix::io::ioctl_fionbio(&full, false).unwrap();
    let this = std::thread::current();
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", this.name().unwrap(), "--nocapture"]);
    command.env(HERE, "yes").stdin(full).stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    let _watchdog = Watchdog::of(&child);
    let told = |file: &str| {
        let told = std::fs::read_to_string(format!("/proc/{}/{file}", child.id()));
        told.unwrap_or_default()
    };
    let thread_that = |is_it: &dyn Fn(&str) -> bool| {
        let threads = std::fs::read_dir(format!("/proc/{}/task", child.id())).unwrap();
        let mut folders = threads.flatten().map(|thread| {
            let number = thread.file_name();
            format!("task/{}", number.to_str().unwrap())
        });
        folders.find(|folder| is_it(folder))
    };
    let writes = |folder: &str| told(&format!("{folder}/wchan")).contains("pipe_write");
    until(|| thread_that(&writes).is_some());
    // Two signals of which the listener has not taken the first would be one: so wait until it has
    // slept and listens again.
    let is_listener = |folder: &str| told(&format!("{folder}/comm")) == "signals\n";
    let listener = || thread_that(&is_listener);
    until(|| listener().is_some());
    let listener = listener().unwrap();
    let of_listener = |file: &str| told(&format!("{listener}/{file}"));
    let listens = || of_listener("wchan").contains("stream_read");
    let times_slept = || -> u64 {
        let status = of_listener("status");
        let mut lines = status.lines();
        let times = lines.find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        times.unwrap().trim().parse().unwrap()
    };
    until(listens);
    let times = times_slept();
    send(&child, Signal::INT);
    until(|| times_slept() > times && listens());
    send(&child, Signal::INT);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
