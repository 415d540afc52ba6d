//! Watching files until told to stop: the notebook's watcher, which here really looks.
//!
//! ```text
//!            ┌──────────── every interval, or at once when `stop` is set ───────────┐
//!   look ──▶ compare with the last look ──▶ report Created │ Modified │ Replaced │ Removed
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | a look | nothing | asks the system for the file's metadata; reads it while it is young | nobody |
//! | the sleep | nothing | waits on `stop` | ends at once when `stop` is set |
//!
//! A stop counts whenever it comes: one that is set and cleared during a look, or while a change is
//! reported, ends the next sleep before it begins.
//!
//! After the stop it looks once more: what was changed before the stop is reported. A file that
//! cannot be looked at is trouble, not a change; whoever watches goes on and sees it come back.

mod look;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use self::look::{Seen, compare, look};
use crate::event::{Event, Wait};

/// What happened to the file between two looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// There was no file, now there is one.
    Created,
    /// The same file has other contents or other times; or a new one has the old one's inode.
    Modified,
    /// Another file stands at the path: renamed over the old one, or made after that was removed.
    Replaced,
    /// The file is gone.
    Removed,
}

/// What a watcher did until it was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watched {
    /// How often it looked, the first look and the last one included.
    pub polls: u64,
    /// How many changes it reported.
    pub changes: u64,
}

impl Watched {
    /// After the first look.
    const BEGUN: Self = Self {
        polls: 1,
        changes: 0,
    };
}

/// Looks at `path` every `interval` and calls `on_change` for each change, until `stop` is set.
///
/// A file that is not there is a state and no error. Two changes between two looks are one at most;
/// a rewrite of the same length is seen, also one that puts the old modification time back, or follows
/// a change so soon that the file system has no other time for it: for two seconds after each
/// change the file is read, and its contents are compared.
///
/// Windows tells no time of a change that cannot be put back: there only those two seconds show such a rewrite.
/// And whoever renames over the file just while it is read may be refused there, for that moment.
///
/// Not read is a file of more than 8 MiB, or one that may not be read: of that, a rewrite of the same
/// length within one tick of the file system's clock goes unseen. So may a write through a memory
/// mapping, which has a time only when the system sees fit.
///
/// # Blocking
/// Until `stop` is set, then for one more look. A `set` that a `clear` follows at once counts,
/// whatever the watcher does at that moment.
///
/// # Errors
/// What the system says about the file, other than that it is not there: at once if it says so at
/// the first look, and after the stop if it says so at the last. In between the watcher goes on, and
/// compares with the last look that succeeded; [`watch_files`] reports such trouble as it comes.
///
/// # Differences from Python
/// The notebook's loop prints "Watching a.txt" and sleeps two seconds: it never looks at the file,
/// and a stop waits for the sleep to end.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use threadproof::{Change, Event, watch_file};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("a.txt");
/// let (stop, mut changes) = (Event::new(), Vec::new());
/// std::thread::scope(|scope| {
///     let watcher = scope.spawn(|| {
///         watch_file(&path, Duration::from_secs(3600), &stop, |change| changes.push(change))
///     });
///     while stop.n_waiting() == 0 { std::thread::yield_now() }
///     std::fs::write(&path, "hello")?;
///     stop.set();
///     watcher.join().unwrap()
/// })?;
/// assert_eq!(changes, [Change::Created]);
/// # Ok::<(), std::io::Error>(())
/// ```
// ANCHOR: watch_file
pub fn watch_file(
    path: &Path,
    interval: Duration,
    stop: &Event,
    mut on_change: impl FnMut(Change),
) -> io::Result<Watched> {
    // Noted once: a stop that is set and cleared while this thread looks or reports ends it, too.
    let begun = stop.generation();
    let mut watcher = Watcher::new(path)?;
    let mut watched = Watched::BEGUN;
    loop {
        let wait = stop.wait_since(begun, interval);
        watched.polls += 1;
        let look = watcher.look();
        if let Ok(Some(change)) = look {
            watched.changes += 1;
            on_change(change);
        }
        if wait == Wait::Set {
            return look.map(|_| watched);
        }
    }
}
// ANCHOR_END: watch_file

/// Watches many files from one thread: as [`watch_file`], with the path in front of each change.
///
/// A file that cannot be looked at, for want of permission for instance, is reported once as an
/// error, and again only when the reason is another or the file could be seen in between. The
/// others are watched all the same. `polls` counts rounds, not files.
///
/// # Blocking
/// As [`watch_file`]; the last look is one at each file.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use threadproof::{Change, Event, watch_files};
///
/// let folder = tempfile::tempdir()?;
/// let paths = ["a.txt", "b.txt"].map(|name| folder.path().join(name));
/// let (stop, mut changes) = (Event::new(), Vec::new());
/// std::thread::scope(|scope| {
///     let watcher = scope.spawn(|| {
///         watch_files(&paths, Duration::from_secs(3600), &stop, |path, change| {
///             changes.push((path.to_owned(), change.unwrap()));
///         })
///     });
///     while stop.n_waiting() == 0 { std::thread::yield_now() }
///     std::fs::write(&paths[1], "hello").unwrap();
///     stop.set();
///     watcher.join().unwrap()
/// });
/// assert_eq!(changes, [(paths[1].clone(), Change::Created)]);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn watch_files<P: AsRef<Path>>(
    paths: impl IntoIterator<Item = P>,
    interval: Duration,
    stop: &Event,
    mut on_news: impl FnMut(&Path, io::Result<Change>),
) -> Watched {
    let begun = stop.generation();
    let paths = paths.into_iter();
    let mut files: Vec<_> = paths
        .map(|path| (Watcher::unseen(path.as_ref()), None))
        .collect();
    let mut watched = Watched::BEGUN;
    let mut look_at_all = |watched: &mut Watched| {
        for (watcher, trouble) in &mut files {
            match watcher.look() {
                Ok(change) => {
                    *trouble = None;
                    if let Some(change) = change {
                        watched.changes += 1;
                        on_news(&watcher.path, Ok(change));
                    }
                }
                Err(error) => {
                    let kind = error.kind();
                    if trouble.replace(kind) != Some(kind) {
                        on_news(&watcher.path, Err(error));
                    }
                }
            }
        }
    };
    look_at_all(&mut watched);
    loop {
        let wait = stop.wait_since(begun, interval);
        watched.polls += 1;
        look_at_all(&mut watched);
        if wait == Wait::Set {
            return watched;
        }
    }
}

/// The looks of [`watch_file`] one at a time, for a loop of your own.
///
/// # Examples
/// ```
/// use threadproof::{Change, Watcher};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("a.txt");
/// let mut watcher = Watcher::new(&path)?;
/// assert_eq!(watcher.look()?, None);
/// std::fs::write(&path, "hello")?;
/// assert_eq!(watcher.look()?, Some(Change::Created));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Watcher {
    path: PathBuf,
    /// What the last look that succeeded saw.
    before: Option<Seen>,
}

impl Watcher {
    /// Looks for the first time; a file that is not there is no error.
    ///
    /// # Errors
    /// What the system says about the file, other than that it is not there.
    pub fn new(path: impl Into<PathBuf>) -> io::Result<Self> {
        let mut watcher = Self::unseen(path);
        watcher.look()?;
        Ok(watcher)
    }

    /// The first look is yet to come; it reports no change.
    fn unseen(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self { path, before: None }
    }

    /// Looks again: what has changed since the last look. Never waits.
    ///
    /// # Errors
    /// As [`new`](Self::new); the next look compares with the last one that succeeded.
    pub fn look(&mut self) -> io::Result<Option<Change>> {
        let now = look(&self.path, self.before.as_ref().and_then(Option::as_ref))?;
        let before = self.before.replace(now);
        Ok(before.and_then(|before| compare(&before, &now)))
    }
}
