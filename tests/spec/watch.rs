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
use threadproof::{Change, Event, Watched, Watcher, watch_file, watch_files};

#[cfg(unix)]
use crate::support::ends;
use crate::support::{PATIENCE, until};

/// Longer than any test.
const NEVER: Duration = Duration::from_secs(3600);

/// Short enough for many looks.
const TICK: Duration = Duration::from_millis(1);

/// Within which a thread does what nothing holds up, on a busy machine too.
const NOW: Duration = Duration::from_secs(5);

/// Stops the watchers of a test that fails, so that it ends.
struct StopAtEnd<'a>(&'a Event);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.set();
    }
}

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

/// W2: the system's clock of files moves in ticks, so that two changes may have the same change time.
#[rstest]
#[case::length(append)]
#[case::modification_time(|path: &Path| {
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
})]
fn change_within_a_tick_of_the_clock_is_seen(#[case] act: Act) {
    let (_folder, path) = folder();
    for round in 0..200 {
        fs::write(&path, "hello").unwrap();
        let mut watcher = Watcher::new(&path).unwrap();
        act(&path);
        let change = watcher.look().unwrap();
        assert_eq!(change, Some(Change::Modified), "round {round}");
    }
}

/// As fast as can be, and of the same length: within a tick neither time tells it.
fn rewrite_many_times_within_ticks(folder: &Path) {
    let path = folder.join("a.txt");
    for round in 0..200 {
        fs::write(&path, "hello").unwrap();
        let mut watcher = Watcher::new(&path).unwrap();
        let mut file = fs::File::options().write(true).open(&path).unwrap();
        file.write_all(b"HELLO").unwrap();
        let change = watcher.look().unwrap();
        assert_eq!(change, Some(Change::Modified), "round {round}");
        assert_eq!(watcher.look().unwrap(), None, "reported already");
    }
}

/// W2: a file that was changed a moment ago may be changed again, and its metadata stays.
#[test]
fn rewrite_of_the_same_length_within_a_tick_is_seen() {
    let (folder, _) = folder();
    rewrite_many_times_within_ticks(folder.path());
}

/// W2: on a file system whose clock is as coarse as all were before Linux 6.13. Only who may mount one
/// can try.
#[cfg(target_os = "linux")]
#[test]
fn rewrite_within_a_coarse_tick_is_seen() {
    const HERE: &str = "THREADPROOF_TEST_ON_A_COARSE_CLOCK";
    if let Some(folder) = std::env::var_os(HERE) {
        return rewrite_many_times_within_ticks(Path::new(&folder));
    }
    let (folder, _) = folder();
    let script = r#"mount -t ramfs none "$0" || exit 77; exec "$@""#;
    let mut alone = std::process::Command::new("unshare");
    alone
        .args(["--mount", "sh", "-c", script])
        .arg(folder.path());
    alone.arg(std::env::current_exe().unwrap());
    alone.args(["--exact", "watch::rewrite_within_a_coarse_tick_is_seen"]);
    match alone.env(HERE, folder.path()).output() {
        Ok(output) if output.status.success() => {
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(said.contains("running 1 test\n"), "no such test: {said}");
        }
        Ok(output) if output.status.code() == Some(101) => panic!("{output:?}"),
        _ => println!("nobody may mount a file system here"),
    }
}

/// W2, and no matter of luck: a page that is dirty already is written to without any new time.
#[cfg(all(target_os = "linux", feature = "processes"))]
#[test]
fn rewrite_that_leaves_all_metadata_is_seen_in_the_contents() {
    use vm_memory::{Bytes, FileOffset, MmapRegion, VolatileMemory};
    let (_folder, path) = folder();
    fs::write(&path, [b'0'; 4096]).unwrap();
    let file = fs::File::options().read(true).write(true).open(&path);
    let offset = FileOffset::new(file.unwrap(), 0);
    let page = MmapRegion::<()>::from_file(offset, 4096).unwrap();
    let write = |byte: u8| page.as_volatile_slice().write_obj(byte, 0).unwrap();
    write(b'1');
    let mut watcher = Watcher::new(&path).unwrap();
    for byte in b"23" {
        write(*byte);
        assert_eq!(watcher.look().unwrap(), Some(Change::Modified));
        assert_eq!(watcher.look().unwrap(), None, "reported already");
    }
}

/// A file that may be looked at and not read, and one of which nobody reads all, are watched all the same.
#[cfg(target_os = "linux")]
#[rstest]
#[case::not_readable(0o000, 5)]
#[case::very_long(0o644, 1 << 40)]
fn file_whose_contents_are_not_read_is_watched_by_its_metadata(
    #[case] mode: u32,
    #[case] length: u64,
) {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, path) = folder();
    let file = fs::File::create(&path).unwrap();
    file.set_len(length).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            look_as_others_do();
            let mut watcher = Watcher::new(&path).unwrap();
            assert_eq!(watcher.look().unwrap(), None);
            file.set_len(length + 1).unwrap();
            assert_eq!(watcher.look().unwrap(), Some(Change::Modified));
        });
    });
}

/// How many bytes this thread has read so far, as Linux counts them.
#[cfg(target_os = "linux")]
fn bytes_read() -> Option<u64> {
    let counts = fs::read_to_string("/proc/thread-self/io").ok()?;
    let count = counts.lines().find_map(|line| line.strip_prefix("rchar: "));
    count?.trim().parse().ok()
}

/// Once the longest tick is over the metadata tell everything.
#[cfg(target_os = "linux")]
#[test]
fn file_that_has_settled_is_not_read_any_more() {
    const LENGTH: u64 = 1 << 20;
    let (_folder, path) = folder();
    fs::write(&path, vec![b'0'; LENGTH as usize]).unwrap();
    let mut watcher = Watcher::new(&path).unwrap();
    let mut read_by_a_look = || {
        let before = bytes_read()?;
        assert_eq!(watcher.look().unwrap(), None);
        Some(bytes_read()? - before)
    };
    let Some(while_young) = read_by_a_look() else {
        return println!("nobody counts here");
    };
    assert!(while_young >= LENGTH);
    thread::sleep(Duration::from_millis(2100));
    let in_turn = [(); 2].map(|()| read_by_a_look().unwrap());
    assert!(in_turn[0] >= LENGTH, "what came before the end of the tick");
    assert!(in_turn[1] < LENGTH);
}

/// A pipe that nobody writes to would hold up whoever reads it.
#[cfg(unix)]
#[test]
fn what_is_no_plain_file_is_not_read() {
    let (_folder, path) = folder();
    crate::support::make_a_pipe(&path);
    let changes = ends(move || {
        let mut watcher = Watcher::new(&path).unwrap();
        [(); 2].map(|()| watcher.look().unwrap())
    });
    assert_eq!(changes, [None, None]);
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
        let _stop = StopAtEnd(&stop);
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

/// Tells its first change, then waits at the gate: so it works, and does not wait on `stop`.
fn busy_watcher<'a>(
    told: &'a mpsc::Sender<Change>,
    gate: &'a Event,
) -> impl FnMut(Change) + Send + 'a {
    move |change| {
        told.send(change).unwrap();
        gate.wait();
    }
}

/// W3: a stop that is set and cleared while the watcher works ends it, and not before a last look.
#[rstest]
#[case::one_file(|path: &Path, stop: &Event, on_change: &mut dyn FnMut(Change)| {
    watch_file(path, TICK, stop, on_change).unwrap()
})]
#[case::many_files(|path: &Path, stop: &Event, on_change: &mut dyn FnMut(Change)| {
    watch_files([path], TICK, stop, |_, change| on_change(change.unwrap()))
})]
fn pulse_while_the_watcher_works_ends_it_after_a_last_look(
    #[case] watch: fn(&Path, &Event, &mut dyn FnMut(Change)) -> Watched,
) {
    let (_folder, path) = folder();
    let (stop, gate) = (Event::new(), Event::new());
    let ((tell, told), (ended, end)) = (mpsc::channel(), mpsc::channel());
    let watched = thread::scope(|scope| {
        let _end = (StopAtEnd(&gate), StopAtEnd(&stop));
        scope.spawn(|| {
            let watched = watch(&path, &stop, &mut busy_watcher(&tell, &gate));
            ended.send(watched).unwrap();
        });
        until(|| stop.n_waiting() == 1);
        fs::write(&path, "hello").unwrap();
        assert_eq!(told.recv_timeout(PATIENCE).unwrap(), Change::Created);
        stop.set();
        stop.clear();
        fs::remove_file(&path).unwrap();
        gate.set();
        end.recv_timeout(NOW).expect("the watcher has ended")
    });
    assert_eq!(told.try_recv(), Ok(Change::Removed), "the last look");
    assert_eq!(watched.changes, 2);
}

/// W3: the first look is part of the work.
#[cfg(unix)]
#[test]
fn pulse_in_the_first_look_ends_a_watcher_of_many() {
    let (folder, _) = folder();
    let door = Door::of(folder.path());
    door.close();
    let path = door.0.join("a.txt");
    let (watched, troubles) = ends(move || {
        let (stop, mut troubles) = (Event::new(), 0);
        let watched = watch_files([&path], NEVER, &stop, |_, trouble| {
            assert!(trouble.is_err());
            troubles += 1;
            stop.set();
            stop.clear();
        });
        (watched, troubles)
    });
    assert_eq!((watched.polls, troubles), (2, 1));
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
        let _stop = StopAtEnd(&stop);
        let watcher = scope.spawn(|| watch_file(&path, interval, &stop, on_change));
        until(|| stop.n_waiting() == 1);
        for _ in 0..3 {
            rename_over(&path, "one");
            assert_eq!(reports.recv_timeout(PATIENCE).unwrap(), Change::Created);
            rename_over(&path, "two");
            assert_eq!(reports.recv_timeout(PATIENCE).unwrap(), Change::Replaced);
            fs::remove_file(&path).unwrap();
            assert_eq!(reports.recv_timeout(PATIENCE).unwrap(), Change::Removed);
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
#[rstest]
#[case::too_long("a".repeat(5000), std::io::ErrorKind::InvalidFilename)]
#[case::with_a_zero("aaaa\0".to_owned(), std::io::ErrorKind::InvalidInput)]
fn path_that_cannot_be_looked_at_is_an_error_that_names_it(
    #[case] path: String,
    #[case] kind: std::io::ErrorKind,
) {
    let path = PathBuf::from(path);
    let stop = Event::new();
    stop.set();
    let error = watch_file(&path, NEVER, &stop, |_| unreachable!()).unwrap_err();
    assert!(error.to_string().starts_with("aaaa"), "{error}");
    assert_eq!(Watcher::new(path).unwrap_err().kind(), kind);
}

/// W1: a folder that is missing is as good as a missing file.
#[test]
fn folder_that_is_missing_at_first_may_come_and_go() {
    let (_folder, path) = folder();
    let path = path.with_file_name("missing").join("a.txt");
    let mut watcher = Watcher::new(&path).unwrap();
    for _ in 0..2 {
        assert_eq!(watcher.look().unwrap(), None);
        fs::create_dir(path.parent().unwrap()).unwrap();
        assert_eq!(watcher.look().unwrap(), None, "no file yet");
        fs::write(&path, "hello").unwrap();
        assert_eq!(watcher.look().unwrap(), Some(Change::Created));
        fs::remove_dir_all(path.parent().unwrap()).unwrap();
        assert_eq!(watcher.look().unwrap(), Some(Change::Removed));
    }
}

/// What a watcher of many files says, with the file's name in front.
type News = (String, Result<Change, std::io::ErrorKind>);

fn news(path: &Path, change: std::io::Result<Change>) -> News {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    (name, change.map_err(|error| error.kind()))
}

/// A folder behind a link, which can be closed and opened again in one step.
#[cfg(unix)]
struct Door(PathBuf);

#[cfg(unix)]
impl Door {
    fn of(folder: &Path) -> Self {
        fs::create_dir(folder.join("inside")).unwrap();
        let door = Self(folder.join("door"));
        door.open();
        door
    }

    fn inside(&self) -> PathBuf {
        self.0.with_file_name("inside")
    }

    fn open(&self) {
        self.lead_to(&self.inside());
    }

    /// A link to itself is a circle, into which not even root can look.
    fn close(&self) {
        self.lead_to(&self.0);
    }

    fn lead_to(&self, place: &Path) {
        let new = self.0.with_extension("new");
        std::os::unix::fs::symlink(place, &new).unwrap();
        fs::rename(new, &self.0).unwrap();
    }
}

/// What the system says then; the kind has no stable name.
#[cfg(unix)]
fn a_loop() -> std::io::ErrorKind {
    std::io::Error::from(rustix::io::Errno::LOOP).kind()
}

/// W1, many files on one thread.
#[test]
fn one_watcher_watches_many_files() {
    let (folder, _) = folder();
    let paths: Vec<PathBuf> = (0..50).map(|n| folder.path().join(n.to_string())).collect();
    paths[..25]
        .iter()
        .for_each(|path| fs::write(path, "old").unwrap());
    let (stop, mut seen) = (Event::new(), Vec::new());
    let watched = thread::scope(|scope| {
        let _stop = StopAtEnd(&stop);
        let on_news = |path: &Path, change| seen.push(news(path, change));
        let watcher = scope.spawn(|| watch_files(&paths, NEVER, &stop, on_news));
        until(|| stop.n_waiting() == 1);
        append(&paths[3]);
        fs::remove_file(&paths[5]).unwrap();
        rename_over(&paths[7], "other");
        fs::write(&paths[49], "hello").unwrap();
        stop.set();
        watcher.join().unwrap()
    });
    let expected = [
        ("3", Change::Modified),
        ("5", Change::Removed),
        ("7", Change::Replaced),
        ("49", Change::Created),
    ];
    let expected = expected.map(|(name, change)| (name.to_owned(), Ok(change)));
    assert_eq!(seen, expected);
    let (polls, changes) = (2, 4);
    assert_eq!(watched, Watched { polls, changes });
}

/// Trouble with one file is told once, ends nothing, and hides no change of another.
#[cfg(unix)]
#[test]
fn file_that_cannot_be_looked_at_is_reported_once_and_the_others_are_watched_on() {
    let (folder, other) = folder();
    let door = Door::of(folder.path());
    let path = door.0.join("b.txt");
    fs::write(&path, "hello").unwrap();
    let (stop, (tell, told)) = (Event::new(), mpsc::channel());
    let trouble = ("b.txt".to_owned(), Err(a_loop()));
    let said = |name: &str, change| (name.to_owned(), Ok(change));
    thread::scope(|scope| {
        let _stop = StopAtEnd(&stop);
        let on_news = move |path: &Path, change| tell.send(news(path, change)).unwrap();
        let watcher = scope.spawn(|| watch_files([&path, &other], TICK, &stop, on_news));
        // The first look reports no change, whenever it comes.
        until(|| stop.n_waiting() == 1);
        for round in 0..3 {
            door.close();
            assert_eq!(told.recv_timeout(PATIENCE).unwrap(), trouble);
            // Many looks later there is still nothing new to say about it.
            rename_over(&other, "hello");
            let change = if round == 0 {
                Change::Created
            } else {
                Change::Replaced
            };
            assert_eq!(told.recv_timeout(PATIENCE).unwrap(), said("a.txt", change));
            append(&door.inside().join("b.txt"));
            door.open();
            assert_eq!(
                told.recv_timeout(PATIENCE).unwrap(),
                said("b.txt", Change::Modified)
            );
        }
        stop.set();
        assert_eq!(watcher.join().unwrap().changes, 6);
    });
    assert_eq!(told.try_recv(), Err(mpsc::TryRecvError::Disconnected));
}

/// Root can look everywhere. On Linux a thread can do without that.
#[cfg(target_os = "linux")]
fn look_as_others_do() {
    use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
    let mut rights = capabilities(None).unwrap();
    rights.effective -= CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH;
    set_capabilities(None, rights).unwrap();
}

#[cfg(unix)]
#[test]
fn want_of_permission_is_reported_once_and_not_fatal() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, other) = folder();
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    let path = closed.join("b.txt");
    fs::write(&path, "hello").unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    let (stop, mut seen) = (Event::new(), Vec::new());
    thread::scope(|scope| {
        let _stop = StopAtEnd(&stop);
        let on_news = |path: &Path, change| seen.push(news(path, change));
        let watcher = scope.spawn(|| {
            #[cfg(target_os = "linux")]
            look_as_others_do();
            assert!(fs::metadata(&path).is_err(), "run this as another user");
            watch_files([&path, &other], NEVER, &stop, on_news)
        });
        until(|| stop.n_waiting() == 1 || watcher.is_finished());
        fs::write(&other, "hello").unwrap();
        stop.set();
        watcher.join().unwrap()
    });
    let denied = (
        "b.txt".to_owned(),
        Err(std::io::ErrorKind::PermissionDenied),
    );
    assert_eq!(seen, [denied, ("a.txt".to_owned(), Ok(Change::Created))]);
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A single watcher outlives trouble, and its result tells it only if it lasts to the end.
#[cfg(unix)]
#[rstest]
fn trouble_that_passes_is_no_error_and_trouble_that_lasts_is(#[values(true, false)] passes: bool) {
    let (folder, _) = folder();
    let door = Door::of(folder.path());
    let path = door.0.join("a.txt");
    fs::write(&path, "hello").unwrap();
    let (stop, mut seen) = (Event::new(), Vec::new());
    let watched = thread::scope(|scope| {
        let _stop = StopAtEnd(&stop);
        let watcher = scope.spawn(|| watch_file(&path, TICK, &stop, |change| seen.push(change)));
        until(|| stop.n_waiting() == 1);
        door.close();
        // Time for some looks. Were there none, the test would see less, and not fail.
        thread::sleep(20 * TICK);
        assert!(!watcher.is_finished());
        if passes {
            append(&door.inside().join("a.txt"));
            door.open();
        }
        stop.set();
        watcher.join().unwrap()
    });
    if passes {
        assert_eq!(watched.unwrap().changes, 1);
        assert_eq!(seen, [Change::Modified]);
    } else {
        let error = watched.unwrap_err();
        assert_eq!(error.kind(), a_loop());
        assert!(error.to_string().contains("a.txt"), "{error}");
        assert_eq!(seen, []);
    }
}
