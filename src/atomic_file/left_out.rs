//! What a file system could not do for a file that is complete and in its place all the same.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::identity;

/// A step that a file system does not know, or this program may not take. All the rest is done: a file that is
/// complete is in its place.
///
/// Needs the feature `download`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    step: Step,
    folder: PathBuf,
    why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(
    windows,
    allow(dead_code, reason = "a new file has its folder's rights")
)]
pub(crate) enum Step {
    /// To be there after a power cut.
    Durable,
    /// To be open to those who could read the old file.
    Permissions,
    /// To belong to whom the old file belonged.
    Owner,
    /// To be kept in part, for a download that goes on another time: that takes locks.
    Kept,
}

/// By the file system, of which there are few: a program may write into any number of folders.
static LEFT_OUT: Mutex<BTreeMap<(Step, u64), LeftOut>> = Mutex::new(BTreeMap::new());

/// What was left out in this process so far: once for each file system and step, with the first folder
/// where it was.
///
/// An error instead would throw away complete files for the sake of what nobody can have there.
/// Whoever writes files for a user tells this at the end, as the program does.
///
/// # Examples
/// ```
/// use threadproof::AtomicFile;
/// use threadproof::atomic_file::left_out;
///
/// let folder = tempfile::tempdir()?;
/// AtomicFile::create(folder.path().join("a.txt"))?.commit()?;
/// for step in left_out() {
///     eprintln!("note: {step}");
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn left_out() -> Vec<LeftOut> {
    let noted = LEFT_OUT.lock().unwrap_or_else(PoisonError::into_inner);
    noted.values().cloned().collect()
}

/// Notes that a step was left out for a file in `folder`.
pub(crate) fn note(step: Step, folder: &Path, why: &io::Error) {
    let file_system = file_system_of(folder);
    let mut noted = LEFT_OUT.lock().unwrap_or_else(PoisonError::into_inner);
    noted.entry((step, file_system)).or_insert_with(|| LeftOut {
        step,
        folder: folder.to_owned(),
        why: why.to_string(),
    });
}

/// The outcome of a step, unless the file system does not know it: then that is noted.
pub(crate) fn unless_unsupported(
    done: io::Result<()>,
    step: Step,
    folder: &Path,
) -> io::Result<()> {
    match done {
        Err(error) if is_unsupported(&error) => {
            note(step, folder, &error);
            Ok(())
        }
        done => done,
    }
}

/// EINVAL, EOPNOTSUPP, ENOSYS; an error of a disk is another one.
pub(super) fn is_unsupported(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::InvalidInput | ErrorKind::Unsupported
    )
}

fn file_system_of(folder: &Path) -> u64 {
    identity::behind(folder).map_or(0, |found| found.identity.0)
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (folder, why) = (self.folder.display(), &self.why);
        let what = match self.step {
            Step::Durable => "a file may not outlive a power cut",
            Step::Permissions => "who may read a file is not passed on to what replaces it",
            Step::Owner => {
                "the owner of a file, or its group, is not passed on to what replaces it"
            }
            Step::Kept => "what comes of a download that is cut is not kept",
        };
        write!(f, "{folder}: {what} ({why})")
    }
}
