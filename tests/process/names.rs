//! Names that are no UTF-8: on Unix a name is bytes. Nothing here may need more of it.
//!
//! <https://docs.python.org/3/library/os.html#os.fsencode>: Python hides such bytes in its strings
//! (`surrogateescape`), and a `print` of one of these fails.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::assert::OutputAssertExt;
use predicates::prelude::*;
use rstest::rstest;
use serde_json::Value;
use tempfile::TempDir;
use threadproof::local_server::{LocalServer, Reply, Site};
use threadproof::{ProcessPool, WorkerProgram};

use crate::support::{MISBEHAVE, Misbehave, PROGRAM, copy_program, files_in, threadproof};

/// A folder with a byte in its name that stands in no text.
fn odd_folder() -> (TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let odd = place.path().join(OsStr::from_bytes(b"odd-\xff"));
    std::fs::create_dir(&odd).unwrap();
    (place, odd)
}

fn in_folder(arguments: &[&str], folder: &Path) -> Command {
    let mut command = threadproof(arguments);
    command.arg("--dir").arg(folder);
    command
}

/// The path stands there as it looks, and says by its bytes what it is.
#[rstest]
#[case::complete("/whole", 0)]
#[case::failed("/missing", 4)]
fn json_of_fetch_is_valid_and_has_the_whole_path(#[case] page: &str, #[case] code: i32) {
    let (_place, odd) = odd_folder();
    let site = Site::new().page("/whole", Reply::ok(*b"whole"));
    let server = LocalServer::start(site).unwrap();
    let mut command = in_folder(&["fetch", "--json", &server.url(page)], &odd);
    let assert = command.assert().code(code);
    let object: Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    let path = odd.join(&page[1..]);
    assert_eq!(object["path"], path.to_string_lossy().into_owned());
    let bytes: Vec<u8> = serde_json::from_value(object["path_bytes"].clone()).unwrap();
    assert_eq!(OsStr::from_bytes(&bytes), path);
}

/// Where the text says it all, there are no bytes.
#[test]
fn json_of_fetch_has_bytes_only_where_it_needs_them() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::new().page("/whole", Reply::ok(*b"whole"));
    let server = LocalServer::start(site).unwrap();
    let url = server.url("/whole");
    let mut command = in_folder(&["fetch", "--json", &url], folder.path());
    let assert = command.assert().success();
    let object: Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    assert_eq!(
        object["path"],
        folder.path().join("whole").to_str().unwrap()
    );
    assert_eq!(object.get("path_bytes"), None);
}

#[rstest]
#[case::sequential("sequential", "sequential-3.png")]
#[case::daemon("daemon", "joined.png")]
#[case::processes("processes", "processes-3.png")]
fn sections_download_into_a_folder_of_any_name(#[case] section: &str, #[case] file: &str) {
    let (_place, odd) = odd_folder();
    in_folder(&[section], &odd).assert().success().stderr("");
    assert!(files_in(&odd).contains(&file.to_owned()));
}

/// The tour lists its files, draws its picture, and starts its own program where that is.
#[test]
fn the_program_itself_may_stand_in_a_folder_of_any_name() {
    let (_place, odd) = odd_folder();
    let program = odd.join(OsStr::from_bytes(b"program-\xfe"));
    copy_program(PROGRAM, &program);
    let files = odd.join(OsStr::from_bytes(b"files-\xfd"));
    let picture = odd.join(OsStr::from_bytes(b"picture-\xfc.svg"));
    let mut command = Command::new(&program);
    command.args(["--interval", "0.01", "--power", "3", "--dir"]);
    command.arg(&files).arg("--timeline").arg(&picture);
    command.assert().success().stderr("");
    assert!(files_in(&files).contains(&"processes-3.png".to_owned()));
    assert!(picture.exists());
}

/// A launcher's words are handed on as they are.
#[test]
fn a_launcher_may_have_any_name() {
    let (_place, odd) = odd_folder();
    let launcher = odd.join("launcher");
    std::os::unix::fs::symlink("/usr/bin/env", &launcher).unwrap();
    let mut command = threadproof(&["process-pool", "--launcher"]);
    let words = predicate::str::contains("Squares: [1, 4, 9, 16, 25]");
    command.arg(&launcher).assert().success().stdout(words);
}

/// Of a worker's arguments only the one that makes it a worker is looked at as text.
#[test]
fn a_worker_may_stand_anywhere_and_be_told_anything() {
    let (_place, odd) = odd_folder();
    let program = odd.join("worker");
    copy_program(MISBEHAVE, &program);
    let told = OsStr::from_bytes(b"told-\xfe");
    let program = WorkerProgram::at(&program).with_args([told]);
    let pool = ProcessPool::builder(program).workers(1).build().unwrap();
    let arguments = pool.map([Misbehave::Arguments]).remove(0).unwrap();
    assert!(arguments.ends_with(b"\ntold-\xfe"), "{arguments:?}");
}
