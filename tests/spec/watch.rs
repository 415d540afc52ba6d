//! <https://docs.python.org/3/library/os.html#os.stat_result>: W1, W2, W3.
//!
//! The notebook's watcher never looks at its file. This one does, with real files.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rstest::rstest;
use tempfile::TempDir;
use threadproof::{Change, Event, Watched, Watcher, watch_file};

use crate::support::until;

/// Longer than any test.
const NEVER: Duration = Duration::from_secs(3600);

/// A folder, and the path of a file that is not there yet.
fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    (folder, path)
}

/// What somebody does to the file.
type Act = fn(&Path);

/// As editors and [`AtomicFile`](threadproof::AtomicFile) write.
fn rename_over(path: &Path, contents: &str) {
    let other = path.with_extension("other");
    fs::write(&other, contents).unwrap();
    fs::rename(other, path).unwrap();
}

fn append(path: &Path) {
    let mut file = fs::File::options().append(true).open(path).unwrap();
    file.write_all(b"more").unwrap();
}

fn move_away(path: &Path) {
    fs::rename(path, path.with_extension("moved")).unwrap();
}

fn put_a_file_in_place_of_the_folder(path: &Path) {
    let folder = path.parent().unwrap();
    fs::remove_dir_all(folder).unwrap();
    fs::write(folder, "no folder").unwrap();
}

/// W1, from a file that is there.
#[rstest]
#[case::nothing(|_: &Path| (), None)]
#[case::read(|path: &Path| _ = fs::read(path).unwrap(), None)]
#[case::appended(append, Some(Change::Modified))]
#[case::rewritten(|path: &Path| fs::write(path, "longer than before").unwrap(), Some(Change::Modified))]
#[case::emptied(|path: &Path| fs::write(path, "").unwrap(), Some(Change::Modified))]
#[case::replaced(|path: &Path| rename_over(path, "other"), Some(Change::Replaced))]
#[case::replaced_by_its_like(|path: &Path| rename_over(path, "hello"), Some(Change::Replaced))]
#[case::removed(|path: &Path| fs::remove_file(path).unwrap(), Some(Change::Removed))]
#[case::moved_away(move_away, Some(Change::Removed))]
#[case::folder_replaced(put_a_file_in_place_of_the_folder, Some(Change::Removed))]
fn change_of_a_file_is_reported_once(#[case] act: Act, #[case] change: Option<Change>) {
    let (_folder, path) = folder();
    fs::write(&path, "hello").unwrap();
    let mut watcher = Watcher::new(&path).unwrap();
    act(&path);
    assert_eq!(watcher.look().unwrap(), change);
    assert_eq!(watcher.look().unwrap(), None, "reported already");
}

/// W1, from a path where nothing is.
#[rstest]
#[case::nothing(|_: &Path| (), None)]
#[case::created(|path: &Path| fs::write(path, "hello").unwrap(), Some(Change::Created))]
#[case::created_empty(|path: &Path| fs::write(path, "").unwrap(), Some(Change::Created))]
#[case::renamed_to_it(|path: &Path| rename_over(path, "hello"), Some(Change::Created))]
#[case::other_file(|path: &Path| fs::write(path.with_extension("other"), "").unwrap(), None)]
#[case::folder_replaced(put_a_file_in_place_of_the_folder, None)]
fn missing_file_is_a_state_and_its_creation_is_reported_once(
    #[case] act: Act,
    #[case] change: Option<Change>,
) {
    let (_folder, path) = folder();
    let mut watcher = Watcher::new(&path).unwrap();
    assert_eq!(watcher.look().unwrap(), None, "missing is no change");
    act(&path);
    assert_eq!(watcher.look().unwrap(), change);
    assert_eq!(watcher.look().unwrap(), None, "reported already");
}

/// W2: the length is the same, the time of the change hardly another.
#[test]
fn rewrite_of_the_same_length_is_seen_at_once() {
    let (_folder, path) = folder();
    fs::write(&path, "hello").unwrap();
    let mut watcher = Watcher::new(&path).unwrap();
    for contents in ["HELLO", "world", "hello"] {
        fs::write(&path, contents).unwrap();
        assert_eq!(watcher.look().unwrap(), Some(Change::Modified));
    }
}

/// W2: the modification time can be put back by hand, the change time cannot.
#[test]
fn rewrite_that_puts_the_modification_time_back_is_seen() {
    let (_folder, path) = folder();
    fs::write(&path, "hello").unwrap();
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let mut watcher = Watcher::new(&path).unwrap();
    fs::write(&path, "HELLO").unwrap();
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(modified).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), modified);
    assert_eq!(watcher.look().unwrap(), Some(Change::Modified));
}

/// W3: the watcher has looked, then sleeps; what happens until the stop is not lost.
#[rstest]
#[case::created(None, |path: &Path| fs::write(path, "hello").unwrap(), Some(Change::Created))]
#[case::modified(Some("hello"), append, Some(Change::Modified))]
#[case::removed(Some("hello"), |path: &Path| fs::remove_file(path).unwrap(), Some(Change::Removed))]
#[case::nothing(Some("hello"), |_: &Path| (), None)]
fn change_before_the_stop_is_reported_before_the_watcher_ends(
    #[case] before: Option<&str>,
    #[case] act: Act,
    #[case] change: Option<Change>,
) {
    let (_folder, path) = folder();
    before.inspect(|contents| fs::write(&path, contents).unwrap());
    let (stop, mut seen) = (Event::new(), Vec::new());
    let watched = thread::scope(|scope| {
        let watcher = scope.spawn(|| watch_file(&path, NEVER, &stop, |change| seen.push(change)));
        until(|| stop.n_waiting() == 1);
        act(&path);
        stop.set();
        watcher.join().unwrap().unwrap()
    });
    assert_eq!(seen, Vec::from_iter(change));
    let changes = seen.len() as u64;
    assert_eq!(watched, Watched { polls: 2, changes });
}

/// W1: one report a change, in the order of the changes, without a stop in between.
#[test]
fn watcher_reports_each_change_once_and_in_order() {
    let (_folder, path) = folder();
    let stop = Event::new();
    let (report, reports) = mpsc::channel();
    let (interval, on_change) = (Duration::from_millis(1), |change| {
        report.send(change).unwrap();
    });
    let watched = thread::scope(|scope| {
        let watcher = scope.spawn(|| watch_file(&path, interval, &stop, on_change));
        until(|| stop.n_waiting() == 1);
        for _ in 0..3 {
            rename_over(&path, "one");
            assert_eq!(reports.recv().unwrap(), Change::Created);
            rename_over(&path, "two");
            assert_eq!(reports.recv().unwrap(), Change::Replaced);
            fs::remove_file(&path).unwrap();
            assert_eq!(reports.recv().unwrap(), Change::Removed);
        }
        stop.set();
        watcher.join().unwrap().unwrap()
    });
    assert_eq!(watched.changes, 9);
    assert!(watched.polls >= 10);
    assert_eq!(reports.try_recv(), Err(mpsc::TryRecvError::Empty));
}

#[test]
fn stop_that_was_set_before_still_looks_twice() {
    let (_folder, path) = folder();
    let stop = Event::new();
    stop.set();
    let watched = watch_file(&path, NEVER, &stop, |_| unreachable!()).unwrap();
    let expected = Watched {
        polls: 2,
        changes: 0,
    };
    assert_eq!(watched, expected);
}

/// Anything but "not there" is an error that names the file.
#[test]
fn path_that_cannot_be_looked_at_is_an_error_that_names_it() {
    let path = PathBuf::from("a".repeat(5000));
    let stop = Event::new();
    let error = watch_file(&path, NEVER, &stop, |_| unreachable!()).unwrap_err();
    assert!(error.to_string().starts_with("aaaa"), "{error}");
    assert_eq!(
        Watcher::new(path).unwrap_err().kind(),
        std::io::ErrorKind::InvalidFilename
    );
}
