//! One look at a file, and what has changed since the one before.

use std::io;
use std::path::Path;

use super::Change;

/// A file, or that there was none.
pub(super) type Seen = Option<Look>;

/// Enough of a file's metadata to tell any change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    identity: (u64, u64),
    contents: (u64, i128, i128),
}

/// `None`: there is no such file now.
pub(super) fn look(path: &Path) -> io::Result<Seen> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(Some(Look::from(&metadata))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        // The folder's name is a file's now: the file is as gone as can be.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(None),
        Err(error) => Err(io::Error::new(
            error.kind(),
            format!("{}: {error}", path.display()),
        )),
    }
}

pub(super) fn compare(before: &Seen, now: &Seen) -> Option<Change> {
    match (before, now) {
        (None, Some(_)) => Some(Change::Created),
        (Some(_), None) => Some(Change::Removed),
        (Some(a), Some(b)) if a.identity != b.identity => Some(Change::Replaced),
        (Some(a), Some(b)) if a.contents != b.contents => Some(Change::Modified),
        _ => None,
    }
}

#[cfg(unix)]
impl From<&std::fs::Metadata> for Look {
    fn from(file: &std::fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        let ns = |seconds: i64, ns: i64| i128::from(seconds) * 1_000_000_000 + i128::from(ns);
        // The change time cannot be put back by hand, unlike the modification time. But it may move
        // in ticks of some milliseconds: within one the length and the other time are all there is.
        let modified = ns(file.mtime(), file.mtime_nsec());
        let changed = ns(file.ctime(), file.ctime_nsec());
        let contents = (file.len(), modified, changed);
        Self {
            identity: (file.dev(), file.ino()),
            contents,
        }
    }
}

#[cfg(not(unix))]
impl From<&std::fs::Metadata> for Look {
    fn from(file: &std::fs::Metadata) -> Self {
        let ns = |time: io::Result<std::time::SystemTime>| {
            let since = time
                .ok()
                .and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
            since.map_or(0, |d| d.as_nanos() as i128)
        };
        let contents = (file.len(), ns(file.modified()), 0);
        Self {
            identity: (0, ns(file.created()) as u64),
            contents,
        }
    }
}
