//! <https://docs.python.org/3/library/os.html#os.replace>: Python leaves it to the program to write
//! a temporary file first.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::Barrier;
use std::thread;

use tempfile::tempdir;
use threadproof::AtomicFile;
#[cfg(target_os = "linux")]
use threadproof::atomic_file::left_out;

#[cfg(unix)]
use crate::support::make_a_pipe;
use crate::support::{files_in, passes_in_its_own_process};

fn write(path: &Path, content: &[u8]) {
    let mut file = AtomicFile::create(path).unwrap();
    file.write_all(content).unwrap();
    file.flush().unwrap();
    file.commit().unwrap();
}

#[test]
fn the_old_file_stays_until_the_commit_and_the_new_one_is_whole_after_it() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.bin");
    fs::write(&path, b"old").unwrap();
    let mut file = AtomicFile::create(&path).unwrap();
    for _ in 0..3 {
        file.write_all(&[b'n'; 100_000]).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }
    file.commit().unwrap();
    assert_eq!(fs::read(&path).unwrap(), [b'n'; 300_000]);
    assert_eq!(files_in(folder.path()), ["a.bin"]);
}

#[test]
fn whoever_reads_meanwhile_reads_one_whole_version() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.bin");
    let version = |number: u8| vec![number; 10_000];
    write(&path, &version(0));
    let start = Barrier::new(2);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            start.wait();
            (1..=100).for_each(|number| write(&path, &version(number)));
        });
        start.wait();
        let mut last = 0;
        while last < 100 {
            let is_last = writer.is_finished();
            let content = fs::read(&path).expect("the path always names a file");
            assert_eq!(content, version(content[0]));
            assert!(content[0] >= last, "a version came back");
            last = content[0];
            if is_last {
                break;
            }
        }
        writer.join().unwrap();
        assert_eq!(last, 100);
    });
}

#[test]
fn a_hundred_writers_to_one_path_leave_one_whole_version() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.bin");
    let start = Barrier::new(100);
    thread::scope(|scope| {
        for number in 0..100 {
            let (path, start) = (&path, &start);
            scope.spawn(move || {
                start.wait();
                write(path, &vec![number; 5_000]);
            });
        }
    });
    let content = fs::read(&path).unwrap();
    assert_eq!(content, vec![content[0]; 5_000]);
    assert_eq!(files_in(folder.path()), ["a.bin"]);
}

#[test]
fn a_drop_without_a_commit_leaves_nothing() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.bin");
    for old in [None, Some(b"old")] {
        if let Some(old) = old {
            fs::write(&path, old).unwrap();
        }
        let before = files_in(folder.path());
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"new").unwrap();
        assert_eq!(files_in(folder.path()).len(), before.len() + 1);
        drop(file);
        assert_eq!(files_in(folder.path()), before);
    }
    assert_eq!(fs::read(&path).unwrap(), b"old");
}

#[test]
fn the_temporary_file_says_whose_it_is() {
    let folder = tempdir().unwrap();
    let _file = AtomicFile::create(folder.path().join("a.bin")).unwrap();
    let names = files_in(folder.path());
    assert!(names[0].starts_with(".threadproof-"), "{names:?}");
}

#[test]
fn a_folder_that_does_not_exist_is_named_in_the_error() {
    let folder = tempdir().unwrap();
    let missing = folder.path().join("missing");
    let error = AtomicFile::create(missing.join("a.bin")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let (text, named) = (error.to_string(), missing.display().to_string());
    assert!(text.contains(&named), "{text}");
    assert!(files_in(folder.path()).is_empty());
}

#[test]
fn a_path_without_a_file_name_is_refused() {
    let folder = tempdir().unwrap();
    for path in ["", "/", "..", "a/..", "a/", "a/.", "./"] {
        let error = AtomicFile::create(path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{path:?}");
        assert!(error.to_string().contains(path));
    }
    assert!(files_in(folder.path()).is_empty());
}

/// <https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file>: Windows would open a device, a
/// stream inside another file, or a file of another name.
#[rstest::rstest]
fn a_name_that_windows_keeps_is_refused_there(
    #[values(
        "con",
        "CON.txt",
        "aux.tar.gz",
        "nul ",
        "com1",
        "lpt².txt",
        "conout$",
        "ab:c",
        "a.",
        "a ",
        "a?",
        "a|b",
        "a\tb"
    )]
    name: &str,
) {
    let folder = tempdir().unwrap();
    let path = folder.path().join(name);
    let made = AtomicFile::create(&path);
    if cfg!(windows) {
        let error = made.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(name), "{error}");
        assert!(files_in(folder.path()).is_empty());
    } else {
        made.unwrap().commit().unwrap();
        assert_eq!(files_in(folder.path()), [name]);
    }
}

#[rstest::rstest]
fn a_name_that_only_looks_like_one_of_windows_own_is_any_file_s(
    #[values(
        "console",
        "com",
        "com10",
        "lpt.txt",
        "nul_",
        ".con",
        "a.con",
        "auxiliary",
        "a.b c"
    )]
    name: &str,
) {
    let folder = tempdir().unwrap();
    write(&folder.path().join(name), b"new");
    assert_eq!(files_in(folder.path()), [name]);
}

/// On Windows who may write to a folder may not replace what is read-only in it.
#[test]
fn a_read_only_file_is_refused_before_the_first_byte_on_windows() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.bin");
    fs::write(&path, b"old").unwrap();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    if cfg!(windows) {
        let error = AtomicFile::create(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        let (text, named) = (error.to_string(), path.display().to_string());
        assert!(
            text.contains(&named) && text.contains("read-only"),
            "{text}"
        );
        assert_eq!(fs::read(&path).unwrap(), b"old");
    } else {
        write(&path, b"new");
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }
    assert_eq!(files_in(folder.path()), ["a.bin"]);
}

/// A virus scanner, say: Windows refuses the rename as long as that shares the file with nobody.
#[cfg(windows)]
#[rstest::rstest]
fn a_commit_waits_a_moment_for_who_has_the_old_file(#[values(true, false)] lets_go: bool) {
    use std::os::windows::fs::OpenOptionsExt;
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.bin");
    fs::write(&path, b"old").unwrap();
    let mut file = AtomicFile::create(&path).unwrap();
    file.write_all(b"new").unwrap();
    let reader = fs::File::options().read(true).share_mode(0).open(&path);
    let reader = reader.unwrap();
    let (may_end, end) = std::sync::mpsc::channel::<()>();
    let committed = thread::scope(|scope| {
        scope.spawn(move || {
            let _reader = reader;
            // Some refusals. Were there none, the test would see less, and not fail.
            let moment = std::time::Duration::from_millis(200);
            match lets_go {
                true => thread::sleep(moment),
                false => drop(end.recv()),
            }
        });
        let committed = file.commit();
        drop(may_end);
        committed
    });
    if lets_go {
        committed.unwrap();
    } else {
        committed.unwrap_err();
    }
    let expected = if lets_go { b"new" } else { b"old" };
    assert_eq!(fs::read(&path).unwrap(), expected);
    assert_eq!(files_in(folder.path()), ["a.bin"]);
}

#[test]
fn a_commit_that_fails_leaves_the_path_and_no_temporary_file() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a_folder");
    let mut file = AtomicFile::create(&path).unwrap();
    file.write_all(b"new").unwrap();
    fs::create_dir(&path).unwrap();
    fs::write(path.join("inside"), b"old").unwrap();
    assert!(file.commit().is_err());
    assert_eq!(fs::read(path.join("inside")).unwrap(), b"old");
    assert_eq!(files_in(folder.path()), ["a_folder"]);
}

/// Somebody makes what stands at a path: no file, and nothing that a file may take the place of.
#[cfg(unix)]
type Make = fn(&Path);

#[cfg(unix)]
fn make_a_socket(path: &Path) {
    drop(std::os::unix::net::UnixListener::bind(path).unwrap());
}

#[cfg(unix)]
fn make_a_link(leads_to: impl FnOnce(&Path)) -> impl FnOnce(&Path) {
    |path| {
        let other = path.with_extension("other");
        leads_to(&other);
        std::os::unix::fs::symlink(other, path).unwrap();
    }
}

/// Found out before the first byte, and at the commit if it comes to be there meanwhile.
#[cfg(unix)]
#[rstest::rstest]
#[case::folder(|path: &Path| fs::create_dir(path).unwrap(), "is a folder")]
#[case::pipe(make_a_pipe, "is a pipe")]
#[case::socket(make_a_socket, "is a socket")]
#[case::device(|path: &Path| std::os::unix::fs::symlink("/dev/null", path).unwrap(), "is a device")]
#[case::link_to_a_folder(|path: &Path| make_a_link(|other| fs::create_dir(other).unwrap())(path), "is a folder")]
#[case::link_to_a_pipe(|path: &Path| make_a_link(make_a_pipe)(path), "is a pipe")]
fn what_is_no_file_is_refused_and_stays(
    #[case] make: Make,
    #[case] words: &str,
    #[values("before the create", "before the commit")] when: &str,
) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.bin");
    let error = if when == "before the create" {
        make(&path);
        AtomicFile::create(&path).unwrap_err()
    } else {
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"new").unwrap();
        make(&path);
        file.commit().unwrap_err()
    };
    let (text, named) = (error.to_string(), path.display().to_string());
    assert!(text.contains(&named) && text.contains(words), "{text}");
    assert!(!fs::symlink_metadata(&path).unwrap().is_file());
    let hidden = files_in(folder.path()).into_iter();
    assert_eq!(hidden.filter(|name| name.starts_with('.')).count(), 0);
}

/// Only the system's administrator may give files away.
#[cfg(target_os = "linux")]
#[test]
fn the_owner_of_an_old_file_owns_the_new_one() {
    use std::os::unix::fs::{MetadataExt, chown};
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.bin");
    fs::write(&path, b"old").unwrap();
    set_mode(&path, 0o640);
    if chown(&path, Some(65534), Some(65533)).is_err() {
        return println!("only root can try that");
    }
    write(&path, b"new");
    let new = fs::metadata(&path).unwrap();
    assert_eq!((new.uid(), new.gid()), (65534, 65533));
    assert_eq!(mode(&path), "640");
}

/// Whoever may not give a file to its old group does not open it to another one instead.
#[cfg(target_os = "linux")]
#[rstest::rstest]
#[case::of_a_group(0o640, "600")]
#[case::of_a_group_that_writes(0o664, "644")]
#[case::of_everybody(0o644, "644")]
#[case::of_its_owner(0o600, "600")]
fn another_group_may_do_no_more_than_everybody(#[case] old: u32, #[case] expected: &str) {
    use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
    use std::os::unix::fs::{MetadataExt, chown};
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.bin");
    fs::write(&path, b"old").unwrap();
    if chown(&path, Some(65534), Some(65533)).is_err() {
        return println!("only root can try that");
    }
    set_mode(&path, old);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut rights = capabilities(None).unwrap();
            rights.effective -= CapabilitySet::CHOWN;
            set_capabilities(None, rights).unwrap();
            write(&path, b"new");
        });
    });
    assert_ne!(fs::metadata(&path).unwrap().gid(), 65533);
    assert_eq!(mode(&path), expected);
    let said = left_out().into_iter().map(|left| left.to_string());
    let said: Vec<String> = said.filter(|text| text.contains("owner")).collect();
    assert_eq!(said.len(), 1, "once, not for each file: {said:?}");
}

#[cfg(unix)]
#[test]
fn a_new_file_has_the_permissions_that_file_create_gives() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempdir().unwrap();
    let (ours, plain) = (folder.path().join("ours"), folder.path().join("plain"));
    write(&ours, b"x");
    fs::File::create(&plain).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&ours), mode(&plain));
}

#[test]
fn a_path_without_a_folder_is_in_the_working_directory() {
    const HERE: &str = "THREADPROOF_TEST_IN_ITS_OWN_FOLDER";
    if std::env::var_os(HERE).is_some() {
        let file = AtomicFile::create("a.bin").unwrap();
        assert_eq!(files_in(Path::new(".")).len(), 1, "the temporary file");
        drop(file);
        return write(Path::new("a.bin"), b"here");
    }
    let folder = tempdir().unwrap();
    let name = "atomic_file::a_path_without_a_folder_is_in_the_working_directory";
    assert!(passes_in_its_own_process(name, |test| {
        test.env(HERE, "yes").current_dir(folder.path())
    }));
    assert_eq!(files_in(folder.path()), ["a.bin"]);
    assert_eq!(fs::read(folder.path().join("a.bin")).unwrap(), b"here");
}

/// What may be read by few stays so; the bit that runs a program as its owner is not passed on.
#[cfg(unix)]
#[rstest::rstest]
#[case::private(0o600, 0o600)]
#[case::of_a_group(0o640, 0o640)]
#[case::read_only(0o444, 0o444)]
#[case::a_program(0o755, 0o755)]
#[case::a_program_of_its_owner(0o4755, 0o755)]
fn a_file_that_is_replaced_passes_its_permissions_on(#[case] old: u32, #[case] expected: u32) {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.bin");
    fs::write(&path, b"old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(old)).unwrap();
    write(&path, b"new");
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(format!("{:o}", mode & 0o7777), format!("{expected:o}"));
    assert_eq!(fs::read(&path).unwrap(), b"new");
}

#[cfg(unix)]
fn mode(path: &Path) -> String {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::symlink_metadata(path).unwrap().permissions().mode();
    format!("{:o}", mode & 0o7777)
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// What is to be private is so from its first byte, and not only under its final name.
#[cfg(unix)]
#[rstest::rstest]
fn new_contents_of_an_old_file_are_nobody_else_s_before_the_commit(
    #[values(0o600, 0o640, 0o644, 0o444)] old: u32,
) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("z.bin");
    fs::write(&path, b"old").unwrap();
    set_mode(&path, old);
    let mut file = AtomicFile::create(&path).unwrap();
    let temporary = folder.path().join(&files_in(folder.path())[0]);
    assert_eq!(mode(&temporary), "600");
    file.write_all(b"new").unwrap();
    assert_eq!(mode(&temporary), "600");
    file.commit().unwrap();
    assert_eq!(mode(&path), format!("{old:o}"));
}

/// Somebody else does something to the old file, from mode 644, before the commit.
#[cfg(unix)]
type Meanwhile = fn(&Path);

#[cfg(unix)]
#[rstest::rstest]
#[case::closed(|path: &Path| set_mode(path, 0o600), "600")]
#[case::opened(|path: &Path| set_mode(path, 0o666), "666")]
#[case::removed(|path: &Path| fs::remove_file(path).unwrap(), "644")]
#[case::replaced(|path: &Path| { fs::remove_file(path).unwrap(); fs::write(path, "").unwrap(); set_mode(path, 0o640) }, "640")]
fn permissions_passed_on_are_the_last_that_the_old_file_had(
    #[case] act: Meanwhile,
    #[case] expected: &str,
) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.bin");
    fs::write(&path, b"old").unwrap();
    set_mode(&path, 0o644);
    let mut file = AtomicFile::create(&path).unwrap();
    file.write_all(b"new").unwrap();
    act(&path);
    file.commit().unwrap();
    assert_eq!(mode(&path), expected);
    assert_eq!(fs::read(&path).unwrap(), b"new");
}

/// A program that changes its folder in between: the path means what it meant at first.
#[test]
fn a_relative_path_means_the_folder_at_create() {
    const HERE: &str = "THREADPROOF_TEST_CHANGES_ITS_FOLDER";
    if let Some(other) = std::env::var_os(HERE) {
        let mut file = AtomicFile::create("a.bin").unwrap();
        std::env::set_current_dir(other).unwrap();
        file.write_all(b"here").unwrap();
        return file.commit().unwrap();
    }
    let (one, two) = (tempdir().unwrap(), tempdir().unwrap());
    let name = "atomic_file::a_relative_path_means_the_folder_at_create";
    assert!(passes_in_its_own_process(name, |test| {
        test.env(HERE, two.path()).current_dir(one.path())
    }));
    assert_eq!(files_in(one.path()), ["a.bin"]);
    assert!(files_in(two.path()).is_empty());
    assert_eq!(fs::read(one.path().join("a.bin")).unwrap(), b"here");
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_is_replaced_and_what_it_leads_to_is_not_touched() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempdir().unwrap();
    let (path, target) = (folder.path().join("a.bin"), folder.path().join("target"));
    fs::write(&target, b"old").unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).unwrap();
    let mode = |path: &Path| fs::symlink_metadata(path).unwrap().permissions().mode();
    let plain = folder.path().join("plain");
    fs::File::create(&plain).unwrap();
    for leads_to in [target.clone(), folder.path().join("nowhere")] {
        symlink(leads_to, &path).unwrap();
        write(&path, b"new");
        assert_eq!(mode(&path), mode(&plain), "those of a new file");
        assert!(fs::symlink_metadata(&path).unwrap().is_file());
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read(&target).unwrap(), b"old");
        fs::remove_file(&path).unwrap();
    }
    assert_eq!(files_in(folder.path()), ["plain", "target"]);
}

#[cfg(unix)]
#[test]
fn another_name_of_the_old_file_keeps_the_old_contents() {
    let folder = tempdir().unwrap();
    let (path, other) = (folder.path().join("a.bin"), folder.path().join("other"));
    fs::write(&path, b"old").unwrap();
    fs::hard_link(&path, &other).unwrap();
    write(&path, b"new");
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(fs::read(&other).unwrap(), b"old");
}
