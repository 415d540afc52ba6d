//! Claim D12: what nobody reads and what cannot be written ends no work. Files come all the same, and
//! the exit code is 0 only if everything is complete and no line was lost.
//!
//! <https://docs.python.org/3/library/signal.html#note-on-sigpipe>: Python's programs have to catch a
//! `BrokenPipeError` by themselves, and end with a traceback otherwise.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::time::Duration;

use rstest::rstest;
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use threadproof::local_server::{LocalServer, Reply, Site};

use crate::support::{PROGRAM, files_in, threadproof, until};

/// What has become of a stream of the program's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    /// A pipe, and its reader has gone, as in `| head -1`.
    Unread,
    /// A disk without any room.
    #[cfg(target_os = "linux")]
    Full,
    /// A terminal whose window was closed.
    Gone,
    /// Nothing was opened there, as by the shell's `>&-`.
    Closed,
}

impl Stream {
    /// With what a program ends that has nothing else to complain of.
    fn code(self) -> i32 {
        match self {
            Self::Unread | Self::Closed => 0,
            _ => 1,
        }
    }

    fn open(self) -> Stdio {
        match self {
            Self::Unread => Stdio::from(std::io::pipe().unwrap().1),
            #[cfg(target_os = "linux")]
            Self::Full => Stdio::from(OpenOptions::new().write(true).open("/dev/full").unwrap()),
            Self::Gone => Stdio::from(Terminal::new().inner),
            Self::Closed => Stdio::null(),
        }
    }
}

/// A window, and what the program in it writes to.
struct Terminal {
    window: OwnedFd,
    inner: File,
}

impl Terminal {
    fn new() -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        // No program must hold its own window open, nor that of another test.
        #[cfg(target_os = "linux")]
        let flags = flags | OpenptFlags::CLOEXEC;
        let window = openpt(flags).unwrap();
        fcntl_setfd(&window, FdFlags::CLOEXEC).unwrap();
        grantpt(&window).unwrap();
        unlockpt(&window).unwrap();
        let name = ptsname(&window, Vec::new()).unwrap();
        let mut both_ways = OpenOptions::new();
        let inner = both_ways
            .read(true)
            .write(true)
            .open(name.to_str().unwrap());
        Self {
            window,
            inner: inner.unwrap(),
        }
    }
}

/// The program with its streams in these states; the shell alone can start it without one.
fn with_streams(stdout: Stream, stderr: Stream, arguments: &[&str]) -> Command {
    let plain = threadproof(arguments);
    let closed = |stream, how| if stream == Stream::Closed { how } else { "" };
    let (out, err) = (closed(stdout, ">&-"), closed(stderr, "2>&-"));
    let mut command = Command::new("sh");
    command.args(["-c", &format!("exec \"$0\" \"$@\" {out} {err}")]);
    command.arg(plain.get_program()).args(plain.get_args());
    let removed = plain.get_envs().filter(|(_, value)| value.is_none());
    removed.for_each(|(key, _)| _ = command.env_remove(key));
    command.stdout(stdout.open()).stderr(stderr.open());
    command
}

#[cfg(target_os = "linux")]
const STATES: [Stream; 4] = [Stream::Unread, Stream::Full, Stream::Gone, Stream::Closed];
#[cfg(not(target_os = "linux"))]
const STATES: [Stream; 3] = [Stream::Unread, Stream::Gone, Stream::Closed];

/// Each state of stdout beside each of stderr.
fn in_each_state(run: impl Fn(Stream, Stream)) {
    for stdout in STATES {
        for stderr in STATES {
            run(stdout, stderr);
        }
    }
}

/// One after the other, and none at once, so that the first line is lost before the last file has come.
#[rstest]
#[case::lines(&[])]
#[case::json(&["--json"])]
fn every_file_of_fetch_comes_whoever_listens(#[case] options: &[&str]) {
    let pages = ["a", "b", "c"];
    let site = pages.iter().fold(Site::new(), |site, page| {
        let reply = Reply::ok(*b"whole").latency(Duration::from_millis(50));
        site.page(&format!("/{page}"), reply)
    });
    let server = LocalServer::start(site).unwrap();
    let urls = pages.map(|page| server.url(page));
    in_each_state(|stdout, stderr| {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().to_str().unwrap();
        let mut arguments = vec!["fetch", "--workers", "1", "--dir", dir];
        arguments.extend(options);
        arguments.extend(urls.iter().map(String::as_str));
        let status = with_streams(stdout, stderr, &arguments).status().unwrap();
        assert_eq!(status.code(), Some(stdout.code()), "{stdout:?} {stderr:?}");
        assert_eq!(files_in(folder.path()), pages, "{stdout:?} {stderr:?}");
    });
}

/// What is said of a file that fails is lost, the others come, and the exit code is the failure's.
#[test]
fn a_failure_that_cannot_be_told_is_no_worse() {
    let site = Site::new()
        .page("/missing", Reply::status(404))
        .page("/whole", Reply::ok(*b"whole"));
    let server = LocalServer::start(site).unwrap();
    let urls = ["missing", "whole"].map(|page| server.url(page));
    in_each_state(|stdout, stderr| {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().to_str().unwrap();
        let arguments = ["fetch", "--workers", "1", "--dir", dir, &urls[0], &urls[1]];
        let status = with_streams(stdout, stderr, &arguments).status().unwrap();
        assert_eq!(status.code(), Some(4), "{stdout:?} {stderr:?}");
        assert_eq!(files_in(folder.path()), ["whole"], "{stdout:?} {stderr:?}");
    });
}

/// A section whose files go where the user said makes all of them.
#[rstest]
#[case::sequential("sequential", 3)]
#[case::join("join", 6)]
#[case::processes("processes", 6)]
fn every_file_of_a_section_comes_whoever_listens(#[case] section: &str, #[case] files: usize) {
    in_each_state(|stdout, stderr| {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().to_str().unwrap();
        let arguments = [section, "--dir", dir];
        let status = with_streams(stdout, stderr, &arguments).status().unwrap();
        assert_eq!(status.code(), Some(stdout.code()), "{stdout:?} {stderr:?}");
        assert_eq!(files_in(folder.path()).len(), files, "{stdout:?}");
    });
}

/// One that only tells its story ends when nobody hears it, with an exit code and with no panic.
#[rstest]
#[case::tour(&["--interval", "0.01", "--power", "3"])]
#[case::in_json(&["--json", "--interval", "0.01", "--power", "3"])]
#[case::flags(&["flags", "--live", "--interval", "0.01"])]
#[case::daemon(&["daemon"])]
#[case::process_pool(&["process-pool"])]
#[case::compare(&["compare", "--jobs", "1", "--power", "3", "--only", "threads"])]
#[case::list(&["list"])]
#[case::list_in_json(&["list", "--json"])]
#[case::orders(&["orders"])]
#[case::help(&["--help"])]
#[case::version(&["--version"])]
fn whatever_is_only_told_ends_in_good_order(#[case] arguments: &[&str]) {
    in_each_state(|stdout, stderr| {
        let place = tempfile::tempdir().unwrap();
        let mut command = with_streams(stdout, stderr, arguments);
        let status = command.env("TMPDIR", place.path()).status().unwrap();
        assert_eq!(status.code(), Some(stdout.code()), "{stdout:?} {stderr:?}");
        assert!(files_in(place.path()).is_empty());
    });
}

/// Wrong use is wrong use, also for those who cannot read why.
#[test]
fn a_usage_error_that_cannot_be_told_is_exit_code_2() {
    in_each_state(|stdout, stderr| {
        let status = with_streams(stdout, stderr, &["no-such-section"]).status();
        assert_eq!(status.unwrap().code(), Some(2), "{stdout:?} {stderr:?}");
    });
}

/// The window is closed while bars are drawn in it: a part of the first file has come.
#[test]
fn a_window_closed_under_the_bars_costs_no_file() {
    let held = Reply::ok(*b"whole").after_requests_in_flight(2);
    let site = Site::new()
        .page("/a", held)
        .page("/b", Reply::ok(*b"whole"));
    let server = LocalServer::start(site.page("/gate", Reply::ok([]))).unwrap();
    let (folder, terminal) = (tempfile::tempdir().unwrap(), Terminal::new());
    let dir = folder.path().to_str().unwrap();
    let urls = ["a", "b"].map(|page| server.url(page));
    let arguments = ["fetch", "--workers", "1", "--dir", dir, &urls[0], &urls[1]];
    let mut command = threadproof(&arguments);
    command.env("TERM", "xterm");
    command.stdout(terminal.inner.try_clone().unwrap());
    command.stderr(terminal.inner);
    let mut child = command.spawn().unwrap();
    drop(command);
    until(|| server.requests().len() == 1);
    drop(terminal.window);
    open_the_gate(&server);
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert_eq!(files_in(folder.path()), ["a", "b"]);
}

/// Makes one more request, for which the server's gate waits.
fn open_the_gate(server: &LocalServer) {
    let mut gate = std::net::TcpStream::connect(server.address()).unwrap();
    gate.write_all(b"GET /gate HTTP/1.1\r\nConnection: close\r\n\r\n")
        .unwrap();
    gate.read_to_end(&mut Vec::new()).unwrap();
}

/// Another program that has the pipe, too, may have made it one that nobody waits at.
#[test]
fn a_full_pipe_that_does_not_block_is_waited_for() {
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&writer, true).unwrap();
    let mut before = 0;
    while writer.write(&[b'x'; 512]).is_ok() {
        before += 512;
    }
    let mut command = threadproof(&["list"]);
    let mut child = command.stdout(writer).spawn().unwrap();
    drop(command);
    #[cfg(target_os = "linux")]
    until(|| {
        let wchan = std::fs::read_to_string(format!("/proc/{}/wchan", child.id()));
        wchan.is_ok_and(|call| call.contains("poll")) || child.try_wait().unwrap().is_some()
    });
    let mut said = Vec::new();
    reader.read_to_end(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let text = String::from_utf8_lossy(&said[before..]).into_owned();
    assert_eq!(text.lines().count(), 12, "{text}");
}

/// A pipe that its reader has stopped reading, as a pager does; whoever writes to it waits.
fn full_pipe() -> (std::io::PipeReader, std::io::PipeWriter) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&writer, true).unwrap();
    while writer.write(&[b'x'; 512]).is_ok() {}
    rustix::io::ioctl_fionbio(&writer, false).unwrap();
    (reader, writer)
}

/// Files come while their lines wait for a reader that has paused, and the first Ctrl-C ends the wait.
#[rstest]
#[case::on_stdout("page", 130, 40)]
#[case::on_stderr("missing", 130, 0)]
fn a_reader_that_has_paused_holds_up_no_file(
    #[case] page: &str,
    #[case] code: i32,
    #[case] files: usize,
) {
    let site = (0..40).fold(Site::new(), |site, n| {
        site.page(&format!("/page{n}"), Reply::ok(*b"whole"))
    });
    let server = LocalServer::start(site).unwrap();
    let (folder, (_reader, writer)) = (tempfile::tempdir().unwrap(), full_pipe());
    let urls: Vec<String> = (0..40).map(|n| server.url(&format!("{page}{n}"))).collect();
    let dir = folder.path().to_str().unwrap();
    let mut arguments = vec!["fetch", "--workers", "2", "--dir", dir];
    arguments.extend(urls.iter().map(String::as_str));
    let mut command = threadproof(&arguments);
    command.stdout(writer.try_clone().unwrap()).stderr(writer);
    let mut child = command.spawn().unwrap();
    drop(command);
    until(|| {
        let visible = |name: &String| name.starts_with("page");
        let come = files_in(folder.path())
            .iter()
            .filter(|name| visible(name))
            .count();
        server.requests().len() == 40 && come == files
    });
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(ended(&mut child), Some(code));
    assert_eq!(
        files_in(folder.path()).len(),
        files,
        "nothing hidden either"
    );
}

/// The exit code, once there is one.
#[track_caller]
fn ended(child: &mut std::process::Child) -> Option<i32> {
    let mut status = None;
    until(|| {
        status = child.try_wait().unwrap();
        status.is_some()
    });
    status.unwrap().code()
}

/// So does whatever else waits for a reader.
#[cfg(target_os = "linux")]
#[rstest]
#[case::a_section(&["event"])]
#[case::a_section_in_json(&["sequential", "--json"])]
#[case::a_table(&["list"])]
#[case::a_server(&["serve", "--port", "0"])]
fn the_first_signal_ends_the_wait_for_a_reader(#[case] arguments: &[&str]) {
    let (_reader, writer) = full_pipe();
    let mut command = threadproof(arguments);
    let mut child = command.stdout(writer).spawn().unwrap();
    drop(command);
    until(|| {
        let wchan = std::fs::read_to_string(format!("/proc/{}/wchan", child.id()));
        wchan.is_ok_and(|call| call.contains("poll") || call.contains("pipe"))
    });
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(ended(&mut child), Some(130));
}

/// A reader that was only slow misses nothing.
#[test]
fn a_reader_that_goes_on_gets_every_line() {
    let site = (0..40).fold(Site::new(), |site, n| {
        site.page(&format!("/page{n}"), Reply::ok(*b"whole"))
    });
    let server = LocalServer::start(site).unwrap();
    let (folder, (mut reader, writer)) = (tempfile::tempdir().unwrap(), full_pipe());
    let urls: Vec<String> = (0..40).map(|n| server.url(&format!("page{n}"))).collect();
    let mut arguments = vec!["fetch", "--dir", folder.path().to_str().unwrap()];
    arguments.extend(urls.iter().map(String::as_str));
    let mut command = threadproof(&arguments);
    let mut child = command.stdout(writer).spawn().unwrap();
    drop(command);
    until(|| {
        files_in(folder.path())
            .iter()
            .filter(|name| name.starts_with("page"))
            .count()
            == 40
    });
    let mut said = Vec::new();
    reader.read_to_end(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let said = String::from_utf8_lossy(&said);
    assert_eq!(
        said.lines().filter(|line| line.contains("5 bytes")).count(),
        40
    );
}

/// What is opened for reading takes no line.
#[test]
fn a_stdout_that_is_read_only_is_exit_code_1() {
    let read_only = File::open("/dev/null").unwrap();
    let status = threadproof(&["list"]).stdout(read_only).status();
    assert_eq!(status.unwrap().code(), Some(1));
}

/// Which port is free nobody would ever know.
#[cfg(target_os = "linux")]
#[test]
fn a_server_on_a_port_that_nobody_is_told_of_ends() {
    let mut command = threadproof(&["serve", "--port", "0"]);
    let mut child = command.stdout(Stream::Full.open()).spawn().unwrap();
    assert_eq!(ended(&mut child), Some(1));
}

/// The reason stands on stderr, in one line.
#[cfg(target_os = "linux")]
#[test]
fn stdout_that_cannot_be_written_is_told_on_stderr() {
    let output = threadproof(&["list"]).stdout(Stream::Full.open()).output();
    let said = String::from_utf8(output.unwrap().stderr).unwrap();
    assert!(
        said.contains("stdout") && said.contains("No space left"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
}

/// What a narrow window has no room for is left out, and not broken in two.
#[rstest]
#[case::narrow(80, false)]
#[case::wide(120, true)]
fn the_list_fits_its_window(#[case] columns: usize, #[case] is_whole: bool) {
    let terminal = Terminal::new();
    let script = format!("stty rows 24 cols {columns} <&1; exec \"$0\" list");
    let mut command = Command::new("sh");
    command.args(["-c", &script]).arg(PROGRAM);
    let status = command.stdout(terminal.inner).status().unwrap();
    drop(command);
    assert!(status.success());
    let mut text = Vec::new();
    // The window is told that nobody writes any more by an error, on Linux, or by an end.
    let _ = File::from(terminal.window).read_to_end(&mut text);
    let text = String::from_utf8(text).unwrap();
    assert_eq!(text.lines().count(), 12, "{text}");
    assert_eq!(
        text.contains("multiprocessing.Pool.map"),
        is_whole,
        "{text}"
    );
    let widest = text.lines().map(|line| line.trim_end().chars().count());
    assert!(widest.max() <= Some(columns), "{text}");
}
