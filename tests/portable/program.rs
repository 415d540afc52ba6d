//! What the program does wherever it runs.

use assert_cmd::assert::OutputAssertExt;
use rstest::rstest;

use crate::support::{files_in, threadproof};

#[test]
fn the_tour_has_eleven_sections() {
    let arguments = ["--interval", "0.05", "--power", "4"];
    let assert = threadproof(&arguments).assert().success();
    let text = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    for number in 1..=11 {
        assert!(text.contains(&format!("§{number} ")), "{text}");
    }
    let table = text
        .split("what happened")
        .nth(1)
        .expect("a table at its end");
    assert_eq!(table.lines().skip(1).count(), 11, "{table}");
}

#[test]
fn a_server_that_is_not_there_is_exit_code_3_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/office.png", listener.local_addr().unwrap());
    drop(listener);
    let mut command = threadproof(&["fetch", &url, "--dir"]);
    let assert = command.arg(folder.path()).assert().code(3);
    let cried = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(cried.contains(&url), "{cried}");
    assert_eq!(files_in(folder.path()), [""; 0]);
}

/// What Windows takes for something else than a file in this folder is refused there. Nobody listens at port 1, so
/// elsewhere there is no connection.
#[rstest]
#[case::another_drive(&["c:a.txt"], 2, "file name")]
#[case::a_device(&["con.txt"], 9, "con.txt")]
#[case::a_stream_in_a_file(&["ab:c"], 9, "ab:c")]
#[case::one_file_for_windows(&["a.txt", "A.txt"], 2, "saved as")]
fn a_name_that_means_something_else_on_windows_is_refused_there(
    #[case] names: &[&str],
    #[case] code: i32,
    #[case] words: &str,
) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = threadproof(&["fetch", "--proxy", "", "--dir"]);
    command.arg(folder.path());
    command.args(
        names
            .iter()
            .map(|name| format!("http://127.0.0.1:1/{name}")),
    );
    let is_one = cfg!(windows) || cfg!(target_vendor = "apple") && names.len() > 1;
    let assert = command.assert().code(if is_one { code } else { 3 });
    let cried = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(
        cried.contains(if is_one { words } else { names[0] }),
        "{cried}"
    );
    assert_eq!(files_in(folder.path()), [""; 0]);
}

#[rstest]
#[case(&["list"], 0)]
#[case(&["--help"], 0)]
#[case(&["orders", "lost-update"], 0)]
#[case(&["no-such-section"], 2)]
#[case(&["join", "--workers", "0"], 2)]
fn it_ends_as_it_says(#[case] arguments: &[&str], #[case] code: i32) {
    threadproof(arguments).assert().code(code);
}
