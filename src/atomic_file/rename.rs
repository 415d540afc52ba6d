//! A file gets its name, which another file may have.
//!
//! ```text
//!   rename ──▶ done
//!     ▲  └── refused, on Windows: somebody has the other file open, or renames to its name, too
//!     └────── a nap, for two seconds at most ──▶ the error
//! ```
//!
//! Windows refuses then, though a moment later it would not: a virus scanner reads each new file, an
//! indexer each changed one. Go's own tools try again for as long:
//! <https://github.com/golang/go/blob/master/src/cmd/internal/robustio/robustio_flaky.go>.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempPath;

/// How long a rename is tried that Windows refuses.
const PATIENCE: Duration = Duration::from_secs(2);
const FIRST_NAP: Duration = Duration::from_millis(1);
const LONGEST_NAP: Duration = Duration::from_millis(50);

/// Puts what stands at `from` to `to`, over what may be there.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    let (start, mut nap) = (Instant::now(), FIRST_NAP);
    loop {
        match fs::rename(from, to) {
            Err(error) if may_pass(&error) && start.elapsed() < PATIENCE => thread::sleep(nap),
            done => return done,
        }
        nap = LONGEST_NAP.min(2 * nap);
    }
}

/// The same with a temporary file, of which nothing is left if that fails. Not by `TempPath::persist`, which
/// on Windows never takes the place of a file that is open.
pub(crate) fn persist(temporary: TempPath, to: &Path) -> io::Result<()> {
    let from = temporary.keep()?;
    rename(&from, to).inspect_err(|_| drop(fs::remove_file(&from)))
}

/// Elsewhere who may not rename now may not in a moment either.
fn may_pass(error: &io::Error) -> bool {
    const ERROR_SHARING_VIOLATION: i32 = 32;
    let is_shared = error.raw_os_error() == Some(ERROR_SHARING_VIOLATION);
    cfg!(windows) && (error.kind() == ErrorKind::PermissionDenied || is_shared)
}
