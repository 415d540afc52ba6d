//! What stands at the path of a new file: a file, whose privacy is passed on; nothing; or what no file
//! is to take the place of.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::path::Path;

#[cfg(unix)]
use super::left_out::is_unsupported;
use crate::identity;

/// What a new file keeps of the old one.
#[derive(Clone, Debug)]
pub(crate) struct Old {
    /// Who may read and write it, and run it.
    #[cfg(unix)]
    mode: u32,
    #[cfg(unix)]
    owner: u32,
    #[cfg(unix)]
    group: u32,
    /// If it has one: then the bits of the group are a bound for all whom it names.
    #[cfg(unix)]
    access_list: Option<AccessList>,
}

/// What a new file at `path` is to keep of an old one; a link has nothing to keep.
///
/// # Errors
/// What is there is no file, and not to be replaced by one.
pub(crate) fn permissions_of(path: &Path) -> io::Result<Option<Old>> {
    let old = match fs::symlink_metadata(path) {
        Ok(old) => old,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(at(path, &error)),
    };
    if old.is_symlink() {
        // One that leads nowhere, or in a circle, is no more than a name.
        fs::metadata(path).map_or(Ok(()), |leads_to| refuse(&leads_to, path))?;
        return Ok(None);
    }
    refuse(&old, path)?;
    Old::of(path, &old)
}

/// An error for what a rename would destroy, or fail at after all the work.
fn refuse(found: &Metadata, path: &Path) -> io::Result<()> {
    if found.is_file() {
        return refuse_read_only(found, path);
    }
    let kind = match found.is_dir() {
        true => ErrorKind::IsADirectory,
        false => ErrorKind::InvalidInput,
    };
    let (path, is) = (path.display(), name_of(found));
    let why = format!("{path}: it is {is}, which no file takes the place of; name another path");
    Err(io::Error::new(kind, why))
}

/// Unix asks the folder who may replace a file in it, Windows the file.
fn refuse_read_only(found: &Metadata, path: &Path) -> io::Result<()> {
    if !cfg!(windows) || !found.permissions().readonly() {
        return Ok(());
    }
    let why = format!(
        "{}: it is read-only, and stays so; allow writing, or name another path",
        path.display()
    );
    Err(io::Error::new(ErrorKind::PermissionDenied, why))
}

fn name_of(found: &Metadata) -> &'static str {
    if found.is_dir() {
        return "a folder";
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let is = found.file_type();
        if is.is_fifo() {
            return "a pipe";
        }
        if is.is_socket() {
            return "a socket";
        }
        if is.is_char_device() || is.is_block_device() {
            return "a device";
        }
    }
    "no file"
}

/// An error unless the open `file` is the one at `path`: others may have removed or replaced it there,
/// and a rename goes by the name.
pub(crate) fn check_is_at(file: &File, path: &Path) -> io::Result<()> {
    if is_at(file, path)? {
        return Ok(());
    }
    let why = format!("{} was removed or replaced meanwhile", path.display());
    Err(io::Error::new(ErrorKind::NotFound, why))
}

/// Whether the open `file` is the one at `path`.
pub(crate) fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    match identity::at(path) {
        Ok(found) => Ok(found.identity == identity::of(file)?.identity),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// With which bits contents are begun that are to replace a file.
pub(crate) fn mode_of_new(old: &Option<Old>) -> u32 {
    match old {
        Some(_) => 0o600,
        // What `File::create` asks for; the process's umask takes its part away.
        None => 0o666,
    }
}

#[cfg(unix)]
impl Old {
    fn of(path: &Path, old: &Metadata) -> io::Result<Option<Self>> {
        use std::os::unix::fs::MetadataExt;
        Ok(Some(Self {
            // Not the bits above: new contents must not run in somebody else's name.
            mode: old.mode() & 0o777,
            owner: old.uid(),
            group: old.gid(),
            access_list: AccessList::of(path)?,
        }))
    }

    /// Makes `file` as private as the old one, and whose that was, as far as the system lets us.
    pub(super) fn pass_on(self, file: &File, folder: &Path) -> io::Result<()> {
        use std::fs::Permissions;
        use std::os::unix::fs::{MetadataExt, PermissionsExt};

        use super::left_out::{Step, note};

        let new = file.metadata()?;
        let (mut mode, mut access_list) = (self.mode, self.access_list.as_ref());
        if let Err(error) = self.give_away(file, &new) {
            note(Step::Owner, folder, &error);
            // The new group is another one: to it the file is what it is to everybody.
            if file.metadata()?.gid() != self.group {
                mode &= 0o707 | (mode & 0o007) << 3;
                access_list = None;
            }
        }
        let set = |mode| file.set_permissions(Permissions::from_mode(mode));
        // The bits of others last: without its list the file would be open to whom that shuts out.
        let set_all = set(mode & 0o700)
            .and_then(|()| AccessList::put(access_list, file))
            .and_then(|()| set(mode));
        let Err(error) = set_all else {
            return Ok(());
        };
        let may_not = is_unsupported(&error) || error.kind() == ErrorKind::PermissionDenied;
        let is_more_open = file.metadata()?.mode() & 0o777 & !mode != 0;
        if !may_not || is_more_open {
            return Err(error);
        }
        note(Step::Permissions, folder, &error);
        Ok(())
    }

    fn give_away(&self, file: &File, new: &Metadata) -> io::Result<()> {
        use std::os::unix::fs::{MetadataExt, fchown};
        if new.gid() != self.group {
            // First, and alone: it is allowed to more than to give away the file itself.
            fchown(file, None, Some(self.group))?;
        }
        if new.uid() != self.owner {
            fchown(file, Some(self.owner), None)?;
        }
        Ok(())
    }
}

/// Whom a file names besides its owner and its group, as the system writes it down
/// ([acl(5)](https://man7.org/linux/man-pages/man5/acl.5.html)).
#[cfg(target_os = "linux")]
#[derive(Clone, Debug)]
struct AccessList(Vec<u8>);

#[cfg(target_os = "linux")]
impl AccessList {
    const NAME: &str = "system.posix_acl_access";
    /// No attribute is longer.
    const LONGEST: usize = 64 * 1024;

    fn of(path: &Path) -> io::Result<Option<Self>> {
        use rustix::buffer::spare_capacity;
        let mut list = Vec::with_capacity(Self::LONGEST);
        match rustix::fs::lgetxattr(path, Self::NAME, spare_capacity(&mut list)) {
            Ok(_) => Ok(Some(Self(list))),
            Err(error) => Self::unless_none(error).map(|()| None),
        }
    }

    /// A new file may have got another one from its folder.
    fn put(list: Option<&Self>, file: &File) -> io::Result<()> {
        use rustix::fs::{XattrFlags, fremovexattr, fsetxattr};
        match list {
            Some(list) => Ok(fsetxattr(file, Self::NAME, &list.0, XattrFlags::empty())?),
            None => fremovexattr(file, Self::NAME).or_else(Self::unless_none),
        }
    }

    /// Where it may not even be asked for, as in some sandboxes, there is none either.
    fn unless_none(error: rustix::io::Errno) -> io::Result<()> {
        let is_none = error == rustix::io::Errno::NODATA;
        let error = io::Error::from(error);
        let may_not = is_unsupported(&error) || error.kind() == ErrorKind::PermissionDenied;
        if is_none || may_not {
            Ok(())
        } else {
            Err(error)
        }
    }
}

/// Nobody reads it here.
#[cfg(all(unix, not(target_os = "linux")))]
#[derive(Clone, Debug)]
enum AccessList {}

#[cfg(all(unix, not(target_os = "linux")))]
impl AccessList {
    fn of(_: &Path) -> io::Result<Option<Self>> {
        Ok(None)
    }

    fn put(_: Option<&Self>, _: &File) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(not(unix))]
impl Old {
    fn of(_: &Path, _: &Metadata) -> io::Result<Option<Self>> {
        Ok(None)
    }

    pub(super) fn pass_on(self, _: &File, _: &Path) -> io::Result<()> {
        Ok(())
    }
}
