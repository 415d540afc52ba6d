//! One look at a file, and what has changed since the one before.
//!
//! ```text
//!   other metadata ──▶ young ── 2 s of the same metadata ──▶ settled
//!                        │ each look reads the contents        │ metadata alone
//!                        └ the same metadata proves nothing    └ they tell any change
//! ```
//!
//! The times of a file move in ticks of its file system: two changes within one tick leave the same
//! metadata, as git says of a "racily clean" entry
//! (<https://git-scm.com/docs/racy-git>). A tick is over once this thread has waited longer than it is
//! long. No clock of the file system's is compared with one of ours, but to tell an old file.

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};
use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use super::Change;
use crate::identity::{self, Found};

/// The longest tick: FAT counts in two seconds.
const TICK: Duration = Duration::from_secs(2);

/// A file is told by its metadata alone if it is longer: to read it at each look would be too much.
const LONGEST: u64 = 8 * 1024 * 1024;

/// How often a file is looked at once more that was changed while it was read.
const TRIES: usize = 3;

/// A file, or that there was none.
pub(super) type Seen = Option<Look>;

#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    metadata: Known,
    young: Option<Young>,
}

/// Enough of a file's metadata to tell any change, once it is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    identity: (u64, u64),
    length: u64,
    modified: i128,
    changed: i128,
}

/// A file whose metadata may stay as they are while its contents change.
#[derive(Clone, Copy, Debug)]
struct Young {
    /// When these metadata were seen first.
    since: Instant,
    /// When this look was.
    looked: Instant,
    contents: Option<u64>,
}

impl Young {
    /// Whether what comes after this look may still fall into the same tick.
    fn is_racy(&self) -> bool {
        self.looked.duration_since(self.since) <= TICK
    }
}

/// `None`: there is no such file now.
pub(super) fn look(path: &Path, before: Option<&Look>) -> io::Result<Seen> {
    let mut tries = 0;
    loop {
        tries += 1;
        let looked = Instant::now();
        let Some(found) = find(path)? else {
            return Ok(None);
        };
        let metadata = Known::from(&found);
        let mut young = match before.filter(|before| before.metadata == metadata) {
            Some(before) => before.young.filter(Young::is_racy),
            None => (!is_old(metadata.changed)).then_some(Young {
                since: looked,
                looked,
                contents: None,
            }),
        };
        if let Some(young) = &mut young {
            young.looked = looked;
            let read = read(path, &found);
            young.contents = read.as_ref().map(|(contents, _)| *contents);
            // Else one change would be told twice: by the contents, and then by the metadata.
            if read.is_some_and(|(_, then)| then != metadata) && tries < TRIES {
                continue;
            }
        }
        return Ok(Some(Look { metadata, young }));
    }
}

fn find(path: &Path) -> io::Result<Option<Found>> {
    match identity::behind(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        // The folder's name is a file's now: the file is as gone as can be.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(None),
        Err(error) => Err(io::Error::new(
            error.kind(),
            format!("{}: {error}", path.display()),
        )),
    }
}

/// What stands for the contents, and the metadata behind them. `None` if they are not to be read: too
/// long, no permission, or no plain file, which might keep a reader waiting.
fn read(path: &Path, found: &Found) -> Option<(u64, Known)> {
    static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    if !found.metadata.is_file() || found.metadata.len() > LONGEST {
        return None;
    }
    let file = File::open(path).ok()?;
    let mut contents = Vec::new();
    (&file).take(LONGEST).read_to_end(&mut contents).ok()?;
    let then = Known::from(&identity::of(&file).ok()?);
    Some((KEYS.hash_one(&contents), then))
}

pub(super) fn compare(before: &Seen, now: &Seen) -> Option<Change> {
    let (before, now) = match (before, now) {
        (None, None) => return None,
        (None, Some(_)) => return Some(Change::Created),
        (Some(_), None) => return Some(Change::Removed),
        (Some(before), Some(now)) => (before, now),
    };
    let contents = |look: &Look| look.young.and_then(|young| young.contents);
    let (was, is) = (contents(before), contents(now));
    let is_rewritten = was.is_some() && is.is_some() && was != is;
    if before.metadata.identity != now.metadata.identity {
        Some(Change::Replaced)
    } else if before.metadata != now.metadata || is_rewritten {
        Some(Change::Modified)
    } else {
        None
    }
}

/// Whether the last change is longer ago than clocks and time zones are apart.
fn is_old(changed: i128) -> bool {
    const A_DAY: i128 = 24 * 60 * 60 * 1_000_000_000;
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH);
    now.is_ok_and(|now| now.as_nanos() as i128 - changed > A_DAY)
}

#[cfg(unix)]
impl From<&Found> for Known {
    fn from(found: &Found) -> Self {
        use std::os::unix::fs::MetadataExt;
        let (file, identity) = (&found.metadata, found.identity);
        let ns = |seconds: i64, ns: i64| i128::from(seconds) * 1_000_000_000 + i128::from(ns);
        Self {
            identity,
            length: file.len(),
            modified: ns(file.mtime(), file.mtime_nsec()),
            // It cannot be put back by hand, unlike the time before.
            changed: ns(file.ctime(), file.ctime_nsec()),
        }
    }
}

#[cfg(windows)]
impl From<&Found> for Known {
    fn from(found: &Found) -> Self {
        use std::os::windows::fs::MetadataExt;
        let (file, identity) = (&found.metadata, found.identity);
        Self {
            identity,
            length: file.len(),
            modified: file.last_write_time().into(),
            // Nobody says: so the file may have changed just now.
            changed: i128::MAX,
        }
    }
}
