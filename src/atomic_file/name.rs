//! Which paths can be a file's: what ends like a folder's name is none, and Windows has names for itself.
//!
//! ```text
//!   a.txt ──▶ a file        a/   a/.   ..   ""  ──▶ no file
//!                           con.txt   a.   a:b  ──▶ no file of Windows
//! ```

use std::io::{self, ErrorKind};
use std::path::{Path, is_separator};

/// The names of devices; those that end with a number are ports.
/// <https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file>
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];
const PORTS: [&str; 2] = ["com", "lpt"];
const NUMBERS: [&str; 13] = [
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³",
];

/// An error for a path that names no file.
pub(crate) fn check_names_a_file(path: &Path) -> io::Result<()> {
    let text = path.as_os_str().as_encoded_bytes();
    let text = text.strip_suffix(b".").unwrap_or(text);
    let ends_a_folder = text.last().is_some_and(|last| is_separator((*last).into()));
    match path.file_name() {
        Some(name) if !ends_a_folder => {
            if cfg!(windows) && windows_keeps(&name.to_string_lossy()) {
                let why = format!("{}: on Windows no file has such a name", path.display());
                return Err(io::Error::new(ErrorKind::InvalidInput, why));
            }
            Ok(())
        }
        _ => Err(no_name(path)),
    }
}

pub(crate) fn no_name(path: &Path) -> io::Error {
    let why = format!("{}: it names no file", path.display());
    io::Error::new(ErrorKind::InvalidInput, why)
}

/// Such a name would be refused after all the work, or lead elsewhere: to a device, to a stream inside
/// another file, to the name without its last dots.
fn windows_keeps(name: &str) -> bool {
    let means_more = |letter: char| letter.is_ascii_control() || r#"<>:"|?*"#.contains(letter);
    let stem = name.split('.').next().unwrap_or_default();
    let stem = stem.trim_end().to_lowercase();
    let is_numbered = |port: &&str| {
        let number = stem.strip_prefix(*port);
        number.is_some_and(|number| NUMBERS.contains(&number))
    };
    name.ends_with(['.', ' '])
        || name.contains(means_more)
        || DEVICES.contains(&&*stem)
        || PORTS.iter().any(is_numbered)
}
