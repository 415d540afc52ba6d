//! D1, A2: the bytes are durable before the rename, the rename before the program says "done".
//!
//! Nothing short of a power cut shows that, so strace watches the system calls. And it answers some in
//! the place of a file system that cannot do what is asked.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use threadproof::local_server::{LocalServer, Reply, Site};

use crate::needs::Need;
use crate::run::Test;
use crate::support::{PROGRAM, files_in};

pub(crate) fn tests() -> Vec<Test> {
    let table: [(&str, &[&str]); 2] = [("a_temporary_file", &[]), ("a_part", &["--resume"])];
    let test = bytes_are_durable_before_they_have_their_name;
    let mut tests = Test::cases(&[Need::Strace], test, table);
    let table = [
        ("no_fsync", ("fsync:error=EINVAL", 0, "power cut")),
        (
            "no_fsync_at_all",
            ("fsync:error=EOPNOTSUPP", 0, "power cut"),
        ),
        ("a_failing_disk", ("fsync:error=EIO", 9, "cannot write")),
        ("no_fchmod", ("fchmod:error=EPERM", 0, "who may read")),
    ];
    let test = what_a_file_system_cannot_do_costs_no_file;
    tests.extend(Test::cases(&[Need::Strace], test, table));
    tests.extend([
        Test::new(
            &[Need::AccessLists],
            the_access_list_of_a_file_that_is_replaced_is_passed_on,
        ),
        Test::new(
            &[Need::AccessLists],
            a_list_that_new_files_get_of_their_folder_opens_none_to_more_than_before,
        ),
    ]);
    tests
}

/// What an access list is for: the file itself, or, of a folder, the new files in it.
pub(crate) const OF_A_FILE: &str = "system.posix_acl_access";
const OF_NEW_FILES: &str = "system.posix_acl_default";

/// The owner and user 1234 may read and write, and the group may not: as acl(5) says it, in the bytes
/// of the second version.
pub(crate) fn let_one_more(path: &Path, list: &str) -> std::io::Result<()> {
    const NO_ID: u32 = u32::MAX;
    // The tag, the bits, and whom it is about.
    let entries: [(u16, u16, u32); 5] = [
        (0x01, 6, NO_ID),
        (0x02, 6, 1234),
        (0x04, 0, NO_ID),
        (0x10, 6, NO_ID),
        (0x20, 0, NO_ID),
    ];
    let mut bytes = 2u32.to_le_bytes().to_vec();
    for (tag, bits, id) in entries {
        bytes.extend([tag.to_le_bytes(), bits.to_le_bytes()].concat());
        bytes.extend(id.to_le_bytes());
    }
    Ok(rustix::fs::setxattr(
        path,
        list,
        &bytes,
        rustix::fs::XattrFlags::empty(),
    )?)
}

fn access_list(path: &Path) -> Option<Vec<u8>> {
    let mut list = Vec::with_capacity(1024);
    let spare = rustix::buffer::spare_capacity(&mut list);
    rustix::fs::getxattr(path, OF_A_FILE, spare).ok()?;
    Some(list)
}

fn replace(path: &Path) {
    let mut file = threadproof::AtomicFile::create(path).unwrap();
    file.write_all(b"new").unwrap();
    file.commit().unwrap();
    assert_eq!(fs::read(path).unwrap(), b"new");
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// The bits of the group say most for all whom a list names, and say nothing of the group.
fn the_access_list_of_a_file_that_is_replaced_is_passed_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.bin");
    fs::write(&path, "old").unwrap();
    let_one_more(&path, OF_A_FILE).unwrap();
    let before = (mode(&path), access_list(&path));
    assert_eq!(before.0, 0o660, "what they may do at most");
    replace(&path);
    assert_eq!((mode(&path), access_list(&path)), before);
}

fn a_list_that_new_files_get_of_their_folder_opens_none_to_more_than_before() {
    let folder = tempfile::tempdir().unwrap();
    let [old, new] = ["old.bin", "new.bin"].map(|name| folder.path().join(name));
    fs::write(&old, "old").unwrap();
    fs::set_permissions(&old, fs::Permissions::from_mode(0o660)).unwrap();
    let_one_more(folder.path(), OF_NEW_FILES).unwrap();
    replace(&new);
    assert!(access_list(&new).is_some(), "as any new file");
    replace(&old);
    assert_eq!((mode(&old), access_list(&old)), (0o660, None));
}

/// A complete file comes, with a word on stderr of what was left out; an error of the disk is one.
fn what_a_file_system_cannot_do_costs_no_file((injected, code, words): (&str, i32, &str)) {
    let server = LocalServer::start(
        Site::new()
            .page("/a.bin", Reply::ok(*b"new"))
            .page("/b.bin", Reply::ok(*b"new")),
    );
    let server = server.unwrap();
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.bin", "b.bin"] {
        fs::write(folder.path().join(name), "old").unwrap();
    }
    let output = Command::new(Need::Strace.program())
        .args(["-f", "-e", "trace=fsync,fchmod", "-o", "/dev/null"])
        .args(["-e", &format!("inject={injected}"), PROGRAM, "fetch"])
        .args(["a.bin", "b.bin"].map(|name| server.url(name)))
        .arg("--dir")
        .arg(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(words), "{said}");
    let notes = said.lines().filter(|line| line.contains("note"));
    let once = usize::from(code == 0 && !words.is_empty());
    assert_eq!(notes.count(), once, "{said}");
    for name in ["a.bin", "b.bin"] {
        let path = folder.path().join(name);
        let expected = if code == 0 { "new" } else { "old" };
        assert_eq!(fs::read_to_string(&path).unwrap(), expected);
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077 & !0o044, 0, "no more than before");
    }
    assert_eq!(files_in(folder.path()), ["a.bin", "b.bin"]);
}

fn bytes_are_durable_before_they_have_their_name(options: &[&str]) {
    let whole = Reply::ok([1; 300_000]).header("ETag", "\"0\"");
    let server = LocalServer::start(Site::new().page("/a.bin", whole)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let url = server.url("/a.bin");
    let output = Command::new(Need::Strace.program())
        .args(["-f", "-y", "-e", "trace=fsync,/^rename", "-o"])
        .arg(&log)
        .arg(PROGRAM)
        .args(["fetch", &url, "--dir", folder.path().to_str().unwrap()])
        .args(options)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let log = fs::read_to_string(log).unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let mut expected = vec!["fsync of the file", "rename", "fsync of the folder"];
    // Only then a part's note may go, and it goes for good.
    expected.extend(options.iter().map(|_| "fsync of the folder"));
    assert_eq!(durable_steps(&log, &folder), expected, "{log}");
    assert_eq!(files_in(&folder), ["a.bin", "log"]);
}

/// fsyncs of the hidden file, renames, fsyncs of the folder: each done, in their order.
#[track_caller]
fn durable_steps(log: &str, folder: &Path) -> Vec<&'static str> {
    let (hidden, folder) = (
        format!("<{}/.threadproof-", folder.display()),
        format!("<{}>", folder.display()),
    );
    let calls = whole_calls(log);
    let steps = calls.iter().filter_map(|line| {
        let step = match () {
            () if line.contains("fsync(") && line.contains(&hidden) => "fsync of the file",
            () if line.contains("rename") && line.contains("a.bin\"") => "rename",
            () if line.contains("fsync(") && line.contains(&folder) => "fsync of the folder",
            () => return None,
        };
        assert!(line.contains("= 0"), "{line}");
        Some(step)
    });
    steps.collect()
}

/// A call whose thread was overtaken by another one stands in two lines, `<unfinished ...>` and
/// `<... fsync resumed>`: here in one, where it ends.
fn whole_calls(log: &str) -> Vec<String> {
    let (mut begun, mut calls) = (HashMap::new(), Vec::new());
    for line in log.lines() {
        let (thread, said) = line.split_once(' ').unwrap_or(("", line));
        if let Some(start) = said.strip_suffix("<unfinished ...>") {
            begun.insert(thread, start);
        } else if let Some((_, end)) = said.split_once(" resumed>") {
            let start = begun.remove(thread).unwrap_or_default();
            calls.push(format!("{start}{end}"));
        } else {
            calls.push(line.to_owned());
        }
    }
    calls
}
