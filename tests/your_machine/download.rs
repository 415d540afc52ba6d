//! Parts where a file system has no locks, and parts of another user.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::process::Command;

use threadproof::local_server::{Fault, Hangup, LocalServer, Reply, Site};
use threadproof::{Downloader, Event};

use crate::needs::Need;
use crate::run::Test;
use crate::support::{PROGRAM, files_in};

const PART: &str = ".threadproof-a.bin.part";
const NOTE: &str = ".threadproof-a.bin.part-note";

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new(
            &[Need::Strace],
            without_locks_a_download_comes_and_keeps_no_part,
        ),
        Test::new(
            &[Need::Root],
            another_user_s_part_is_not_used_and_not_touched,
        ),
    ]
}

/// The first answer is cut, the second is whole; no two versions have a byte in common.
fn server() -> LocalServer {
    let version = |number: u8| {
        let etag = format!("\"{number}\"");
        Reply::ok(vec![number; 1_000])
            .header("ETag", &etag)
            .ranges()
    };
    let (after, how) = (600, Hangup::Fin);
    let cut = version(1).fault(Fault::Cut { after, how });
    LocalServer::start(Site::new().script("/a.bin", [cut, version(2)])).unwrap()
}

/// strace answers `flock` as such a file system does. Bytes of two downloads could be mixed there, so
/// each begins again.
fn without_locks_a_download_comes_and_keeps_no_part() {
    let (server, folder) = (server(), tempfile::tempdir().unwrap());
    for (code, files) in [(5, [].as_slice()), (0, ["a.bin"].as_slice())] {
        let output = Command::new(Need::Strace.program())
            .args([
                "-f",
                "-e",
                "trace=flock",
                "-e",
                "inject=flock:error=EOPNOTSUPP",
            ])
            .args(["-o", "/dev/null", PROGRAM, "fetch", "--resume"])
            .args([&server.url("/a.bin"), "--dir"])
            .arg(folder.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        assert_eq!(files_in(folder.path()), files);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said.matches("is not kept").count(), 1, "{said}");
    }
    assert_eq!(server.requests()[1].header("Range"), None);
    assert_eq!(fs::read(folder.path().join("a.bin")).unwrap(), [2; 1_000]);
}

/// Whoever can write into a shared folder could have written anything into a part.
fn another_user_s_part_is_not_used_and_not_touched() {
    const NOBODY: u32 = 65_534;
    let (server, folder) = (server(), tempfile::tempdir().unwrap());
    let fetch = |path: &Path| {
        let downloader = Downloader::builder().resume(true).build();
        downloader.fetch(&server.url("/a.bin"), path, &Event::new())
    };
    let path = folder.path().join("a.bin");
    fetch(&path).unwrap_err();
    for name in [PART, NOTE] {
        chown(folder.path().join(name), Some(NOBODY), None).unwrap();
    }
    fetch(&path).unwrap();
    assert_eq!(server.requests()[1].header("Range"), None);
    assert_eq!(fs::read(&path).unwrap(), [2; 1_000]);
    assert_eq!(fs::read(folder.path().join(PART)).unwrap(), [1; 600]);
    let owner = fs::metadata(folder.path().join(PART)).unwrap().uid();
    assert_eq!(owner, NOBODY);
}
