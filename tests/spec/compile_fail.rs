//! What must not compile: J6, and other promises that the compiler keeps.
//!
//! Each proof is a small program that does not compile, and its twin, which differs in one line and
//! does. A test runs rustc on both and compares the error's code: a program that fails for another
//! reason, such as a name that is gone, proves nothing. `compile_fail` in the docs could not tell.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use rstest::rstest;

use crate::support::{as_this_build, cargo};

/// J6: <https://docs.python.org/3/library/threading.html#threading.Thread.start>, where a second
/// start is a `RuntimeError` at run time.
#[rstest]
#[case::join(
    "let running = threadproof::start(\"a\", || 7).unwrap();
    let _ = running.join();
    LINE",
    "let _ = running.join();",
    "",
    "E0382"
)]
#[case::join_after_a_timed_join_that_kept_the_handle(
    "let running = threadproof::start(\"a\", || 7).unwrap();
    let _ = running.join_timeout(std::time::Duration::ZERO);
    LINE",
    "let _ = running.join();",
    "let _ = 7;",
    "E0382"
)]
#[case::join_after_detach(
    "let running = threadproof::start(\"a\", || 7).unwrap();
    let _daemon = running.detach();
    LINE",
    "let _ = running.join();",
    "let _ = _daemon.is_finished();",
    "E0382"
)]
#[case::join_of_a_daemon(
    "let daemon = threadproof::start_daemon(\"a\", || ()).unwrap();
    LINE",
    "daemon.join();",
    "daemon.is_finished();",
    "E0599"
)]
#[case::start_of_one_body_twice(
    "let text = String::from(\"a\");
    let body = move || drop(text);
    let _first = threadproof::start(\"a\", body).unwrap();
    LINE",
    "let _second = threadproof::start(\"b\", body).unwrap();",
    "let _second = threadproof::start(\"b\", || ()).unwrap();",
    "E0382"
)]
fn a_second_join_or_start_does_not_compile(
    #[case] program: &str,
    #[case] wrong: &str,
    #[case] right: &str,
    #[case] code: &str,
) {
    fails_in_one_line(program, wrong, right, code);
}

/// What a thread may hold, and how long.
#[rstest]
#[case::a_local_variable(
    "let text = String::from(\"a\");
    LINE
    running.join().unwrap();",
    "let running = threadproof::start(\"a\", || drop(text.len())).unwrap();",
    "let running = threadproof::start(\"a\", move || drop(text.len())).unwrap();",
    "E0373"
)]
#[case::a_count_without_atomics(
    "LINE
    let running = threadproof::start(\"a\", move || drop(shared)).unwrap();
    running.join().unwrap();",
    "let shared = std::rc::Rc::new(7);",
    "let shared = std::sync::Arc::new(7);",
    "E0277"
)]
#[case::an_output_that_borrows_and_outlives_its_input(
    "let _kept;
    {
        let words = [String::from(\"one two\")];
        LINE
    }
    drop(_kept);",
    "_kept = threadproof::scoped_map(std::num::NonZeroUsize::MIN, &words, |word| word.as_str());",
    "_kept = threadproof::scoped_map(std::num::NonZeroUsize::MIN, &words, |word| word.len());",
    "E0597"
)]
#[case::a_job_that_was_joined(
    "let pool = threadproof::ThreadPool::new(std::num::NonZeroUsize::MIN).unwrap();
    let job = pool.submit(|| ()).unwrap();
    let _ = job.join();
    LINE",
    "job.cancel();",
    "pool.cancel_queued();",
    "E0382"
)]
#[case::a_window_of_no_input(
    "let pool = threadproof::ThreadPool::new(std::num::NonZeroUsize::MIN).unwrap();
    LINE
    let _ = pool.map_lazy(0.., window, |n: u64| n).next();",
    "let window = 0;",
    "let window = std::num::NonZeroUsize::MIN;",
    "E0308"
)]
#[cfg_attr(
    feature = "download",
    case::a_file_after_its_commit(
        "use std::io::Write;
    let mut file = threadproof::AtomicFile::create(\"a\").unwrap();
    LINE
    file.write_all(b\"more\").unwrap();",
        "file.commit().unwrap();",
        "file.flush().unwrap();",
        "E0382"
    )
)]
#[case::a_registration_that_outlives_its_flags(
    "let _kept;
    {
        let flags = threadproof::LockedFlags::new();
        LINE
    }
    drop(_kept);",
    "_kept = flags.register(\"a\").unwrap();",
    "_kept = flags.register(\"a\").is_ok();",
    "E0597"
)]
fn what_a_thread_may_not_hold_does_not_compile(
    #[case] program: &str,
    #[case] wrong: &str,
    #[case] right: &str,
    #[case] code: &str,
) {
    fails_in_one_line(program, wrong, right, code);
}

/// The program with the wrong line has this one error, the program with the right line has none.
#[track_caller]
fn fails_in_one_line(program: &str, wrong: &str, right: &str, code: &str) {
    assert_eq!(
        program.matches("LINE").count(),
        1,
        "the twins differ in one line"
    );
    let folder = tempfile::tempdir().unwrap();
    let twin = |line| compile(folder.path(), &program.replace("LINE", line));
    assert_eq!(twin(right), [""; 0], "the twin compiles");
    assert_eq!(twin(wrong), [code]);
}

/// The codes of the errors that rustc has for a body of `main`.
fn compile(folder: &Path, body: &str) -> Vec<String> {
    let source = folder.join("main.rs");
    std::fs::write(&source, format!("fn main() {{\n    {body}\n}}\n")).unwrap();
    let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
    let library = library();
    let output = Command::new(rustc)
        .args(["--edition=2024", "--emit=metadata", "--error-format=json"])
        .arg("--extern")
        .arg(format!("threadproof={}", library.display()))
        .arg("-L")
        .arg(format!(
            "dependency={}",
            library.parent().unwrap().display()
        ))
        .arg("--out-dir")
        .arg(folder)
        .arg(source)
        .output()
        .expect("rustc runs, as it did for this test");
    let said = String::from_utf8(output.stderr).unwrap();
    let messages = said.lines().map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).expect("rustc speaks JSON");
        message
    });
    let errors = messages.filter(|message| message["level"] == "error");
    // The closing "aborting due to 1 previous error" has no code.
    let codes: Vec<String> = errors
        .filter_map(|error| error["code"]["code"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(output.status.success(), codes.is_empty(), "{said}");
    codes
}

/// The library as this test was built with it. Others with other features may lie beside it.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        // All of it is built, for it runs; so this only says where.
        let output = cargo()
            .args(["test", "--no-run", "--test=spec", "--quiet"])
            .arg("--message-format=json")
            .args(as_this_build())
            .output()
            .expect("cargo runs, as it did for this test");
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        let messages = said.lines().map(serde_json::from_str::<serde_json::Value>);
        let mut files = messages.filter_map(|message| {
            let message = message.expect("cargo speaks JSON");
            let is_ours = message["target"]["name"] == "threadproof";
            let files = message["filenames"].as_array().filter(|_| is_ours)?.clone();
            files.into_iter().find_map(|file| {
                let file = file.as_str()?.to_owned();
                file.ends_with(".rmeta").then(|| PathBuf::from(file))
            })
        });
        files.next().expect("cargo names what it has built")
    })
}
