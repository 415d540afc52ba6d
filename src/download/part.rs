//! A download that was cut, kept so that the next one goes on where it ended.
//!
//! ```text
//!   .threadproof-NAME.part        the bytes; locked by whoever writes them
//!   .threadproof-NAME.part-note   which version of which URL they are from, how many are durable
//!
//!   begin ──▶ write … write ──▶ commit: fsync, rename to the final path, remove the note
//!     ▲          │ once a second, and in `keep`: fsync the bytes, then replace the note
//!     │          ▼
//!    find ◀── keep, or the program was killed: what the note counts is there
//! ```
//!
//! A part has a note from the first moment on, be it one that counts nothing. So a file of that name without
//! one is somebody's own, and is left to them.
//!
//! **Why the bytes are those of one version.** Bytes are appended only under the lock, and only from
//! an answer that repeats what the note says of its version. A note is written after its bytes are
//! durable, and removed before bytes of another version are written; so whenever the program or the
//! machine stops, the first bytes of the part, as many as the note counts, are of the version that it
//! names. Where there are no locks there are no parts, nor from another user's hands: such a
//! download has a temporary file like any other, and begins again.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::note::{self, Note};
use super::version::Version;
use crate::atomic_file::{self, Step};
use crate::identity;

/// How often a note is written: what a killed program loses at most.
const NOTE_EVERY: Duration = Duration::from_secs(1);

/// More than a note takes, and the folder with it, in the largest blocks that file systems have.
const ROOM_OF_A_NOTE: u64 = 16 * 1024;

/// The first bytes of a file, and which version of it they are from.
pub(super) struct Part {
    file: Locked,
    path: PathBuf,
    version: Version,
    bytes: u64,
    noted: Instant,
}

impl Part {
    /// The part of an earlier download of `url` to `to`, if some of it can be used.
    pub(super) fn find(to: &Path, url: &str) -> io::Result<Option<Self>> {
        let path = note::part_of(to)?;
        let Some(file) = open_locked(&path, None)? else {
            return Ok(None);
        };
        check_is_part(&file, &path)?;
        let Some(note) = Note::read(&path).filter(|note| note.version.is_of(url)) else {
            return Ok(None);
        };
        let bytes = note.bytes.min(file.metadata()?.len());
        if bytes == 0 {
            return Ok(None);
        }
        Self::at(file, path, note.version, bytes).map(Some)
    }

    /// An empty part in place of any that there may be; `None` where there can be none.
    pub(super) fn begin(to: &Path, version: Version) -> io::Result<Option<Self>> {
        let path = note::part_of(to)?;
        // Of what replaces a private file nobody else may have read a part.
        let mode = atomic_file::mode_of_new(&atomic_file::permissions_of(to)?);
        let Some(file) = open_locked(&path, Some(mode))? else {
            return Ok(None);
        };
        check_is_part(&file, &path)?;
        Self::emptied(file, path, version).map(Some)
    }

    /// Removes what there may be of a part that nobody could use.
    pub(super) fn forget(to: &Path) -> io::Result<()> {
        let path = note::part_of(to)?;
        match open_locked(&path, None)? {
            Some(part) => {
                check_is_part(&part, &path)?;
                fs::remove_file(&path)?;
                Note::forget(&path)
            }
            None => {
                // Without a part a note is of no use to anybody; it may be another user's.
                let _ = Note::forget(&path);
                Ok(())
            }
        }
    }

    /// The same file, emptied for another version.
    pub(super) fn begin_again(self, version: Version) -> io::Result<Self> {
        Self::emptied(self.file, self.path, version)
    }

    /// Empty first: whenever the program stops meanwhile, what is there is one of our parts, or nothing.
    fn emptied(file: Locked, path: PathBuf, version: Version) -> io::Result<Self> {
        file.set_len(0)?;
        Note::forget(&path)?;
        let (part, note) = (
            Self::at(file, path, version.clone(), 0)?,
            Note { version, bytes: 0 },
        );
        if let Err(error) = note.begin(&part.path) {
            let _ = fs::remove_file(&part.path);
            return Err(error);
        }
        Ok(part)
    }

    /// Only the first `bytes` are known to be of this version: what is behind them goes.
    fn at(mut file: Locked, path: PathBuf, version: Version, bytes: u64) -> io::Result<Self> {
        file.set_len(bytes)?;
        file.seek(SeekFrom::Start(bytes))?;
        let noted = Instant::now();
        Ok(Self {
            file,
            path,
            version,
            bytes,
            noted,
        })
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn version(&self) -> &Version {
        &self.version
    }

    /// Counts what was written, also if the disk is full before all of it is.
    pub(super) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut left = bytes;
        while !left.is_empty() {
            match self.file.write(left) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.bytes += written as u64;
                    left = &left[written..];
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if self.noted.elapsed() >= NOTE_EVERY {
            self.note()?;
        }
        Ok(())
    }

    fn note(&mut self) -> io::Result<()> {
        atomic_file::check_is_at(&self.file, &self.path)?;
        let folder = note::folder_of(&self.path);
        atomic_file::unless_unsupported(self.file.sync_data(), Step::Durable, folder)?;
        let (version, bytes) = (self.version.clone(), self.bytes);
        Note { version, bytes }.write(&self.path)?;
        self.noted = Instant::now();
        Ok(())
    }

    /// Leaves the part for another time.
    pub(super) fn keep(mut self) -> io::Result<()> {
        if self.bytes == 0 {
            return self.discard();
        }
        let Err(error) = self.note() else {
            return Ok(());
        };
        // A disk may be full: then the note gets the room of the last bytes.
        self.bytes = self.bytes.saturating_sub(ROOM_OF_A_NOTE);
        if self.bytes > 0 && self.file.set_len(self.bytes).is_ok() && self.note().is_ok() {
            return Ok(());
        }
        // Without a note that counts something a part is of no use; one from before still says the truth.
        if Note::read(&self.path).is_none_or(|note| note.bytes == 0) || !self.is_there() {
            self.discard()?;
        }
        Err(error)
    }

    fn is_there(&self) -> bool {
        atomic_file::is_at(&self.file, &self.path).unwrap_or(false)
    }

    /// Leaves nothing.
    pub(super) fn discard(self) -> io::Result<()> {
        // Beside what is somebody else's by now our note would vouch for their bytes.
        let is_ours = atomic_file::check_is_at(&self.file, &self.path);
        let removed = is_ours.and_then(|()| fs::remove_file(&self.path));
        Note::forget(&self.path).and(removed)
    }

    /// Makes the part the file at `to`, over whatever was there; it stays a part if that fails.
    pub(super) fn commit(self, to: &Path) -> io::Result<()> {
        let rename = |part: &Path| atomic_file::rename(part, to);
        match atomic_file::put_in_place(&self.file, &*self.path, to, None, rename) {
            Ok(()) => {
                // The file is in its place; a note without a part does no harm.
                let _ = Note::forget(&self.path);
                Ok(())
            }
            Err(error) => {
                // Of the two errors the first is the one to mend.
                let _ = self.keep();
                Err(error)
            }
        }
    }
}

/// A file that nobody else writes to.
struct Locked(File);

/// To close it would not be enough: a child process that is just being started has it open, too,
/// and would keep the lock until it has become another program.
impl Drop for Locked {
    fn drop(&mut self) {
        // If the system refuses that, the lock ends when the last one has closed the file.
        let _ = self.0.unlock();
    }
}

impl Deref for Locked {
    type Target = File;

    fn deref(&self) -> &File {
        &self.0
    }
}

impl DerefMut for Locked {
    fn deref_mut(&mut self) -> &mut File {
        &mut self.0
    }
}

/// The part at `path`, locked; made with the mode `new`, if there is none and one is to be made.
///
/// `None` also where there can be no part: the file system has no locks, or it is another user's.
fn open_locked(path: &Path, new: Option<u32>) -> io::Result<Option<Locked>> {
    loop {
        let (file, is_new) = match open(path, new) {
            Ok(opened) => opened,
            Err(error) if error.kind() == ErrorKind::NotFound && new.is_none() => return Ok(None),
            Err(_) if is_foreign(path) => return Ok(None),
            Err(error) => return Err(not_plain(path).unwrap_or_else(|| note::at(path, &error))),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let why = format!("{} belongs to a download that runs", path.display());
                return Err(io::Error::new(ErrorKind::ResourceBusy, why));
            }
            Err(TryLockError::Error(error)) => {
                atomic_file::note(Step::Kept, note::folder_of(path), &error);
                return match is_new {
                    true => fs::remove_file(path).map(|()| None),
                    false => Ok(None),
                };
            }
        }
        let file = Locked(file);
        // Who had the lock before may have renamed the file meanwhile: then it is theirs.
        if !atomic_file::is_at(&file, path)? {
            continue;
        }
        // What was made just now is ours, whomever the file system gives it to.
        if is_new || note::is_ours_alone(&file)? {
            return Ok(Some(file));
        }
        return not_plain(path).map_or(Ok(None), Err);
    }
}

/// An error for what has no note and something in it: it is no part of ours.
fn check_is_part(file: &File, path: &Path) -> io::Result<()> {
    if Note::is_there(path) || file.metadata()?.len() == 0 {
        return Ok(());
    }
    let why = format!(
        "{}: it is no part of a download; move it elsewhere",
        path.display()
    );
    Err(io::Error::new(ErrorKind::AlreadyExists, why))
}

/// Opens the part; says whether it was made for that.
fn open(path: &Path, new: Option<u32>) -> io::Result<(File, bool)> {
    let mut options = File::options();
    let options = note::plain(options.read(true).write(true));
    match (options.open(path), new) {
        (Err(error), Some(mode)) if error.kind() == ErrorKind::NotFound => {
            let _ = mode;
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(options, mode);
            match options.create_new(true).open(path) {
                // Somebody was faster.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => open(path, new),
                made => {
                    let made = made?;
                    #[cfg(unix)]
                    open_to_its_owner(&made)?;
                    Ok((made, true))
                }
            }
        }
        (opened, _) => Ok((opened?, false)),
    }
}

/// A umask may take even that away, and then the next program could not go on.
#[cfg(unix)]
fn open_to_its_owner(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mut permissions = file.metadata()?.permissions();
    let mode = permissions.mode();
    if mode & 0o600 != 0o600 {
        permissions.set_mode(mode | 0o600);
        file.set_permissions(permissions)?;
    }
    Ok(())
}

/// An error if no file of one name stands there: nobody but the user can say what that is for.
fn not_plain(path: &Path) -> Option<io::Error> {
    let found = identity::at(path).ok()?;
    let what = match found.names {
        _ if !found.metadata.is_file() => "is no file",
        2.. => "has a second name",
        _ => return None,
    };
    let why = format!("{} {what}: remove it", path.display());
    Some(io::Error::new(ErrorKind::InvalidInput, why))
}

/// Whether another user's plain file stands there.
fn is_foreign(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_file() && !note::is_of_this_user(&found))
}
