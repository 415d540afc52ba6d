//! A file that appears whole or not at all.
//!
//! ```text
//!   create ──▶ temporary file in the same folder ── commit: fsync, rename, fsync the folder ──▶ path
//!     │              └── drop: removed, `path` was never touched
//!     └── refused: at `path` is a folder, a device, a pipe or a socket
//! ```
//!
//! At every instant `path` names what was there before, or the complete new file: renaming within
//! one folder is one step for everybody who looks. A program that is killed before the commit may
//! leave the temporary file (its name begins with `.threadproof-`), never half a file at `path`.
//!
//! Nobody else may read new contents before the commit if an old file is there: how private that is
//! is passed on in the last moment, when it is known for sure. What `path` means, on the other hand, is
//! settled at the beginning.
//!
//! Not every file system can make a folder durable, or knows who may read. There a file is as durable
//! and as private as can be, and [`left_out()`] says what is missing.
//!
//! Needs the feature `download`.

mod left_out;
mod name;
mod place;
mod rename;

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use self::place::Old;

pub use self::left_out::{LeftOut, left_out};
pub(crate) use self::left_out::{Step, note, unless_unsupported};
pub(crate) use self::name::{check_names_a_file, no_name};
pub(crate) use self::place::{check_is_at, is_at, mode_of_new, permissions_of};
pub(crate) use self::rename::{persist, rename};

/// With what the name of a file begins that has not come whole.
pub(crate) const HIDDEN: &str = ".threadproof-";

/// A file being written that takes its place at `path` only when it is [committed](Self::commit).
///
/// Needs the feature `download`.
///
/// # Examples
/// ```
/// use std::io::Write;
/// use threadproof::AtomicFile;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("a.txt");
/// let mut file = AtomicFile::create(&path)?;
/// file.write_all(b"whole")?;
/// assert!(!path.exists());
/// file.commit()?;
/// assert_eq!(std::fs::read(&path)?, b"whole");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
#[doc(alias = "os.replace")]
pub struct AtomicFile {
    temporary: NamedTempFile,
    /// Absolute: the program may change its folder before the commit.
    path: PathBuf,
    /// The file that was there at the beginning.
    before: Option<Old>,
}

impl AtomicFile {
    /// Opens a temporary file in the folder of `path`, with the permissions of any new file.
    ///
    /// If a file is there already, the temporary one is its owner's alone (0600) until the commit, which
    /// passes on the permissions that the old file has by then, on Linux its
    /// [access list](https://man7.org/linux/man-pages/man5/acl.5.html) too, and its owner and group if this
    /// program may give files away. A symbolic link to a file or to nothing is replaced; what it leads to
    /// is not touched. A relative path is one from the folder that the program is in now, wherever it
    /// is at the commit.
    ///
    /// On Windows a new file has its folder's access list, whatever the old one had; on macOS none.
    ///
    /// # Errors
    /// The folder does not exist or cannot be written to; the path has no file name, or names a folder, a
    /// device, a pipe or a socket, which no file is to take the place of. On Windows also a read-only file, and
    /// a [name](https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file) that the system keeps for
    /// itself, such as `con` or `a:b`. The error's text names the folder or the path.
    pub fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        check_names_a_file(path)?;
        let path = std::path::absolute(path)?;
        let before = permissions_of(&path)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(HIDDEN);
        #[cfg(unix)]
        {
            use std::fs::Permissions;
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(Permissions::from_mode(mode_of_new(&before)));
        }
        let temporary = builder.tempfile_in(folder_of(&path));
        let temporary = temporary.map_err(|error| not_made(&path, &error))?;
        Ok(Self {
            temporary,
            path,
            before,
        })
    }

    /// Makes the file durable and puts it at its path, over whatever was there.
    ///
    /// What the file system does not know how to do is left out, and [`left_out()`] tells it: to make
    /// something durable; to say who may read it, as long as the new file is open to no more than the
    /// old one.
    ///
    /// # Blocking
    /// Until the disk has it. Windows refuses to take the place of a file that a scanner, say, has open: there
    /// that is tried again for two seconds.
    ///
    /// # Errors
    /// Those of fsync and rename, and of `create` if what is no file came to the path meanwhile; or
    /// somebody has removed or replaced the temporary file. The path then holds what it held before, and
    /// the temporary file is gone. Only the last step, the folder's
    /// own fsync, can fail with the new file in place, because of the disk.
    pub fn commit(self) -> io::Result<()> {
        let (file, temporary) = self.temporary.into_parts();
        let rename = |temporary| persist(temporary, &self.path);
        put_in_place(&file, temporary, &self.path, self.before, rename)
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Not through `temporary`, whose errors name a path that the user has never heard of.
        self.temporary.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.temporary.as_file_mut().flush()
    }
}

/// The error of a file that cannot be made beside `path`: `tempfile`'s own names one that nobody has heard of.
fn not_made(path: &Path, error: &io::Error) -> io::Error {
    let (text, folder) = (error.to_string(), folder_of(path));
    let text = text
        .rsplit_once(" at path ")
        .map_or(&*text, |(text, _)| text);
    let why = match error.kind() {
        io::ErrorKind::NotFound
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::PermissionDenied
        | io::ErrorKind::ReadOnlyFilesystem => {
            format!("the folder {}: {text}", folder.display())
        }
        _ => format!("{}: {text}", path.display()),
    };
    io::Error::new(error.kind(), why)
}

/// Renames a complete file, open as `file`, from where it is now to `path`, so that neither a look nor a
/// power cut can see half of it.
// ANCHOR: put_in_place
pub(crate) fn put_in_place<P: AsRef<Path>>(
    file: &File,
    now_at: P,
    path: &Path,
    before: Option<Old>,
    rename: impl FnOnce(P) -> io::Result<()>,
) -> io::Result<()> {
    let folder = folder_of(path);
    // A file that is replaced keeps who may read and write it.
    if let Some(old) = permissions_of(path)?.or(before) {
        old.pass_on(file, folder)?;
    }
    // Before the rename: else a power cut could leave the new name with no bytes behind it.
    unless_unsupported(file.sync_all(), Step::Durable, folder)?;
    let opened = open_folder(folder)?;
    // The name may have become another file's while this one was written.
    check_is_at(file, now_at.as_ref())?;
    rename(now_at)?;
    sync_folder(opened, folder)
}
// ANCHOR_END: put_in_place

/// Makes a change in the folder of `path` durable.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = folder_of(path);
    sync_folder(open_folder(folder)?, folder)
}

fn sync_folder(opened: Option<File>, folder: &Path) -> io::Result<()> {
    opened.map_or(Ok(()), |opened| {
        unless_unsupported(opened.sync_all(), Step::Durable, folder)
    })
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// The folder, to make the rename itself durable. Only Unix can open one, and not one that may be
/// written to but not read: such a rename is made durable when the system sees fit.
fn open_folder(folder: &Path) -> io::Result<Option<File>> {
    match File::open(folder) {
        _ if !cfg!(unix) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            left_out::note(Step::Durable, folder, &error);
            Ok(None)
        }
        opened => opened.map(Some),
    }
}
