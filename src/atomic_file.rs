//! A file that appears whole or not at all.
//!
//! ```text
//!   create ──▶ temporary file in the same folder ── commit: fsync, rename, fsync the folder ──▶ path
//!                    └── drop: removed, `path` was never touched
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
//! Needs the feature `download`.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

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
    /// Those of the file that was there at the beginning.
    before: Option<Permissions>,
}

impl AtomicFile {
    /// Opens a temporary file in the folder of `path`, with the permissions of any new file.
    ///
    /// If a file is there already, the temporary one is its owner's alone (0600) until the commit, which
    /// passes on the permissions that the old file has by then. A symbolic link at `path` is replaced as
    /// well; what it leads to is not touched. A relative path is one from the folder that the program
    /// is in now, wherever it is at the commit.
    ///
    /// # Errors
    /// The folder does not exist or cannot be written to; the path has no file name. The error's
    /// text names the folder.
    pub fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        if path.file_name().is_none() {
            return Err(no_name(path));
        }
        let path = std::path::absolute(path)?;
        let before = permissions_of(&path)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".threadproof-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(Permissions::from_mode(mode_of_new(&before)));
        }
        let temporary = builder.tempfile_in(folder_of(&path))?;
        Ok(Self {
            temporary,
            path,
            before,
        })
    }

    /// Makes the file durable and puts it at its path, over whatever was there.
    ///
    /// # Errors
    /// Those of fsync and rename; the path then holds what it held before, and the temporary file
    /// is gone. Only the last step, the folder's own fsync, can fail with the new file in place.
    pub fn commit(self) -> io::Result<()> {
        let (file, temporary) = self.temporary.into_parts();
        let rename = || Ok(temporary.persist(&self.path)?);
        put_in_place(&file, &self.path, self.before, rename)
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.temporary.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.temporary.flush()
    }
}

/// Renames a complete file to `path`, so that neither a look nor a power cut can see half of it.
// ANCHOR: put_in_place
pub(crate) fn put_in_place(
    file: &File,
    path: &Path,
    before: Option<Permissions>,
    rename: impl FnOnce() -> io::Result<()>,
) -> io::Result<()> {
    // A file that is replaced keeps who may read and write it.
    if let Some(permissions) = permissions_of(path)?.or(before) {
        file.set_permissions(permissions)?;
    }
    // Before the rename: else a power cut could leave the new name with no bytes behind it.
    file.sync_all()?;
    let folder = open_folder(folder_of(path))?;
    rename()?;
    folder.map_or(Ok(()), |folder| folder.sync_all())
}
// ANCHOR_END: put_in_place

/// What a new file at `path` is to keep of an old one; what is no file has nothing to keep.
#[cfg(unix)]
pub(crate) fn permissions_of(path: &Path) -> io::Result<Option<Permissions>> {
    use std::os::unix::fs::PermissionsExt;
    match std::fs::symlink_metadata(path) {
        // Not the bits above: new contents must not run in somebody else's name.
        Ok(old) if old.is_file() => {
            let mode = old.permissions().mode() & 0o777;
            Ok(Some(Permissions::from_mode(mode)))
        }
        Ok(_) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(at(path, &error)),
    }
}

#[cfg(not(unix))]
pub(crate) fn permissions_of(_: &Path) -> io::Result<Option<Permissions>> {
    Ok(None)
}

/// With which bits contents are begun that are to replace a file with the permissions `before`.
pub(crate) fn mode_of_new(before: &Option<Permissions>) -> u32 {
    match before {
        Some(_) => 0o600,
        // What `File::create` asks for; the process's umask takes its part away.
        None => 0o666,
    }
}

/// Makes a change in the folder of `path` durable.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    open_folder(folder_of(path))?.map_or(Ok(()), |folder| folder.sync_all())
}

pub(crate) fn no_name(path: &Path) -> io::Error {
    let why = format!("{} names no file", path.display());
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

#[cfg(unix)]
fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
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
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(None),
        opened => opened.map(Some),
    }
}
