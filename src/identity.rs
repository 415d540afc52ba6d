//! Which file it is: two names of one file have the same identity, two files at one time never have.
//!
//! ```text
//!   behind(path) ── the file that a link leads to ─┐
//!   at(path) ────── the link itself ───────────────┼──▶ Found { metadata, identity, names }
//!   of(file) ────── an open file ──────────────────┘
//! ```
//!
//! Unix has device and inode among a file's metadata. On Windows a file has to be opened, for no right at
//! all, and tells its volume and its index there: <https://learn.microsoft.com/en-us/windows/win32/api/fileapi/ns-fileapi-by_handle_file_information>.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) metadata: Metadata,
    /// The file system, and the file in it.
    pub(crate) identity: (u64, u64),
    /// How many names the file has.
    #[cfg_attr(
        not(feature = "download"),
        allow(dead_code, reason = "of a part alone")
    )]
    pub(crate) names: u64,
}

#[cfg(unix)]
mod system {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    pub(crate) fn behind(path: &Path) -> io::Result<Found> {
        std::fs::metadata(path).map(found)
    }

    #[cfg(feature = "download")]
    pub(crate) fn at(path: &Path) -> io::Result<Found> {
        std::fs::symlink_metadata(path).map(found)
    }

    pub(crate) fn of(file: &File) -> io::Result<Found> {
        file.metadata().map(found)
    }

    fn found(metadata: Metadata) -> Found {
        Found {
            identity: (metadata.dev(), metadata.ino()),
            names: metadata.nlink(),
            metadata,
        }
    }
}

#[cfg(windows)]
mod system {
    use super::*;
    use std::os::windows::fs::OpenOptionsExt;

    /// So that a folder can be opened, too.
    const FILE_FLAG_BACKUP_SEMANTICS: u32 = 0x0200_0000;
    /// A link itself.
    #[cfg(feature = "download")]
    const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;

    pub(crate) fn behind(path: &Path) -> io::Result<Found> {
        of(&open(path, FILE_FLAG_BACKUP_SEMANTICS)?)
    }

    #[cfg(feature = "download")]
    pub(crate) fn at(path: &Path) -> io::Result<Found> {
        let flags = FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT;
        of(&open(path, flags)?)
    }

    pub(crate) fn of(file: &File) -> io::Result<Found> {
        let found = winapi_util::file::information(file)?;
        Ok(Found {
            metadata: file.metadata()?,
            identity: (found.volume_serial_number(), found.file_index()),
            names: found.number_of_links(),
        })
    }

    fn open(path: &Path, flags: u32) -> io::Result<File> {
        let mut options = File::options();
        options.access_mode(0).custom_flags(flags).open(path)
    }
}

pub(crate) use system::*;
