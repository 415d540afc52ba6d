//! What is known of a part, in a file beside it.
//!
//! ```text
//!   .threadproof-NAME.part-note     {"version": …, "bytes": 6000}
//! ```
//!
//! A note is taken for one only if it is a plain file of ours, with no second name, short, and says
//! something that can be asked for. Whatever else stands there is no note.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::TempPath;

use super::version::Version;
use crate::{atomic_file, identity};

/// More than any note has.
const LONGEST: u64 = 64 * 1024;

/// With longer names the hidden files' own would not fit where names may be short.
const LONGEST_NAME: usize = 100;

/// Which version the bytes of a part are from, and how many of them are durable.
#[derive(Serialize, Deserialize)]
pub(super) struct Note {
    pub(super) version: Version,
    pub(super) bytes: u64,
}

impl Note {
    /// The note of the part at `part`, if there is one that can be used.
    pub(super) fn read(part: &Path) -> Option<Self> {
        let mut options = File::options();
        let file = plain(options.read(true)).open(path_of(part)).ok()?;
        if !is_ours_alone(&file).ok()? {
            return None;
        }
        let mut text = Vec::new();
        file.take(LONGEST).read_to_end(&mut text).ok()?;
        let note = serde_json::from_slice::<Self>(&text).ok()?;
        note.version.is_sound().then_some(note)
    }

    /// Whether something stands where the note of the part would be, be it a note or not.
    pub(super) fn is_there(part: &Path) -> bool {
        fs::symlink_metadata(path_of(part)).is_ok()
    }

    /// The first note, which counts nothing: it need not outlive a power cut.
    pub(super) fn begin(&self, part: &Path) -> io::Result<()> {
        let (_, temporary) = self.written(part)?;
        atomic_file::persist(temporary, &path_of(part))
    }

    pub(super) fn write(&self, part: &Path) -> io::Result<()> {
        let (path, (file, temporary)) = (path_of(part), self.written(part)?);
        let rename = |temporary| atomic_file::persist(temporary, &path);
        atomic_file::put_in_place(&file, temporary, &path, None, rename)
    }

    /// Its owner's alone: it says what was asked for, which may hold a signature. Who writes it has the
    /// part's lock, so there is one new note at a time: one that a killed program left is removed.
    fn written(&self, part: &Path) -> io::Result<(File, TempPath)> {
        let new = new_path_of(part);
        remove(&new)?;
        let temporary = TempPath::try_from_path(&new)?;
        let mut options = File::options();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = plain(options.write(true).create_new(true)).open(&new)?;
        serde_json::to_writer(&file, self)?;
        Ok((file, temporary))
    }

    /// Removes the note for good, so that it never stands beside bytes of another version.
    pub(super) fn forget(part: &Path) -> io::Result<()> {
        // It vouches for nothing, so it may come back.
        let _ = remove(&new_path_of(part));
        match remove(&path_of(part))? {
            true => atomic_file::sync_folder_of(part),
            false => Ok(()),
        }
    }
}

/// Removes what is at `path`, and says whether something was.
fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(at(path, &error)),
    }
}

/// The error of something done to `path`, with its name.
pub(super) fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Where a part and its note are; both have absolute paths.
pub(super) fn folder_of(part: &Path) -> &Path {
    part.parent().unwrap_or(part)
}

fn path_of(part: &Path) -> PathBuf {
    part.with_extension("part-note")
}

/// Where a note is written before it takes the place of the last one.
fn new_path_of(part: &Path) -> PathBuf {
    part.with_extension("part-note-new")
}

/// Where the part of the file `to` is.
pub(super) fn part_of(to: &Path) -> io::Result<PathBuf> {
    let name = to.file_name().ok_or_else(|| atomic_file::no_name(to))?;
    let mut hidden = OsString::from(atomic_file::HIDDEN);
    match name.len() {
        0..=LONGEST_NAME => hidden.push(name),
        _ => hidden.push(format!("{:016x}", fnv(name.as_encoded_bytes()))),
    }
    hidden.push(".part");
    Ok(to.with_file_name(hidden))
}

/// The same number in every program: FNV-1a. Two names with one number share a part, whose note says
/// which URL it is of. <http://www.isthe.com/chongo/tech/comp/fnv/>
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Opens no link, and waits for nobody at the other end of a pipe.
pub(super) fn plain(options: &mut fs::OpenOptions) -> &mut fs::OpenOptions {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.custom_flags(flags.bits().cast_signed());
    }
    #[cfg(windows)]
    {
        use std::os::windows::fs::OpenOptionsExt;
        const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;
        options.custom_flags(FILE_FLAG_OPEN_REPARSE_POINT);
    }
    options
}

/// Whether a file that is open is a plain one of this user, with one name.
pub(super) fn is_ours_alone(file: &File) -> io::Result<bool> {
    let found = identity::of(file)?;
    Ok(found.metadata.is_file() && found.names == 1 && is_of_this_user(&found.metadata))
}

#[cfg(unix)]
pub(super) fn is_of_this_user(found: &fs::Metadata) -> bool {
    let user = rustix::process::geteuid().as_raw();
    std::os::unix::fs::MetadataExt::uid(found) == user
}

/// Without `unsafe` nobody can ask: what may be written to counts as ours.
#[cfg(windows)]
pub(super) fn is_of_this_user(_: &fs::Metadata) -> bool {
    true
}
