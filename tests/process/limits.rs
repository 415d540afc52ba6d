//! What the system allows: the size of a file, room on a disk, durations and counts.
//!
//! <https://docs.python.org/3/library/signal.html#signal.SIGXFSZ>: Python ignores that signal in every
//! program, so that a write too many is an `OSError`.

use std::process::Command;

use assert_cmd::assert::OutputAssertExt;
use predicates::prelude::*;
use rstest::rstest;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use threadproof::local_server::{LocalServer, Reply, Site};
use threadproof::{ProcessError, ProcessPool};

use crate::support::{
    Misbehave, ends, files_in, in_a_process_of_its_own, number, threadproof, worker_program,
};

/// A shell counts blocks of 512 bytes or of 1024.
const BLOCKS: &str = "100";

/// More than the limit, by any count.
const TOO_LONG: usize = 300_000;

/// The program under a limit on the size of each file that it writes.
fn limited(arguments: &[&str]) -> Command {
    let plain = threadproof(arguments);
    let mut command = Command::new("sh");
    let script = format!("ulimit -f {BLOCKS}; exec \"$0\" \"$@\"");
    command.args(["-c", &script]);
    command.arg(plain.get_program()).args(plain.get_args());
    let removed = plain.get_envs().filter(|(_, value)| value.is_none());
    removed.for_each(|(key, _)| _ = command.env_remove(key));
    command
}

fn limit_files_here(bytes: u64) {
    let before = getrlimit(Resource::Fsize);
    let current = Some(bytes);
    setrlimit(Resource::Fsize, Rlimit { current, ..before }).unwrap();
}

/// Claim D1 and D12: the old file stands, the one that is short enough comes.
#[rstest]
fn a_file_above_the_limit_cannot_be_written_and_leaves_nothing(
    #[values(&[], &["--resume"])] more: &[&str],
) {
    let site = Site::new()
        .page("/long", Reply::ok(vec![7; TOO_LONG]))
        .page("/short", Reply::ok(*b"whole"));
    let server = LocalServer::start(site).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("long"), "old").unwrap();
    let (long, short) = (server.url("/long"), server.url("/short"));
    let mut arguments = vec!["fetch", "--dir", folder.path().to_str().unwrap()];
    arguments.extend(more);
    arguments.extend([&*long, &*short]);
    let words = predicate::str::contains("cannot write").and(predicate::str::contains("/long"));
    let words = words.and(predicate::str::contains(".threadproof-").not());
    limited(&arguments).assert().code(9).stderr(words);
    assert_eq!(files_in(folder.path()), ["long", "short"]);
    assert_eq!(std::fs::read(folder.path().join("long")).unwrap(), b"old");
}

/// In the program itself, and in a worker of it.
#[rstest]
#[case::sequential("sequential")]
#[case::daemon("daemon")]
#[case::processes("processes")]
fn a_section_above_the_limit_says_so(#[case] section: &str) {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [section, "--dir", folder.path().to_str().unwrap()];
    let words = predicate::str::contains("cannot write");
    limited(&arguments).assert().code(9).stderr(words);
    assert_eq!(files_in(folder.path()), Vec::<String>::new());
}

/// What a worker keeps in memory for its parent is a file, too.
#[test]
fn a_pool_works_under_a_limit_on_files() {
    let words = predicate::str::contains("Squares: [1, 4, 9, 16, 25]");
    limited(&["process-pool"]).assert().success().stdout(words);
}

/// In somebody else's program the signal still kills; the library does nothing that sends it.
#[test]
fn a_pool_does_not_touch_the_limit_and_a_job_that_does_gets_an_error() {
    in_a_process_of_its_own(|| {
        let told = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(told.path(), [b'0'; 4096]).unwrap();
        limit_files_here(4096);
        let pool = ProcessPool::builder(worker_program()).workers(1).build();
        let pool = pool.unwrap();
        let outputs = pool.map((0..20).map(Misbehave::Not));
        assert!(outputs.iter().map(number).eq(0..20));
        let outputs = pool.map([Misbehave::Tell(told.path().to_owned(), 1)]);
        let Err(ProcessError::Panicked { message, .. }) = &outputs[0] else {
            panic!("{outputs:?}");
        };
        assert!(message.contains("FileTooLarge"), "{message}");
    });
}

/// Whoever has too few descriptors is told what to do, whatever they were wanted for.
#[test]
fn too_few_descriptors_are_told_how_to_have_more() {
    let names = ["/a", "/b", "/c"];
    let page = |site: Site, name: &&str| site.page(name, Reply::ok(*b"whole"));
    let server = LocalServer::start(names.iter().fold(Site::new(), page)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    let urls = names.map(|name| server.url(name));
    let (mut cannot_ask, mut cannot_write) = (0, 0);
    for limit in 4..=16 {
        for more in [
            &["fetch", "--dir", dir, &urls[0], &urls[1], &urls[2]][..],
            &["process-pool"],
        ] {
            let plain = threadproof(more);
            let mut command = Command::new("sh");
            let script = format!("ulimit -n {limit}; exec \"$0\" \"$@\"");
            command.args(["-c", &script]);
            command.arg(plain.get_program()).args(plain.get_args());
            let output = ends(move || command.output().unwrap());
            let said = String::from_utf8_lossy(&output.stderr);
            for line in said
                .lines()
                .filter(|line| line.contains("Too many open files"))
            {
                let hint = "; use fewer --workers, or raise the limit (ulimit -n)";
                assert!(line.ends_with(hint), "{limit}: {line}");
                cannot_ask += usize::from(line.contains("cannot connect"));
                cannot_write += usize::from(line.contains("cannot write"));
            }
        }
    }
    assert!(cannot_ask > 0 && cannot_write > 0);
}

/// Where a system allows so many threads and no more, as in a container, each that cannot be started is
/// an error with words, and no panic. Only who may become another user can try.
#[cfg(target_os = "linux")]
#[rstest]
fn threads_that_cannot_be_started_are_errors(#[values(false, true)] is_file: bool) {
    let server = LocalServer::start(Site::new().page("/a", Reply::ok(*b"whole"))).unwrap();
    // A name has to be looked up, on a thread of its own.
    let url = server.url("/a").replace("127.0.0.1", "localhost");
    let folder = tempfile::tempdir().unwrap();
    let everybody_s = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(folder.path(), everybody_s).unwrap();
    let dir = folder.path().to_str().unwrap();
    let fetch = ["fetch", "--dir", dir, &url];
    let arguments: &[&str] = if is_file {
        &fetch
    } else {
        &["thread-pool", "--dir", dir]
    };
    let mut told = 0;
    for threads in 1..=12 {
        let user = 50_000 + std::process::id() % 500 * 100 + threads + 20 * u32::from(is_file);
        let Some(output) = with_few_threads(user, threads, arguments) else {
            return println!("nobody may become another user here");
        };
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains("panicked"), "{threads}: {said}");
        let code = output.status.code();
        if is_file {
            assert!(matches!(code, Some(0 | 1 | 3)), "{threads}: {output:?}");
            told += usize::from(said.contains("cannot start a thread"));
            assert!(
                code != Some(3) || said.contains("fewer"),
                "{threads}: {said}"
            );
        } else {
            assert!(matches!(code, Some(0 | 1)), "{threads}: {output:?}");
        }
    }
    assert!(told > 0 || !is_file);
}

/// Runs the program as a user who may have so many threads.
#[cfg(target_os = "linux")]
fn with_few_threads(user: u32, threads: u32, arguments: &[&str]) -> Option<std::process::Output> {
    let plain = threadproof(arguments);
    let mut command = Command::new("prlimit");
    command.args([&format!("--nproc={threads}"), "setpriv", "--clear-groups"]);
    command.args(["--reuid", &user.to_string()]);
    command.arg(plain.get_program()).args(plain.get_args());
    let removed = plain.get_envs().filter(|(_, value)| value.is_none());
    removed.for_each(|(key, _)| _ = command.env_remove(key));
    command
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped());
    let child = command.spawn().ok()?;
    let output = ends(move || child.wait_with_output()).ok()?;
    let may_not = matches!(output.status.code(), Some(126 | 127))
        || output.stderr.starts_with(b"setpriv: ")
        || output.stderr.starts_with(b"prlimit: ");
    (!may_not).then_some(output)
}

/// A disk that has no room left. Only who may mount one can try; elsewhere /dev/full stands for it.
#[cfg(target_os = "linux")]
#[rstest]
fn a_full_disk_is_exit_code_9_and_leaves_nothing(#[values(&[], &["--resume"])] more: &[&str]) {
    let server = LocalServer::start(
        Site::new()
            .page("/long", Reply::ok(vec![7; TOO_LONG]))
            .page("/short", Reply::ok(*b"whole")),
    )
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (long, short) = (server.url("/long"), server.url("/short"));
    let dir = folder.path().to_str().unwrap();
    let mut arguments = vec!["fetch", "--workers", "1", "--dir", dir];
    arguments.extend(more);
    arguments.extend([&*long, &*short]);
    let Some(output) = on_a_small_disk(folder.path(), &threadproof(&arguments)) else {
        return println!("nobody may mount a disk here");
    };
    assert_eq!(output.status.code(), Some(9), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("No space left on device"), "{said}");
    let listed = String::from_utf8(output.stdout).unwrap();
    let files = listed
        .lines()
        .filter_map(|line| line.strip_prefix("left: "));
    assert_eq!(files.collect::<Vec<_>>(), ["short"]);
}

/// What has come of a file that can be resumed is kept with its note, which takes room, too.
#[cfg(target_os = "linux")]
#[test]
fn a_part_on_a_full_disk_has_its_note() {
    let long = Reply::ok(vec![7; TOO_LONG])
        .header("ETag", "\"1\"")
        .ranges();
    let server = LocalServer::start(Site::new().page("/long", long)).unwrap();
    let (folder, url) = (tempfile::tempdir().unwrap(), server.url("/long"));
    let arguments = [
        "fetch",
        "--resume",
        "--dir",
        folder.path().to_str().unwrap(),
        &url,
    ];
    let Some(output) = on_a_small_disk(folder.path(), &threadproof(&arguments)) else {
        return println!("nobody may mount a disk here");
    };
    assert_eq!(output.status.code(), Some(9), "{output:?}");
    let listed = String::from_utf8(output.stdout).unwrap();
    let files = listed
        .lines()
        .filter_map(|line| line.strip_prefix("left: "));
    let kept = [".threadproof-long.part", ".threadproof-long.part-note"];
    assert_eq!(files.collect::<Vec<_>>(), kept);
}

/// A umask may keep even the owner from a new file; a part is one that the next program opens.
#[rstest]
#[case::everything("0777")]
#[case::reading("0400")]
fn a_part_can_be_opened_by_its_owner(#[case] mask: &str) {
    use std::os::unix::fs::PermissionsExt;
    let whole = Reply::ok(*b"whole").header("ETag", "\"1\"").ranges();
    let (after, how) = (2, threadproof::local_server::Hangup::Fin);
    let cut = whole.fault(threadproof::local_server::Fault::Cut { after, how });
    let server = LocalServer::start(Site::new().page("/a", cut)).unwrap();
    let (folder, url) = (tempfile::tempdir().unwrap(), server.url("/a"));
    let plain = threadproof(&[
        "fetch",
        "--resume",
        "--dir",
        folder.path().to_str().unwrap(),
        &url,
    ]);
    let mut command = Command::new("sh");
    let script = format!("umask {mask}; exec \"$0\" \"$@\"");
    command.args(["-c", &script]);
    command.arg(plain.get_program()).args(plain.get_args());
    command.assert().code(5);
    let part = std::fs::metadata(folder.path().join(".threadproof-a.part")).unwrap();
    assert_eq!(part.permissions().mode() & 0o600, 0o600);
}

/// Runs a command with a disk of 64 KiB at `place`, which nobody else sees, and lists what is there.
#[cfg(target_os = "linux")]
fn on_a_small_disk(place: &std::path::Path, plain: &Command) -> Option<std::process::Output> {
    let script = r#"mount -t tmpfs -o size=64k none "$0" || exit 77
        "$@"; code=$?; for file in $(ls -A "$0"); do echo "left: $file"; done; exit $code"#;
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script]).arg(place);
    command.arg(plain.get_program()).args(plain.get_args());
    let removed = plain.get_envs().filter(|(_, value)| value.is_none());
    removed.for_each(|(key, _)| _ = command.env_remove(key));
    let output = command.output().ok()?;
    let may_not = output.status.code() == Some(77) || output.stderr.starts_with(b"unshare: ");
    (!may_not).then_some(output)
}
