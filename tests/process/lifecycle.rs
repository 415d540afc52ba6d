//! Threads and the end of the program: <https://docs.python.org/3/library/threading.html#thread-objects>.

use assert_cmd::assert::OutputAssertExt;
use threadproof::local_server::{LocalServer, Reply, Site};

use crate::support::{PATIENCE, threadproof};

fn daemon_program(
    reply: Reply,
    options: &[&str],
) -> (assert_cmd::assert::Assert, tempfile::TempDir) {
    let server = LocalServer::start(Site::new().page("/office.png", reply)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = server.url("/office.png");
    let mut arguments = vec!["daemon-program", "--url", &url];
    arguments.extend(["--dir", folder.path().to_str().unwrap()]);
    arguments.extend(options);
    (
        threadproof(&arguments).assert().success().stderr(""),
        folder,
    )
}

/// After CPython's `test_1_join_on_shutdown`: what is joined comes before the program's end.
#[test]
fn a_joined_thread_has_done_its_work_when_the_program_ends() {
    let (assert, folder) = daemon_program(Reply::ok(*b"office"), &["--join"]);
    assert.stdout("joined.png: started\njoined.png: 6 bytes, done\nMain program done!!\n");
    assert_eq!(
        std::fs::read(folder.path().join("joined.png")).unwrap(),
        b"office"
    );
}

/// Claim J2: the server answers only after longer than the program could ever take.
#[test]
fn a_daemon_that_nobody_joins_is_lost_with_the_program() {
    let late = Reply::ok(*b"office").latency(PATIENCE);
    let (assert, folder) = daemon_program(late, &[]);
    assert.stdout("cut-off.png: started\nMain program done!!\n");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Whoever started the program may have told the system not to keep how children end: then nobody knows
/// their exit codes, and what they said counts.
#[cfg(target_os = "linux")]
#[test]
fn a_daemon_s_program_may_end_unseen() {
    let can = std::process::Command::new("env")
        .args(["--ignore-signal=CHLD", "true"])
        .status();
    if !can.is_ok_and(|status| status.success()) {
        return println!("env of the GNU coreutils is needed");
    }
    let program = threadproof(&["daemon"]);
    let mut command = std::process::Command::new("env");
    command.arg("--ignore-signal=CHLD");
    command.arg(program.get_program()).args(program.get_args());
    let whole = predicates::str::contains("joined.png: whole, 199865 bytes");
    command.assert().success().stdout(whole).stderr("");
    let mut command = std::process::Command::new("env");
    command
        .arg("--ignore-signal=CHLD")
        .arg(program.get_program());
    command.args(["daemon", "--url", "http://127.0.0.1:1/a"]);
    let refused = predicates::str::contains("refused");
    command.assert().code(1).stderr(refused);
}
